"""The whole index in the catalog: each row once, and new patterns answered from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.index_rows import KeptRow
from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.sync.keptindex import KEPT
from tests.integration.site import USAGE, Site
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
        pages = catalog.index_rows.rows_of(lambda _: True, [""])
        return sorted(row for page in pages for row in page)


def test_a_pattern_that_is_new_is_answered_without_the_network(tmp_path: Path) -> None:
    with Simulator() as sim:
        fill(sim, 4_500)
        site = keeping(tmp_path, sim, "first.example/*")
        site.sync()
        assert site.carried() == {f"{A}@v1.0.0"}
        rows = kept(site)
        assert len(rows) == 4_502
        assert (B, "v1.0.0", round(moment(1).timestamp() * 1e6)) in rows
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
        fill(sim, 7_000)
        site = keeping(tmp_path, sim, "first.example/*")
        command = [sys.executable, "-m", "gosync", "sync", "--quiet"]
        environment = {**os.environ, **site.environment, "PYTHONPATH": str(CHECKOUT)}
        reached = []
        for page in (1, 2, 3):
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
        assert reached[0] == 0 < reached[1] < reached[2] < 7_002
        site.sync()
        rows = kept(site)
        assert len(rows) == len(set(rows)) == 7_002
        assert site.carried() == {f"{A}@v1.0.0"}
