"""The catalog file: opened, refused, migrated, shared among threads."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.migrations import load_migrations, statements
from gosync.catalog.modules import Module
from gosync.catalog.opening import APPLICATION_ID
from gosync.catalog.versions import State, Want
from gosync.errors import CatalogError, NoSpaceError, SchemaVersionError
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.sqlite"


def _raw(path, sql):
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_a_new_catalog_has_the_whole_schema_and_its_settings(path):
    with Catalog.open(path, create=True) as catalog:
        catalog.check()
        assert _raw(path, "PRAGMA user_version") == [(load_migrations()[-1].number,)]
        assert _raw(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
        assert _raw(path, "PRAGMA journal_mode") == [("wal",)]
        tables = _raw(
            path,
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table'"
            " AND name <> 'sqlite_sequence'",  # SQLite's own
        )
        for name, sql in tables:
            assert sql.endswith("STRICT"), name
    assert len(tables) >= 10


def test_opening_again_keeps_everything_and_writes_nothing(path):
    with Catalog.open(path, create=True) as catalog:
        catalog.modules.track([Module("m")])
    before = path.read_bytes()
    with Catalog.open(path, create=False) as catalog:
        assert catalog.modules.get("m") == Module("m")
    assert path.read_bytes() == before


@pytest.mark.parametrize("readonly", [False, True])
def test_a_catalog_that_is_not_there_is_not_made_unasked(path, readonly):
    with pytest.raises(CatalogError, match="no catalog"):
        Catalog.open(path, create=readonly, readonly=readonly)
    assert not path.exists()


def test_a_catalog_of_a_newer_gosync_is_refused_untouched(path):
    Catalog.open(path, create=True).close()
    _raw(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(SchemaVersionError, match="schema 99 is newer") as caught:
            Catalog.open(path, create=True, readonly=readonly)
        assert caught.value.exit_code == 7
    assert path.read_bytes() == before


def test_another_program_s_database_is_refused_untouched(path):
    _raw(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(CatalogError, match="not a catalog"):
        Catalog.open(path, create=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"not a database at all" * 500, b"SQLite format 3"])
def test_a_damaged_file_names_the_way_out(path, damage):
    path.write_bytes(damage)
    with pytest.raises(CatalogError) as caught:
        Catalog.open(path, create=True)
    assert "catalog rebuild" in str(caught.value.hint)


def test_damage_inside_is_found_by_check(path):
    with Catalog.open(path, create=True) as catalog:
        catalog.versions.want(Want("example.com/m", f"v1.{n}.0") for n in range(2000))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(data)
    with (
        pytest.raises(CatalogError),
        Catalog.open(path, create=False, readonly=True) as catalog,
    ):
        catalog.check()


def test_an_older_schema_is_brought_up_but_not_read_only(path):
    path.touch()  # a catalog of schema 0
    with pytest.raises(CatalogError, match="older"):
        Catalog.open(path, create=False, readonly=True)
    with Catalog.open(path, create=False) as catalog:
        assert catalog.versions.last_change() == 0


def test_a_reader_sees_what_is_committed_while_another_writes(path):
    with (
        Catalog.open(path, create=True) as writer,
        Catalog.open(path, create=False, readonly=True) as reader,
    ):
        writer.versions.want([Want("m", "v1.0.0")])
        with writer.transaction():
            writer.versions.want([Want("m", "v1.1.0")])
            assert reader.versions.known("m") == {"v1.0.0"}
        assert reader.versions.known("m") == {"v1.0.0", "v1.1.0"}
        with pytest.raises(CatalogError, match="readonly"):
            reader.versions.want([Want("m", "v1.2.0")])


def test_a_catalog_on_a_read_only_medium_can_be_read(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("a read-only mount needs root")
    try:
        path = folder / "catalog.sqlite"
        with Catalog.open(path, create=True) as catalog:
            catalog.versions.want([Want("m", "v1.0.0")])
        remount = ["mount", "-o", "remount,ro", str(folder)]
        subprocess.run(remount, check=True)
        with Catalog.open(path, create=False, readonly=True) as catalog:
            assert catalog.versions.known("m") == {"v1.0.0"}
        with pytest.raises(CatalogError) as caught:
            Catalog.open(path, create=True).versions.want([Want("m", "v2.0.0")])
        assert caught.value.exit_code == 7
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_no_space_and_loses_nothing(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        with Catalog.open(folder / "catalog.sqlite", create=True) as catalog:
            catalog.versions.want([Want("m", "v1.0.0")])
            with pytest.raises(NoSpaceError) as caught:
                catalog.versions.want(Want("m", f"v2.{n}.0") for n in range(50_000))
            assert caught.value.exit_code == 15
            assert catalog.versions.known("m") == {"v1.0.0"}
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _write_and_fail(catalog):
    with catalog.transaction():
        catalog.versions.want([Want("m", "v1.0.0")])
        with catalog.transaction():
            catalog.modules.track([Module("m")])
        raise KeyError


def test_a_transaction_is_all_or_nothing_and_nests(path):
    with Catalog.open(path, create=True) as catalog:
        with pytest.raises(KeyError):
            _write_and_fail(catalog)
        assert catalog.versions.known("m") == set()
        assert catalog.modules.all() == []
        with catalog.transaction():
            catalog.versions.want([Want("m", "v1.0.0")])
        assert catalog.versions.known("m") == {"v1.0.0"}


def test_many_threads_share_one_catalog(path):
    with Catalog.open(path, create=True) as catalog:

        def work(n):
            with catalog.transaction():
                catalog.versions.want([Want(f"m{n % 7}", f"v1.{n}.0")])
                catalog.versions.mark(
                    ModuleVersion(f"m{n % 7}", f"v1.{n}.0"), State.GONE
                )
            return len(catalog.versions.of(f"m{n % 7}"))

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(work, range(200)))
        assert catalog.versions.counts()[State.GONE] == 200


def test_a_copy_can_be_made_while_it_is_open(path, tmp_path):
    with Catalog.open(path, create=True) as catalog:
        catalog.versions.want([Want("m", "v1.0.0")])
        catalog.back_up(tmp_path / "copy.sqlite")
    with Catalog.open(tmp_path / "copy.sqlite", create=False) as copy:
        assert copy.versions.known("m") == {"v1.0.0"}


def test_a_step_that_fails_leaves_the_schema_as_it_was(path, tmp_path, monkeypatch):
    Catalog.open(path, create=True).close()
    folder = tmp_path / "schema"
    folder.mkdir()
    for step in load_migrations():
        (folder / step.file.name).write_text(step.sql)
    bad = "CREATE TABLE extra (x TEXT) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
    newest = load_migrations()[-1].number
    (folder / f"{newest + 1:04d}_bad.sql").write_text(bad)
    monkeypatch.setattr("gosync.catalog.migrations._PLACES", (folder,))
    with pytest.raises(CatalogError, match="nowhere"):
        Catalog.open(path, create=False)
    assert _raw(path, "SELECT 1 FROM sqlite_schema WHERE name = 'extra'") == []
    good = folder / f"{newest + 1:04d}_bad.sql"
    good.write_text("CREATE TABLE extra (x TEXT) STRICT;")
    Catalog.open(path, create=False).close()
    assert _raw(path, "PRAGMA user_version") == [(newest + 1,)]
    assert _raw(path, "SELECT count(*) FROM extra") == [(0,)]


def test_a_gap_in_the_schema_s_numbers_is_noticed(tmp_path):
    (tmp_path / "0001_a.sql").write_text("SELECT 1;")
    (tmp_path / "0003_b.sql").write_text("SELECT 1;")
    with pytest.raises(CatalogError, match="gap"):
        load_migrations(tmp_path)
    with pytest.raises(CatalogError, match="missing"):
        load_migrations(tmp_path / "nowhere")


def test_a_wheel_s_copy_of_the_schema_is_found_first(tmp_path, monkeypatch):
    shutil.copy("schema/0016_first_release.sql", tmp_path / "0016_first_release.sql")
    places = (tmp_path, tmp_path / "nowhere")
    monkeypatch.setattr("gosync.catalog.migrations._PLACES", places)
    assert [step.number for step in load_migrations()] == [16]


def test_a_script_is_split_into_statements_with_triggers_whole():
    script = """-- a comment; with a semicolon
CREATE TABLE t (x TEXT);
CREATE TRIGGER g BEFORE UPDATE ON t BEGIN
    SELECT 1;
    SELECT 2;
END;
INSERT INTO t VALUES (';
');
-- the end
"""
    found = list(statements(script))
    assert len(found) == 3
    assert found[1].endswith("END;")
    with pytest.raises(CatalogError, match="no end"):
        list(statements("CREATE TABLE t (x TEXT"))
