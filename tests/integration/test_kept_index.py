"""The whole index in the catalog: each row once, and new patterns answered from it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.index_rows import KeptRow
from gosync.catalog.opening import open_connection
from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.errors import CatalogError, MalformedError
from gosync.gomod import info
from gosync.gomod.patterns import PatternSet
from gosync.sync.indexbatch import MOST_PAGES, IndexBatch
from gosync.sync.keptindex import KEPT, KeptColumns
from gosync.upstream.indexpage import IndexEvent
from tests.integration.site import MISSING, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

START = datetime(2024, 6, 1, tzinfo=UTC)
CHECKOUT = Path(__file__).parents[2]
A, B = "first.example/m", "second.example/n"


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fill(sim: Simulator, rows: int) -> None:
    """File the versions of two modules, and many rows of others after them."""
    for seconds, path in enumerate((A, B)):
        sim.publish(module(path, "v1.0.0"), at=moment(seconds))
    for number in range(rows):
        at = moment(10 + number)
        sim.index_row(f"other.example/m{number % 97}", f"v1.{number}.0", at)


def keeping(folder: Path, sim: Simulator, *patterns: str) -> Site:
    keys = {"keep_index": True, "index": sim.index_url}
    return Site(folder, sim, modules=patterns, upstream=keys)


@contextmanager
def catalog_of(site: Site) -> Iterator[Catalog]:
    with Catalog.open(site.store / "catalog.sqlite", create=False) as catalog:
        yield catalog


def kept(site: Site) -> list[KeptRow]:
    with catalog_of(site) as catalog:
        return all_rows(catalog)


def all_rows(catalog: Catalog) -> list[KeptRow]:
    pages = catalog.index_rows.rows_of(PatternSet(["*"]).places_in)
    return sorted(row for page in pages for row in page)


def test_a_pattern_that_is_new_is_answered_without_the_network(tmp_path: Path) -> None:
    with Simulator() as sim:
        fill(sim, 4_500)
        site = keeping(tmp_path, sim, "first.example/*")
        site.sync()
        assert site.carried() == {f"{A}@v1.0.0"}
        rows = kept(site)
        assert len(rows) == 4_502
        assert (B, "v1.0.0", "2024-06-01T00:00:01.000000Z") in rows
        cursors = site.run("status").document["index_cursors"]
        assert cursors[KEPT] == cursors["first.example/*"] is not None

        mark = sim.mark()
        site.select(["first.example/*", "second.example/*"])
        site.sync()
        assert site.carried() == {f"{A}@v1.0.0", f"{B}@v1.0.0"}
        asked = sim.paths(RequestKind.INDEX, since=mark)
        assert len(asked) == 1, "the last page alone"
        assert kept(site) == rows
        site.check(sim)


def test_what_comes_later_is_kept_once_and_taken(tmp_path: Path) -> None:
    with Simulator() as sim:
        fill(sim, 20)
        site = keeping(tmp_path, sim, "first.example/*")
        site.sync()
        sim.publish(module(A, "v1.1.0"), at=moment(40))
        site.sync()
        site.sync()
        assert site.carried() == {f"{A}@v1.0.0", f"{A}@v1.1.0"}
        assert len(kept(site)) == 23


def test_rows_are_forgotten_with_the_key_and_with_the_index(tmp_path: Path) -> None:
    with Simulator() as sim, Simulator() as other:
        fill(sim, 20)
        fill(other, 30)
        site = keeping(tmp_path, sim, "first.example/*")
        site.sync()
        site.configure({"index": other.index_url})
        site.sync()
        assert len(kept(site)) == 32
        site.configure({"keep_index": False})
        site.sync()
        assert kept(site) == []
        with catalog_of(site) as catalog:
            assert catalog.cursors.get(other.index_url, KEPT) is None
    keys = {"keep_index": True, "index": ""}
    lacking = Site(tmp_path / "lacking", upstream=keys, modules=["a.example/m"])
    assert "upstream.index" in lacking.run("sync", expect=USAGE).document["message"]


def test_killed_at_a_page_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with Simulator() as sim:
        fill(sim, 9_000)
        site = keeping(tmp_path, sim, "first.example/*")
        command = [sys.executable, "-m", "gosync", "sync", "--quiet"]
        environment = {**os.environ, **site.environment, "PYTHONPATH": str(CHECKOUT)}
        reached = []
        for page in (1, 2, 4):  # at the last one, a page waits for the next
            with subprocess.Popen(command, cwd=site.folder, env=environment) as run:
                seen = 0

                def kill(_: HttpRequest, usual: HttpAnswer) -> HttpAnswer:
                    nonlocal seen
                    seen += 1
                    if seen == page:  # noqa: B023 - the run ends in this turn
                        os.kill(run.pid, signal.SIGKILL)
                    return usual

                sim.fault("/index", kill)
                assert run.wait() == -signal.SIGKILL
            sim.clear()
            with catalog_of(site) as catalog:
                reached.append(catalog.index_rows.count())
        assert reached[0] == 0 < reached[1] == 2_000
        assert reached[1] < reached[2] < 4 * 2_000, "no page that waited is kept"
        site.sync()
        rows = kept(site)
        assert len(rows) == len(set(rows)) == 9_002
        assert site.carried() == {f"{A}@v1.0.0"}


def test_pages_that_waited_are_kept_when_the_reading_fails(tmp_path: Path) -> None:
    pages = 0

    def fail_at_the_fourth(_: HttpRequest, usual: HttpAnswer) -> HttpAnswer:
        nonlocal pages
        pages += 1
        return usual if pages < 4 else HttpAnswer(200, b"<html>sorry</html>")

    with Simulator() as sim:
        fill(sim, 9_000)
        sim.publish(module("second.example/late", "v1.0.0"), at=moment(10 + 5_000.5))
        site = keeping(tmp_path, sim, "second.example/*")
        sim.fault("/index", fail_at_the_fourth)
        site.sync(expect=MISSING)
        rows = kept(site)
        assert len(rows) == len(set(rows)) == 3 * 2_000 - 2, "last rows come again"
        with catalog_of(site) as catalog:
            offered = {path for path, _ in catalog.offers.all_by_path()}
        assert offered == {B, "second.example/late"}, "committed with the third page"


def test_a_crash_takes_back_no_more_than_was_committed() -> None:
    batch, reached = IndexBatch(most_pages=MOST_PAGES), []
    for page in range(1, 200):
        batch.add([], "")
        if batch.is_enough:
            reached.append(page)
            batch = batch.next()
    assert reached[:5] == [1, 2, 4, 8, 16]
    assert {after - at for at, after in pairwise(reached[5:])} == {MOST_PAGES}
    single, seen = IndexBatch(most_pages=1), []
    for _ in range(3):
        seen.append(single.is_enough)
        single.add([], "")
        seen.append(single.is_enough)
        single = single.next()
    assert seen == [False, True] * 3


def test_a_short_last_page_takes_the_cursor_no_further_back() -> None:
    batch = IndexBatch(most_pages=MOST_PAGES)
    full_page, short_page = (f"2024-06-01T00:0{n}:00.000000000Z" for n in (9, 1))
    for overlap in (full_page, short_page, ""):
        batch.add([], overlap)
    assert batch.overlap == full_page


def test_rows_are_the_same_by_one_page_or_by_many(tmp_path: Path) -> None:
    dice = random.Random(1)
    rows = [
        (f"kept.example/m{dice.randrange(3_000)}", f"v1.{number}.0", served(number))
        for number in range(60_000)
    ]
    one = rows[5][0]
    for name, step, packs in (("pages", 5_000, 3), ("all", 60_000, 1)):
        with Catalog.open(tmp_path / f"{name}.sqlite", create=True) as catalog:
            for start in range(0, len(rows), step):
                again = max(0, start - 700)  # a reading begins a little before
                columns = zip(*rows[again : start + step], strict=True)
                catalog.index_rows.begin()
                catalog.index_rows.keep(*map(list, columns))
                assert catalog.index_rows.count() == min(start + step, len(rows))
            assert all_rows(catalog) == sorted(rows)
            meant = PatternSet([one, "not.example/m"])
            found = list(catalog.index_rows.rows_of(meant.places_in))
            assert [*chain(*found)] == [row for row in rows if row[0] == one]
            assert len(found) == packs
            late = f"{served(50_000)[:-1]}.000000000Z"
            newer = catalog.index_rows.rows_of(meant.places_in, since=late)
            assert len(list(newer)) == 1


def served(number: int) -> str:
    """Return a time as indexes serve it."""
    return info.format_time(moment(number / 8))


def test_a_row_of_several_lines_is_refused(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        with pytest.raises(MalformedError, match="more than one line"):
            catalog.index_rows.keep(["a.example/m\nb"], ["v1.0.0"], [served(0)])
        assert catalog.index_rows.count() == 0


def test_a_damaged_pack_is_told_as_damage(tmp_path: Path) -> None:
    connection = open_connection(tmp_path / "c.sqlite", create=True, readonly=False)
    with Catalog(connection) as catalog:
        catalog.index_rows.keep(["a.example/m"], ["v1.0.0"], [served(0)])
        for column in ("paths", "versions"):
            connection.write(f"UPDATE index_packs SET {column} = x'00'")
            with pytest.raises(CatalogError, match="makes no sense"):
                all_rows(catalog)


def test_what_is_older_than_what_is_kept_is_left_out() -> None:
    rows, since = KeptColumns(), "2024-06-01T00:00:01.500000000Z"
    rows.add(
        [
            IndexEvent("a.example/m", f"v1.{number}.0", at)
            for number, at in enumerate(
                (
                    *("2024-06-01T00:00:01.5Z", "2024-06-01T00:00:01.49Z"),
                    *("2024-06-01T00:00:01Z", "2024-06-01T02:00:01.51+02:00"),
                )
            )
        ]
    )
    new = rows.since(since)
    assert new.versions == ["v1.0.0", "v1.3.0"]
    assert new.times == ["2024-06-01T00:00:01.5Z", "2024-06-01T00:00:01.51Z"]
    assert rows.since("2024-06-01T00:00:00.999999999Z") is rows
    assert not KeptColumns().since(since).paths
