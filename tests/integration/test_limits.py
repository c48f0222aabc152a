"""What an upstream may cost: time, memory, rows and bytes kept, whatever it sends."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.cli.passlines import sync_lines
from gosync.clock import SystemClock
from gosync.config.load import load_config
from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.demo.modules import ModuleSource
from gosync.gomod.versionlist import MAX_LISTED
from gosync.ingest.evidence import KEPT_BYTES, KEPT_ZIP_BYTES
from gosync.site.options import IndexBound
from gosync.site.site import open_site
from gosync.sync.engine import PassOptions
from gosync.sync.report import PassReport
from gosync.sync.running import run_pass
from gosync.work.progress import NoProgress
from tests.integration.faulty import GOOD, broken, glob, publish_faulty
from tests.integration.site import MISSING, OK, SECURITY, Site, files_below
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.tiers import spread

pytestmark = pytest.mark.slow

MIB = 1 << 20
SIZE = 12 * MIB
PAREN_MOD = b"module a.b/c\n" + b"(\n" * (SIZE // 2)
MEASURED = (
    sys.executable,
    "-c",
    """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime, file=sys.stderr)
sys.exit(code)""",
)
START = datetime(2024, 1, 1, tzinfo=UTC)


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in files_below(folder))


def rows(site: Site, table: str) -> int:
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
        found: int = catalog.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found


LISTS = {
    "long version": (b"v1.0.0-" + b"a" * SIZE, {"too long": 1}),
    "long number": (b"v1." + b"9" * SIZE + b".0", {"too long": 1}),
    "many long versions": (b"v1.0.0-" + b"a" * 300 + b"\n", {"too long": 40_000}),
    "empty lines": (b"\n" * SIZE, {}),
    "long line": (b"x" * SIZE, {}),
    "many words": (b"v " * (SIZE // 2), {}),
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", spread([*LISTS], 3))
def test_a_list_costs_what_its_usable_versions_do(tmp_path: Path, name: str) -> None:
    line, left_out = LISTS[name]
    body = b"v1.0.0\n" + line * left_out.get("too long", 1) + b"\nv1.1.0\n"
    with Simulator() as sim:
        paths = publish_faulty(sim, ["list.example/m"])
        sim.replace_body("/list.example/m/@v/list", body)
        site = Site(tmp_path, sim, modules=paths)
        result = site.run("sync", expect=OK, prefix=MEASURED)
        assert result.document["list_skipped"] == left_out
        assert site.carried() >= {f"list.example/m@v1.{minor}.0" for minor in (0, 1)}
        site.check(sim)
    memory_kib, seconds = map(float, result.stderr.split())
    assert memory_kib < 250 * 1024
    assert seconds < 15
    assert size_of(site.store) < 4 * MIB
    assert len(site.run("status").stdout) < 10_000


@pytest.mark.long
def test_of_a_list_without_end_the_highest_versions_count(tmp_path: Path) -> None:
    body = b"".join(b"v1.%d.0\n" % number for number in range(200_000))
    path = "list.example/m"
    with Simulator() as sim:
        sim.publish(module(path, "v1.199999.0"))
        sim.replace_body(f"/{path}/@v/list", body)
        site = Site(tmp_path, sim, modules=[path], versions="latest")
        result = site.sync(expect=OK)
        assert result.document["list_skipped"] == {"too many": 200_000 - MAX_LISTED}
        assert site.carried() == {f"{path}@v1.199999.0"}
    assert rows(site, "offers") == MAX_LISTED
    assert rows(site, "versions") == 1


def test_a_go_mod_is_not_read_before_its_h1_is_the_right_one(tmp_path: Path) -> None:
    path = "mod.example/m"
    with Simulator() as sim:
        paths = publish_faulty(sim, [path])
        sim.replace_body(glob(path, "mod"), PAREN_MOD)
        site = Site(tmp_path, sim, modules=paths)
        result = site.run("sync", expect=SECURITY, prefix=MEASURED)
        assert set(result.failed) == {str(broken(path))}
        assert site.carried() >= {f"{path}@v1.1.0", f"{GOOD}@v1.0.0"}
        [evidence] = site.quarantine(str(broken(path)))
    assert len(evidence.files["mod"]) == KEPT_BYTES
    assert evidence.facts["cut"]["mod"]["size_bytes"] == len(PAREN_MOD)
    memory_kib, seconds = map(float, result.stderr.split())
    assert memory_kib < 250 * 1024
    assert seconds < 15
    assert size_of(site.store) < 4 * MIB


def test_a_private_go_mod_that_nobody_could_read_is_refused(tmp_path: Path) -> None:
    path = "mod.example/m"
    with Simulator() as sim:
        sim.publish_private(module(path, "v1.0.0"))
        sim.replace_body(glob(path, "mod"), PAREN_MOD)
        site = Site(tmp_path, sim, modules=[path], private=[path])
        result = site.run("sync", expect=MISSING, prefix=MEASURED)
        assert "lines" in result.failed[str(broken(path))]["reason"]
    memory_kib, seconds = map(float, result.stderr.split())
    assert memory_kib < 250 * 1024
    assert seconds < 15


def test_a_requirement_that_nobody_can_store_makes_no_row(tmp_path: Path) -> None:
    long = b"v1.0.0-" + b"a" * MIB
    path = "mod.example/m"
    with Simulator() as sim:
        sim.publish_private(module(path, "v1.0.0"))
        data = f"module {path}\nrequire other.example/m ".encode() + long + b"\n"
        sim.replace_body(glob(path, "mod"), data)
        site = Site(tmp_path, sim, modules=[path], private=[path])
        site.select([path], deps="build")
        result = site.sync(expect=MISSING)
        assert "longer than" in result.failed[str(broken(path))]["reason"]
    assert rows(site, "versions") == 1


@pytest.mark.long
def test_a_signal_ends_a_pass_that_reads_long_lists(tmp_path: Path) -> None:
    body = b"".join(b"v1.%d.0\n" % number for number in range(1_100_000))
    paths = [f"list.example/m{number}" for number in range(8)]
    with Simulator() as sim:
        sim.replace_body("/list.example/*/@v/list", body)
        site = Site(tmp_path, sim, modules=paths)
        process = site.start("sync")
        try:
            deadline = time.monotonic() + 120
            while len(sim.paths(RequestKind.LIST)) < len(paths):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(1)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - started < 60


# An index that never ends.


def endless(request: HttpRequest, _: HttpAnswer) -> HttpAnswer:
    """Answer with a full page, each event a moment later than the one before."""
    since = request.query.get("since", "2019-01-01T00:00:00Z")
    match = re.fullmatch(r"(.*?)(?:\.(\d+))?Z", since)
    assert match is not None
    first = int((match[2] or "0").ljust(9, "0"))
    lines = (
        json.dumps(
            {
                "Path": "index.example/m",
                "Version": "v1.0.0",
                "Timestamp": f"{match[1]}.{number:09}Z",
            }
        )
        for number in range(first + 1, first + 2001)
    )
    return HttpAnswer(200, "\n".join(lines).encode() + b"\n")


class SlowClock(SystemClock):
    """A clock that goes on a minute each time it is looked at."""

    def __init__(self) -> None:
        self._looks: Iterator[int] = iter(range(0, 1_000_000, 60))

    def monotonic(self) -> float:
        return next(self._looks)


def run_bounded(
    site: Site, bound: IndexBound, clock: SystemClock | None = None
) -> PassReport:
    options = load_config(site.config_file, {}).site_options()
    options = replace(options, index_bound=bound)
    with open_site(options, command="test", clock=clock) as it:
        return anyio.run(run_pass, it, PassOptions(), NoProgress())


def test_an_index_that_never_ends_is_left_after_some_pages(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module("index.example/m", "v1.0.0"), indexed=False)
        sim.publish(module(GOOD, "v1.0.0"), indexed=False)
        sim.fault("/index", endless)
        site = Site(tmp_path, sim, modules=["index.example/*", GOOD], index=True)
        reached = []
        for _ in range(2):
            mark = sim.mark()
            report = run_bounded(site, IndexBound(pages=3))
            assert report.tally.index_unread
            assert report.exit_code == MISSING
            assert report.missing == ()
            assert len(sim.paths(RequestKind.INDEX, since=mark)) <= 4
            reached.append(report.freshness.index_cursor)
        assert reached[0] is not None
        assert reached[0] < str(reached[1])
        assert site.carried() == {"index.example/m@v1.0.0", f"{GOOD}@v1.0.0"}
        sim.clear()
        result = site.sync(expect=OK)
        assert result.document["index_unread"] is False
        site.check(sim)


@pytest.mark.parametrize("other", [None, "2030-01-01T00:00:00.000000000Z"])
def test_a_cursor_that_another_run_moves_stays_and_what_was_read_is_kept(
    tmp_path: Path, other: str | None
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=["index.example/*"], index=True)
        sim.fault("/index", endless)
        run_bounded(site, IndexBound(pages=1))
        sim.clear()
        url, pattern = f"{sim.url}/index", "index.example/*"
        pages: list[HttpRequest] = []

        def answer(request: HttpRequest, usual: HttpAnswer) -> HttpAnswer:
            pages.append(request)
            if len(pages) == 2:
                with Catalog.open(site.store / "catalog.sqlite", create=False) as it:
                    it.cursors._connection.write("DELETE FROM cursors")
                    if other is not None:
                        it.cursors.move(url, {pattern: None}, other)
            return endless(request, usual)

        sim.fault("/index", answer)
        report = run_bounded(site, IndexBound(pages=9))
        with Catalog.open(site.store / "catalog.sqlite", create=False) as catalog:
            assert catalog.cursors.get(url, pattern) == other
        assert report.tally.index_overtaken
        assert report.exit_code == MISSING
        assert report.tally.index_events
        assert len(pages) == 2, "it reads no further"
        lines = list(sync_lines(report))
        assert any("another run moved its cursor" in line for line in lines)


def test_an_index_that_never_ends_is_left_after_some_time(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.fault("/index", endless)
        site = Site(tmp_path, sim, modules=["index.example/*"], index=True)
        report = run_bounded(site, IndexBound(seconds=200), clock=SlowClock())
        assert report.tally.index_unread
        assert 2 <= len(sim.paths(RequestKind.INDEX)) <= 6


def test_index_rows_that_are_too_long_for_any_use_are_no_events(tmp_path: Path) -> None:
    at = START + timedelta(seconds=1)
    lines = {
        "path": {"Path": "index.example/" + "a" * 3000, "Version": "v1.0.0"},
        "element": {"Path": "index.example/" + "a" * 300, "Version": "v1.0.0"},
        "version": {"Path": "index.example/m", "Version": "v1.0.0-" + "a" * 300},
        "both": {
            "Path": "index.example/" + "m" * 150,
            "Version": "v1.0.0-" + "a" * 150,
        },
    }
    with Simulator() as sim:
        for number, line in enumerate(lines.values()):
            stamp = {"Timestamp": f"2024-01-01T00:00:0{number}Z"}
            sim.index_raw(json.dumps({**line, **stamp}).encode(), at)
        time_of_rows = {"Timestamp": "2024-01-01T00:00:00." + "0" * 5000 + "Z"}
        long = {"Path": "index.example/m", "Version": "v1.0.0", **time_of_rows}
        sim.index_raw(json.dumps(long).encode(), at)
        sim.publish(module("index.example/good", "v1.0.0"), at=at)
        site = Site(tmp_path, sim, modules=["index.example/*"], index=True)
        result = site.sync(expect=OK)
        assert sum(result.document["index_skipped"].values()) == len(lines) + 1
    assert rows(site, "offers") == 1


def test_a_commit_of_any_length_is_not_kept_with_its_version(tmp_path: Path) -> None:
    path = "info.example/m"
    said = {"Version": "v1.0.0", "Origin": {"VCS": "git", "Hash": "a" * 500_000}}
    with Simulator() as sim:
        sim.publish(module(path, "v1.0.0"))
        sim.replace_body(glob(path, "info"), json.dumps(said).encode())
        site = Site(tmp_path, sim, modules=[path])
        site.sync(expect=OK)
        assert site.run("show", f"{path}@v1.0.0").document["commit_hash"] is None
        assert len(site.journal()) < 10_000


def test_of_a_large_zip_that_is_none_little_is_kept(tmp_path: Path) -> None:
    path = "zip.example/m"
    with Simulator() as sim:
        sim.publish(module(path, "v1.0.0"))
        sim.replace_body("*.zip", bytes(KEPT_ZIP_BYTES + 1))
        site = Site(tmp_path, sim, modules=[path])
        result = site.sync(expect=MISSING)
        assert result.failed[f"{path}@v1.0.0"]["error"] == "MalformedError"
        [evidence] = site.quarantine(f"{path}@v1.0.0")
    assert len(evidence.files["zip"]) == KEPT_BYTES
    assert evidence.facts["cut"]["zip"]["size_bytes"] == KEPT_ZIP_BYTES + 1
    assert size_of(site.store) < 4 * MIB


@pytest.mark.long
def test_however_many_graphs_are_read_the_gate_has_threads(tmp_path: Path) -> None:
    many = 48  # more than the threads that anyio has for all
    names = [f"graph.example/m{number}" for number in range(many)]
    with Simulator() as sim:
        for name in names:
            needed = f"need.example/{name[-2:].strip('m')}"
            sim.publish(module(needed, "v1.0.0"), indexed=False)
            text = f"module {name}\nrequire {needed} v1.0.0\n"
            code = f'package a\nimport _ "{needed}"\n'
            files = {"go.mod": text.encode(), "a.go": code.encode()}
            sim.publish(ModuleSource(name, "v1.0.0", files), indexed=False)
        site = Site(tmp_path, sim, upstream={"concurrency": many})
        site.select(names, deps="build")
        site.sync(expect=OK)
        assert len(site.carried()) == 2 * many
