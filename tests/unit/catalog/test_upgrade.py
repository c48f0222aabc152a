"""Catalogs of checkouts before the first release: opened, nothing lost, at any kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gosync.catalog.connection import Connection
from gosync.catalog.db import Catalog
from gosync.catalog.migrations import load_migrations
from gosync.errors import CatalogError
from tests.tiers import spread

FOLDER = Path("tests/testdata/schema")
STEPS = sorted(FOLDER.glob("*.sql"))
ROWS = json.loads((FOLDER / "rows.json").read_text())
FIRST_RELEASE = Path("schema/0016_first_release.sql")
NEWEST = load_migrations()[-1].number


def make(path: Path, schema: int) -> None:
    """Make a catalog of an older schema, with rows in each of its tables."""
    with closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        for step in STEPS[:schema]:
            old.executescript(step.read_text())
        for table, rows in ROWS.items():
            columns = old.execute(f"PRAGMA table_info({table})").fetchall()
            for row in rows:
                known = {
                    name: row[name].encode() if kind == "BLOB" else row[name]
                    for _, name, kind, *_ in columns
                    if name in row
                }
                if known:
                    marks = ", ".join(f":{name}" for name in known)
                    old.execute(
                        f"REPLACE INTO {table} ({', '.join(known)}) VALUES ({marks})",
                        known,
                    )
        old.execute(f"PRAGMA user_version = {schema}")
        old.commit()


def tables(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return all rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute(
            "SELECT name FROM sqlite_schema"
            " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
            for (name,) in names
        }


def shape(path: Path) -> dict[str, object]:
    """Return what a schema is, whatever order it was made in."""
    found: dict[str, object] = {}
    with closing(sqlite3.connect(path)) as connection:
        objects = connection.execute(
            "SELECT name, type, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for name, kind, sql in objects:
            if kind == "table":
                found[name] = [
                    connection.execute(f"PRAGMA {pragma}({name})").fetchall()
                    for pragma in ("table_xinfo", "foreign_key_list", "table_list")
                ]
            else:
                found[name] = re.sub(r"\s+", " ", sql)
    return found


def user_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)


def check_whole(path: Path, before: dict[str, list[dict[str, object]]]) -> None:
    """Check that a catalog has every row that it had, in the released schema."""
    assert user_version(path) == NEWEST
    after = tables(path)
    after["bundle_holds"] = list(holds(path))
    for table, rows in before.items():
        got = [{name: row[name] for name in rows[0]} for row in after[table]]
        assert sorted(map(str, got)) == sorted(map(str, rows)), table


def holds(path: Path) -> Iterator[dict[str, object]]:
    """Yield what sets of versions say, as the rows that they were made of."""
    with Catalog.open(path, create=False, readonly=True) as catalog:
        for row in catalog.bundles.all():
            for mv, need in catalog.bundles.holds(row).items():
                key = {"target": row.target, "sequence": row.sequence}
                yield {
                    **key,
                    "path": mv.path,
                    "version": mv.version,
                    "need": need.value,
                }


def test_the_released_schema_is_what_all_steps_before_it_led_to(tmp_path) -> None:
    make(tmp_path / "old.sqlite", len(STEPS))
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as new:
        new.executescript(FIRST_RELEASE.read_text())
    assert shape(tmp_path / "old.sqlite") == shape(tmp_path / "new.sqlite")


@pytest.mark.parametrize("schema", range(len(STEPS) + 1))
def test_a_catalog_of_any_schema_opens_and_has_lost_nothing(tmp_path, schema) -> None:
    path = tmp_path / "catalog.sqlite"
    make(path, schema)
    before = {table: rows for table, rows in tables(path).items() if rows}
    assert schema == 0 or before
    with pytest.raises(CatalogError, match="older"):
        Catalog.open(path, create=False, readonly=True)
    assert user_version(path) == schema
    with Catalog.open(path, create=False) as catalog:
        catalog.check()
        gave_up = catalog.tombstones.of("a.example/given-up") if schema else {}
    check_whole(path, before)
    assert schema == 0 or gave_up == {"v1.0.0": ""}
    Catalog.open(tmp_path / "new.sqlite", create=True).close()
    assert shape(path) == shape(tmp_path / "new.sqlite")
    with Catalog.open(path, create=False, readonly=True) as catalog:
        catalog.check()


@pytest.mark.sampled
def test_a_kill_between_any_two_statements_leaves_the_old_catalog(
    tmp_path, monkeypatch
) -> None:
    path, write = tmp_path / "catalog.sqlite", Connection.write
    make(path, 12)
    before = {table: rows for table, rows in tables(path).items() if rows}
    written: list[str] = []
    dies_at = 0

    def counting(self, sql, parameters=()):
        written.append(sql)
        if len(written) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, sql, parameters)

    monkeypatch.setattr(Connection, "write", counting)
    copy = tmp_path / "copy.sqlite"
    shutil.copy(path, copy)
    Catalog.open(copy, create=False).close()
    # Each later step is a transaction of its own.
    steps = written.index(f"PRAGMA user_version = {load_migrations()[0].number}") + 1
    assert steps > 100
    for dies_at in spread(range(1, steps + 1), 12):
        written.clear()
        child = os.fork()
        if not child:
            Catalog.open(path, create=False).close()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), dies_at
        assert user_version(path) == 12, dies_at
    dies_at = 0
    Catalog.open(path, create=False).close()
    check_whole(path, before)


def test_a_table_that_nobody_knows_is_not_lost_silently(tmp_path) -> None:
    path = tmp_path / "catalog.sqlite"
    make(path, 12)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE extra (x TEXT) STRICT")
    with pytest.raises(CatalogError, match="nobody knows the column x of extra"):
        Catalog.open(path, create=False)
    assert user_version(path) == 12


def test_rows_that_contradict_each_other_are_refused(tmp_path) -> None:
    path = tmp_path / "catalog.sqlite"
    make(path, 12)
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM bundles")
        other.commit()
    with pytest.raises(CatalogError, match="names one of bundles"):
        Catalog.open(path, create=False)
    assert user_version(path) == 12
