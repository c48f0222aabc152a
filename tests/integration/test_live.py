"""The daemon at one second's schedule, under load, watched as systemd watches it.

Some seconds here; GOSYNC_TEST_LIVE_SECONDS=600 for ten minutes. The watchdog is never
late while work goes on, and starves when a job is stuck.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from tests.integration.manager import Manager
from tests.integration.service import Service, schedule
from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, module

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("GOSYNC_TEST_LIVE_SECONDS", "6"))
WATCHDOG_SECONDS = 6.0
MODULES = tuple(f"live.example/m{number}" for number in range(8))


class Load:
    """New versions all the time, from an upstream that is slow and at times fails."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._random = random.Random(6)
        self._minors = count()
        self.published = 0

    def go_on(self) -> None:
        """Let something happen."""
        path, version = self._random.choice(MODULES), f"v1.{next(self._minors)}.0"
        self._sim.publish(module(path, version, say=version))
        self.published += 1
        self._sim.clear()
        draw = self._random.random()
        if draw < 0.2:
            self._sim.delay("*", 0.2)
        elif draw < 0.3:
            self._sim.fail("*.zip", status=503)
        elif draw < 0.4:
            self._sim.rate_limit("*/@v/list", times=3)
        time.sleep(0.2)


@pytest.mark.long
def test_it_stays_fresh_reloads_and_ends_while_a_manager_watches(tmp_path: Path):
    with Simulator() as sim, Manager(tmp_path) as manager:
        load = Load(sim)
        site = Site(tmp_path / "site", sim, modules=MODULES)
        site.configure({"retries": 2})
        schedule(
            site,
            {"sync": "1s", "publish": "5s", "audit": "3s"},
            name="corner",
            metrics_file="../gosync.prom",
        )
        for path in MODULES:
            sim.publish(module(path, "v0.1.0"))
        silences = []
        for _ in range(2):  # half of the time, SIGTERM, and once more
            first = len(manager.notices)
            with Service(site, manager, watchdog_seconds=WATCHDOG_SECONDS) as service:
                _work(service, load, site)
                assert service.stop() == OK
                assert "Traceback" not in service.logged()
            silences.append(manager.longest_silence_seconds(after=first))
            assert silences[-1] < WATCHDOG_SECONDS
        assert len(manager.all_of("STOPPING")) == 2
        sim.clear()
        site.sync("--retry")  # what failed twice would wait a minute
        site.run("run", "--once", "sync", expect=OK)
        assert len(site.listed()) == load.published + len(MODULES)
        site.check(sim)
        _check_told(site)
    feeds = len(manager.all_of("WATCHDOG"))
    print(
        f"{SECONDS:g} s: {feeds} feeds, {max(silences):.2f} s at most between two;"
        f" {len(manager.all_of('RELOADING'))} reloads, {load.published} versions"
    )


def _work(service: Service, load: Load, site: Site) -> None:
    """Live half of the time, with reloads, some of them of a broken file."""
    until = time.monotonic() + SECONDS / 2
    manager, good = service.manager, site.config_file.read_text()
    while time.monotonic() < until:
        for text, said in ((good, "reloaded"), (f"{good}\n[upstraem]\n", "refused")):
            for _ in range(3):
                load.go_on()
            site.config_file.write_text(text)
            mark = len(manager.notices)
            service.signal(signal.SIGHUP)
            reload = manager.wait_for("RELOADING", after=mark)
            moment = int(reload.fields["MONOTONIC_USEC"]) / 1_000_000
            assert abs(moment - reload.at) < 60
            manager.wait_for("READY", after=mark)
            service.wait_for_log(said)
    site.config_file.write_text(good)


def _check_told(site: Site) -> None:
    """What monitors read says that all is well, by the age of data."""
    status = json.loads((site.tree / "status.json").read_bytes())
    assert (status["name"], status["status"]) == ("corner", "success")
    assert status["upstream"].startswith("http://127.0.0.1")
    assert status["last_update_ts"] >= status["last_started_ts"] > 0
    assert status["freshness"]["oldest_list_seconds"] < 60
    assert status["freshness"]["lists_never_had"] == 0
    assert status["versions"]["present"] == len(site.listed())
    assert status["jobs"]["sync"]["failures"] == 0
    metrics = (site.folder.parent / "gosync.prom").read_text()
    assert 'gosync_job_exit_code{mirror="corner",job="sync"} 0\n' in metrics
    present = len(site.listed())
    assert f'gosync_versions{{mirror="corner",state="present"}} {present}\n' in metrics


def test_a_stuck_job_is_noticed_and_starves_the_watchdog(tmp_path: Path):
    with Simulator() as sim, Manager() as manager:
        sim.publish(module(OUTER, "v1.0.0"))
        site = Site(tmp_path, sim, modules=[OUTER], upstream={"timeout_seconds": 600})
        schedule(site, {"sync": "1h"}, stuck_seconds=1)
        fault = sim.stall("*.zip", after_bytes=10)
        with Service(site, manager, watchdog_seconds=1) as service:
            service.wait_until(lambda: fault.hits == 1)
            stuck = manager.wait_for("STATUS", text="stuck at versions 0/1")
            time.sleep(1.2)
            assert manager.all_of("WATCHDOG")[-1].at <= stuck.at
            assert "no longer feeding" in service.logged()
            service.process.kill()  # as systemd does then
            service.process.wait()
        sim.clear()
        with Service(site, manager) as service:
            service.wait_for_runs("sync")
        site.check(sim)
