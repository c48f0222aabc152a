"""What a second sync costs: the request log and the files say it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.clock import format_time
from gosync.demo.exchange import HttpAnswer, HttpRequest, Logged, RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.faulty import broken, glob, publish_faulty
from tests.integration.result import finish
from tests.integration.site import LOCKED, MISSING, OK, Site
from tests.simulator import Simulator
from tests.simulator.standard import (
    PSEUDO_NEW,
    PSEUDO_ONLY,
    UPPER,
    module,
    publish_standard,
    standard_sources,
)

PATHS = sorted({source.path for source in standard_sources()})
OF_THE_LOG = (RequestKind.TILE, RequestKind.HEAD, RequestKind.SUPPORTED)


def questions(sim: Simulator, mark: int) -> dict[RequestKind, int]:
    """Count the requests since a mark, those for tiles and head apart."""
    counts = sim.counts(since=mark)
    return {kind: n for kind, n in counts.items() if kind not in OF_THE_LOG}


def test_a_new_version_costs_three_requests_and_one_lookup(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path / "site", sim, modules=["std.example/*"], index=True)
        site.sync()
        before, mark = site.states_of_files(), sim.mark()

        sim.publish(module(UPPER, "v1.3.0", say="new", day=80))
        document = site.sync().document
        assert document["versions_admitted"] == 1
        assert questions(sim, mark) == {
            RequestKind.INDEX: 1,
            RequestKind.INFO: 1,
            RequestKind.MOD: 1,
            RequestKind.ZIP: 1,
            RequestKind.LOOKUP: 1,
        }
        folder = "/std.example/!acme/!widget/@v/v1.3.0"
        asked = sim.paths(
            RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, since=mark
        )
        assert asked == [f"{folder}.info", f"{folder}.mod", f"{folder}.zip"]
        after = site.states_of_files()
        blobs = {n: s for n, s in after.items() if n.startswith("store/blobs")}
        old = {n: s for n, s in before.items() if n.startswith("store/blobs")}
        assert {name: blobs[name] for name in old} == old
        assert len(blobs) == len(old) + 2, "its go.mod was there already"
        site.check_converges(sim, tmp_path / "clean")


def test_without_an_index_a_new_version_costs_the_lists_and_the_same(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=PATHS)
        site.sync()
        mark = sim.mark()
        sim.publish(module(UPPER, "v1.3.0", say="new", day=80))
        site.sync()
        asked = Counter(questions(sim, mark))
        small = asked.pop(RequestKind.LIST) + asked.pop(RequestKind.LATEST, 0)
        assert small == len(PATHS), "one small request a module"
        assert asked == {
            RequestKind.INFO: 1,
            RequestKind.MOD: 1,
            RequestKind.ZIP: 1,
            RequestKind.LOOKUP: 1,
        }
        site.check(sim)


@pytest.mark.parametrize("index", [True, False])
def test_a_sync_with_nothing_new_asks_little_and_writes_nothing(
    tmp_path: Path, index: bool
) -> None:
    modules = [*PATHS, "gopkg.in/*"] if index else PATHS
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=modules, index=index)
        site.sync()
        before, mark = site.states_of_files(), sim.mark()
        document = site.sync().document
        assert document["published"]["changes"] == 0
        assert site.states_of_files() == before
        asked = questions(sim, mark)
        if index:
            assert asked == {RequestKind.INDEX: 1}
        else:
            assert sum(asked.values()) == len(PATHS)
            assert asked.keys() == {RequestKind.LIST, RequestKind.LATEST}
            assert sim.paths(RequestKind.LATEST, since=mark) == [
                f"/{PSEUDO_ONLY}/@latest"
            ]
        assert document["requests"] == sum(asked.values()), "nothing of the log either"
        site.check(sim)


def test_a_sync_with_all_lists_due_beside_an_index_asks_one_request_each(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=PATHS, index=True)
        site.sync()
        before, mark = site.states_of_files(), sim.mark()
        site.sync("--refresh")
        asked = questions(sim, mark)
        assert asked[RequestKind.INDEX] == 1
        assert asked[RequestKind.LIST] + asked[RequestKind.LATEST] == len(PATHS)
        assert len(asked) == 3
        assert site.states_of_files() == before


def test_a_go_mod_selector_never_asks_for_the_zip(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=[f"{UPPER}@v1.0.0/go.mod"])
        site.sync()
        assert questions(sim, 0) == {RequestKind.MOD: 1, RequestKind.LOOKUP: 1}
        folder = site.tree / "std.example/!acme/!widget/@v"
        assert (folder / "v1.0.0.mod").is_file()
        assert not (folder / "v1.0.0.zip").exists()
        assert site.listed() == set(), "a list names only what is there whole"
        site.check(sim)

        mark = sim.mark()
        site.select([f"{UPPER}@v1.0.0"])
        site.sync()
        assert sim.counts(since=mark)[RequestKind.ZIP] == 1
        assert site.listed() == {f"{UPPER}@v1.0.0"}
        site.check(sim)


def test_exact_versions_and_latest_ask_only_for_themselves(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(
            tmp_path,
            sim,
            modules=[f"{UPPER}@v1.0.0", "std.example/regret@latest", PSEUDO_ONLY],
        )
        site.sync()
        assert site.carried() == {
            f"{UPPER}@v1.0.0",
            "std.example/regret@v1.1.0",
            f"{PSEUDO_ONLY}@{PSEUDO_NEW}",
        }
        assert sim.counts()[RequestKind.ZIP] == 3
        mark = sim.mark()
        site.sync()
        assert questions(sim, mark) == {RequestKind.LIST: 1, RequestKind.LATEST: 1}
        site.check(sim)


def test_a_pattern_that_is_added_later_reads_the_index_from_its_start(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path / "site", sim, modules=["gopkg.in/*"], index=True)
        site.sync()
        assert site.carried() == {"gopkg.in/tally.v1@v1.0.0"}
        mark = sim.mark()
        site.sync()
        [again] = sim.requests_since(mark)
        assert again.request.query["since"] > "2024"

        mark = sim.mark()
        site.select(["gopkg.in/*", "std.example/*"])
        site.sync()
        [asked] = [r for r in sim.requests_since(mark) if r.kind is RequestKind.INDEX]
        assert "since" not in asked.request.query
        assert "gopkg.in/tally.v1" not in " ".join(sim.paths(since=mark))
        assert f"{UPPER}@v1.0.0" in site.carried()
        site.check_converges(sim, tmp_path / "clean")


def test_plan_fetches_no_zip_and_the_sync_after_it_asks_no_list_again(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(
            tmp_path, sim, modules=PATHS, upstream={"list_interval_seconds": 3600}
        )
        plan = site.run("plan", expect=OK).document
        adds = {f"{add['path']}@{add['version']}": add for add in plan["adds"]}
        for name, add in adds.items():
            publication = sim.publication(ModuleVersion.parse(name))
            assert add["zip_bytes"] == len(publication.zip)
        assert plan["bytes"] == sum(add["zip_bytes"] for add in adds.values())
        assert not site.tree.exists()
        assert sim.counts()[RequestKind.INFO] == 0
        assert all(each.method == "HEAD" for each in zips_of(sim))

        mark = sim.mark()
        assert site.sync().document["versions_admitted"] == len(adds)
        assert sim.counts(since=mark)[RequestKind.LIST] == 0
        assert site.carried() == set(adds)
        site.check(sim)
        assert site.run("plan", expect=OK).document["adds"] == []


def zips_of(sim: Simulator) -> list[Logged]:
    return [logged for logged in sim.requests if logged.kind is RequestKind.ZIP]


def test_failed_items_wait_for_their_next_try_and_status_shows_it(
    tmp_path: Path,
) -> None:
    path = "down.example/m"
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=publish_faulty(sim, [path]))
        sim.fail(glob(path, "zip"), status=503)
        site.sync(expect=MISSING)
        [first] = site.status()["failures"]
        assert (first["path"], first["version"]) == (path, "v1.0.0")
        assert first["attempts"] == 1
        assert "503" in first["reason"]
        assert first["next_try_at"] <= format_time(datetime.now(UTC)), "at once"
        site.sync(expect=MISSING)
        [second] = site.status()["failures"]
        assert second["attempts"] == 2
        assert second["first_at"] == first["first_at"]
        soon = format_time(datetime.now(UTC) + timedelta(seconds=30))
        late = format_time(datetime.now(UTC) + timedelta(seconds=61))
        assert soon < second["next_try_at"] < late
        mark = sim.mark()
        site.sync(expect=MISSING)
        assert set(questions(sim, mark)) == {RequestKind.LIST}

        sim.clear()
        site.sync(str(broken(path)), expect=OK)  # named: at once
        assert site.status()["failures"] == []
        site.sync(expect=OK)
        site.check(sim)


def test_of_two_gosyncs_at_once_the_second_names_the_first_or_waits_for_it(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["slow.example/m"])
        go_on = threading.Event()
        sim.fault("/slow.example/m/@v/list", held_until(go_on), times=1)
        patient = {"timeout_seconds": 60}
        site = Site(tmp_path, sim, modules=paths, upstream=patient)
        first = site.start("sync")
        try:
            wait_for_request(sim)
            refused = site.sync(expect=LOCKED)
            assert refused.document["error"] == "LockedError"
            assert f"pid {first.pid} (gosync sync)" in refused.document["message"]
            for command in ("plan", "prune", "sync"):
                assert site.run(command, "--wait-lock", "0.1").code == LOCKED
            site.run("publish", expect=OK)  # it needs the tree alone
            site.run("status", expect=MISSING)
            go_on.set()
            waited = site.sync("--wait-lock", "60", expect=OK)
            assert finish(first).code == OK
        finally:
            go_on.set()
            first.kill()
            first.wait()
        assert waited.document["versions_admitted"] == 0, "the first did it all"
        site.check(sim)


def held_until(
    event: threading.Event,
) -> Callable[[HttpRequest, HttpAnswer], HttpAnswer]:
    """Return a fault that answers only then."""

    def hold(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        event.wait(60)
        return answer

    return hold


def wait_for_request(sim: Simulator) -> None:
    """Wait until the first gosync asks, with the lock in its hands."""
    deadline = time.monotonic() + 120
    while not sim.requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_version_that_upstream_drops_stays_in_the_tree(tmp_path: Path) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["kept.example/m"])
        site = Site(tmp_path, sim, modules=paths)
        site.sync()
        before = site.states_of_files()
        kept = broken("kept.example/m")
        publication = sim.publication(kept)
        sim.withdraw(kept)
        site.sync(expect=OK)
        assert site.states_of_files() == before
        sim.publish(publication.source)
        site.check(sim)


def test_an_index_that_is_quiet_or_of_another_time_is_read_from_its_start(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path / "site", sim, modules=[UPPER], index=True)
        site.sync()
        mark = sim.mark()
        sim.publish(module(UPPER, "v1.3.0", say="new", day=80))
        site.sync()
        assert f"{UPPER}@v1.3.0" in site.listed()
        assert sim.counts(since=mark)[RequestKind.LIST] == 0, "the index named it"
        assert sim.counts(since=mark)[RequestKind.INDEX] == 1


def test_modules_named_by_path_begin_with_the_last_day_of_a_busy_index(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        now = datetime.now(UTC)
        fresh = module("std.example/busy", "v1.0.0", say="new", day=80)
        sim.publish(fresh, at=now - timedelta(minutes=5))
        site = Site(tmp_path / "site", sim, modules=[UPPER], index=True)
        site.sync()
        since = [
            logged.request.query.get("since", "")
            for logged in sim.requests
            if logged.kind is RequestKind.INDEX
        ]
        assert since
        assert all(format_time(now - timedelta(days=2)) < begin for begin in since)
