"""The daemon as a service: watched by a manager, signalled, starved, locked out."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest

from gosync.catalog.leases import SELECT
from gosync.config.load import load_config
from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.site.site import open_site
from tests.integration.manager import Manager
from tests.integration.result import finish
from tests.integration.service import Service, schedule
from tests.integration.site import LOCKED, OK, SECURITY, STORE, Site
from tests.simulator import Simulator
from tests.simulator.faults import Fault
from tests.simulator.standard import OUTER, module

pytestmark = pytest.mark.slow

SLOW = f"{OUTER}@v1.9.0"

_PATIENCE_SECONDS = 120


def _publish(sim: Simulator, *minors: int) -> None:
    for minor in minors:
        sim.publish(module(OUTER, f"v1.{minor}.0", say=f"{minor}", day=minor))


def _hold(sim: Simulator, glob: str) -> tuple[Fault, threading.Event]:
    """Let nothing that matches through before the event is set."""
    gate = threading.Event()

    def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        gate.wait(_PATIENCE_SECONDS)
        return answer

    return sim.fault(glob, change), gate


def test_a_stop_finishes_the_blob_that_is_on_its_way(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0, 9)
        site = Site(tmp_path, sim, modules=[OUTER], upstream={"concurrency": 1})
        schedule(site, {"sync": "1h"})
        fault, gate = _hold(sim, f"*{OUTER}/@v/v1.*.zip")
        with Service(site, manager) as service:
            service.wait_until(lambda: fault.hits == 1)
            service.signal(signal.SIGTERM)
            manager.wait_for("STOPPING")
            gate.set()
            assert service.process.wait(_PATIENCE_SECONDS) == OK
            row = service.jobs()["sync"]
        assert sorted(site.states().values()) == ["present", "wanted"]
        assert row["exit_code"] == 143
        assert row["failures"] == 0
        run = site.status()["last_run"]
        assert (run["exit_code"], run["stopped"]) == (143, True)
        site.check_store()
        sim.clear()

        with Service(site, manager) as service:  # and what was cut short is due
            service.wait_for_runs("sync")
            assert service.stop() == OK
        assert set(site.states().values()) == {"present"}
        site.check(sim)


def test_a_second_signal_does_not_wait(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER], upstream={"timeout_seconds": 600})
        schedule(site, {"sync": "1h"})
        fault = sim.stall("*.zip", after_bytes=10)
        with Service(site, manager) as service:
            service.wait_until(lambda: fault.hits == 1)
            service.signal(signal.SIGTERM)
            manager.wait_for("EXTEND_TIMEOUT_USEC")
            assert service.process.poll() is None
            assert service.stop() == OK
            assert service.jobs()["sync"]["exit_code"] == 143
        assert site.status()["last_run"]["stopped"]
        assert list((site.store / "staging").iterdir()) == []


def test_a_slow_zip_is_not_stuck_and_a_time_limit_ends_what_takes_too_long(
    tmp_path: Path,
):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        schedule(site, {}, stuck_seconds=3, stop_seconds=0.3)
        limit = {"interval": "1h", "time_limit": "4s"}
        site.declare(**{"daemon.jobs.sync": limit})
        sim.drip("*.zip", pause_seconds=0.1)
        with Service(site, manager, watchdog_seconds=1) as service:
            service.wait_for_log("does not end; cancelled")
            service.wait_for_log("sync: exit 3: not done within its time limit of 4 s")
            service.wait_until(lambda: service.jobs()["sync"]["failures"] == 1)
        assert not any("stuck" in status for status in manager.statuses())
        site.check_store()


@pytest.mark.long
def test_one_works_and_the_others_say_who_holds_the_lock(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        schedule(site, {"sync": "1h"})
        slow, gate = _hold(sim, "*/@v/list")
        manual = site.start("sync")
        try:
            while not slow.hits:
                time.sleep(0.02)
            with Service(site, manager) as service:
                service.wait_for_log(r"held by pid \d+ \(gosync sync\)")
                manager.wait_for("STATUS", text=f"held by pid {manual.pid}")
                timer = site.run("run", "--once", "sync", expect=LOCKED)
                assert f"pid {manual.pid}" in timer.document["message"]
                waiting = site.start("run", "--once", "sync", "--wait-lock", "60")
                gate.set()
                assert manual.wait(_PATIENCE_SECONDS) == OK
                assert finish(waiting).code == OK
                service.wait_for_log("going on")  # what the timer did is done
                assert service.stop() == OK
                assert "sync: begins" not in service.logged()
        finally:
            manual.kill()
            manual.communicate()
        site.check(sim)


def test_while_a_job_of_the_daemon_runs_a_manual_sync_is_told_so(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        schedule(site, {"sync": "1h"})
        slow, gate = _hold(sim, "*.zip")
        with Service(site, manager) as service:
            service.wait_until(lambda: slow.hits == 1)
            refused = site.sync(expect=LOCKED)
            assert f"pid {service.process.pid}" in refused.document["message"]
            assert "gosync run: sync" in refused.document["message"]
            status = site.status()
            assert f"pid {service.process.pid} (gosync run: sync)" in status["at_work"]
            for run in (status["last_run"], status["jobs"]["sync"]):
                assert (run["ended_at"], run["killed"]) == (None, False)
            waiting = site.start("sync", "--wait-lock", "60")
            gate.set()
            assert finish(waiting).code == OK
            status = site.status()
            assert (status["at_work"], status["last_run"]["exit_code"]) == (None, OK)
            assert service.stop() == OK


def test_a_verify_runs_beside_a_sync(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        site.sync()
        _publish(sim, 1)
        schedule(site, {"sync": "1h", "verify": "1h"})
        slow, gate = _hold(sim, "*v1.1.0.zip")
        with Service(site, manager) as service:
            service.wait_until(lambda: slow.hits == 1)
            service.wait_for_log("verify: done")
            assert "sync: done" not in service.logged()
            gate.set()
            service.wait_for_log("sync: done")
            assert service.stop() == OK
        assert set(site.states().values()) == {"present"}
        site.check(sim)


def test_two_daemons_are_one_schedule(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        schedule(site, {"sync": "1s"})
        with Service(site, manager) as one, Service(site, manager) as two:
            one.wait_for_log("started with sync", times=2)  # both write to one log
            before, began = one.logged().count("sync: begins"), time.monotonic()
            one.wait_for_log("sync: begins", times=before + 5)
            begun = one.logged().count("sync: begins") - before
            seconds = time.monotonic() - began
            assert [one.stop(), two.stop()] == [OK, OK]
        assert begun <= seconds + 2  # two schedules would have begun twice as often


def test_while_the_store_is_away_nothing_is_made_or_deleted(tmp_path: Path):
    """A disk that is not mounted is an empty folder where a full one was."""
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0, 1)
        site = Site(tmp_path / "site", sim, modules=[OUTER])
        schedule(site, {"sync": "1s"})
        told = tmp_path / "told"
        site.declare(hooks={"on_failure": [f"sh -c 'cat >> {told}'"]})
        disk, away = site.store, tmp_path / "away"
        with Service(site, manager) as service:
            service.wait_for_runs("sync")
            disk.rename(away)
            disk.mkdir()
            manager.wait_for("STATUS", text="the store is not there")
            service.wait_for_log("paused: .*is its disk mounted")
            service.wait_until(told.exists)
            assert list(disk.iterdir()) == []
            assert len(site.listed()) == 2
            _publish(sim, 2)
            disk.rmdir()
            away.rename(disk)
            service.wait_for_log("going on")
            service.wait_until(lambda: len(site.listed()) == 3)
            assert service.stop() == OK
        event = json.loads(told.read_bytes())
        assert (event["occasion"], event["exit_code"]) == ("failure", STORE)
        site.check(sim)


@pytest.mark.parametrize("name", ["store", "tree"])
def test_what_goes_in_the_middle_of_a_job_is_not_made_elsewhere(
    tmp_path: Path, name: str
):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path / "site", sim, modules=[OUTER])
        schedule(site, {"sync": "1s"})
        folder: Path = getattr(site, name)
        away = tmp_path / "away"
        with Service(site, manager) as service:
            service.wait_for_runs("sync")
            fault, gate = _hold(sim, "*v1.1.0.zip")
            _publish(sim, 1)
            service.wait_until(lambda: fault.hits == 1)
            folder.rename(away)
            folder.mkdir()
            gate.set()
            manager.wait_for("STATUS", text=f"the {name} is not there")
            assert list(folder.iterdir()) == []
            folder.rmdir()
            away.rename(folder)
            service.wait_until(lambda: len(site.listed()) == 2)
            assert service.stop() == OK
        site.check(sim)


def test_while_the_tree_is_away_it_is_not_written_elsewhere(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path / "site", sim, modules=[OUTER])
        schedule(site, {"sync": "1s"})
        away = tmp_path / "away"
        with Service(site, manager) as service:
            service.wait_for_runs("sync")
            site.tree.rename(away)
            site.tree.mkdir()
            manager.wait_for("STATUS", text="the tree is not there")
            _publish(sim, 1)
            time.sleep(0.5)
            assert list(site.tree.iterdir()) == []
            site.tree.rmdir()
            away.rename(site.tree)
            service.wait_until(lambda: len(site.listed()) == 2)
            assert service.stop() == OK
        site.check(sim)


def test_at_the_start_a_tree_without_its_store_is_not_begun_anew(tmp_path: Path):
    with Simulator() as sim:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        site.sync()
        site.store.rename(tmp_path / "tmp" / "away")
        for arguments in (("run",), ("run", "--once", "sync")):
            refused = site.run(*arguments, expect=STORE)
            assert refused.document["error"] == "StoreAwayError"
            assert not site.store.exists()
        assert site.listed() == {f"{OUTER}@v1.0.0"}


def test_what_was_killed_is_caught_up_at_once(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        schedule(site, {"sync": "1w"})
        fault = sim.stall("*.zip", after_bytes=10)
        with Service(site, manager) as service:
            service.wait_until(lambda: fault.hits == 1)
        sim.clear()
        with Service(site, manager) as service:
            service.wait_for_runs("sync")
            assert service.jobs()["sync"]["exit_code"] == 0
        with Service(site, manager) as service:  # and what ran is not run again
            service.wait_for_log("started with sync", times=3)
            time.sleep(0.5)
            assert service.stop() == OK
        assert service.logged().count("sync: begins") == 2
        site.check(sim)


def test_one_that_trusts_another_database_stops_and_stays_stopped(tmp_path: Path):
    with Simulator() as sim, Manager() as manager, Simulator(seed=b"evil") as other:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        site.sync()
        schedule(site, {"sync": "1h", "publish": "1h"})
        site.configure({"sumdb": other.gosumdb})  # the same name, another key
        service = Service(site, manager)
        try:
            assert service.process.wait(120) == SECURITY, service.logged()
        finally:
            service.process.kill()
        assert "sync: exit 6" in service.logged()  # one item, and it went on
        assert "publish: exit 6" in service.logged()


def test_a_signal_ends_a_timers_job_cleanly(tmp_path: Path):
    with Simulator() as sim:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        fault, gate = _hold(sim, "*.zip")
        process = site.start("run", "--once", "sync", "publish")
        try:
            while not fault.hits:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            gate.set()
            result = finish(process)
        finally:
            process.kill()
        assert result.code == 143
        assert "InterruptedRunError" in result.stderr
        assert set(site.states().values()) == {"present"}
        assert not (site.tree / "status.json").exists()


def test_a_timer_that_waits_for_the_lock_can_be_ended(tmp_path: Path):
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=[OUTER])
        options = load_config(site.config_file, {}).site_options()
        with open_site(options, command="a test", leases=[SELECT]):
            process = site.start("run", "--once", "sync", "--wait-lock", "600")
            while "waiting: " not in process.err:
                assert process.poll() is None, process.err
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert finish(process).code == 143


def test_a_timer_runs_jobs_once_and_leaves_with_the_gravest_code(tmp_path: Path):
    with Simulator() as sim:
        _publish(sim, 0)
        site = Site(tmp_path, sim, modules=[OUTER])
        result = site.run("run", "--once", "sync", "publish", expect=OK)
        assert list(result.document["jobs"]) == ["sync", "publish"]
        assert (site.tree / "status.json").exists()
        site.run("verify", str(site.tree), expect=OK)  # it is no stray

        _publish(sim, 1)
        sim.fail("*v1.1.0.zip", status=500)
        mark = sim.mark()
        failed = site.run("run", "--once", "sync", "publish", expect=3)
        assert "v1.1.0" in failed.document["jobs"]["sync"]["error"]
        assert failed.document["jobs"]["publish"]["exit_code"] == 0
        assert sim.counts(since=mark)[RequestKind.ZIP] == 2
