"""Counts after failures that are over, and passes that were killed."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from tests.integration.counting import (
    BAD,
    GOOD,
    agreed,
    make,
    sim,
    synced,
)
from tests.integration.offered import go_mod_text, offer, sum_lines
from tests.integration.site import MISSING, OK, UNAVAILABLE, Site
from tests.simulator import Simulator

__all__ = ["sim"]


@pytest.mark.parametrize("status", [403, 404, 410, 451])
def test_a_final_no_about_one_version_is_never_75(
    tmp_path: Path, sim: Simulator, status: int
) -> None:
    """Not even where it is the only question that is asked."""
    site = Site(tmp_path / "site", sim, modules=[f"{GOOD}@v1.0.0", f"{GOOD}@v1.1.0"])
    sim.fail(f"/{GOOD}/@v/v1.1.0.*", status=status)
    for _ in range(3):
        assert site.sync("--retry", expect=MISSING).document["exit_code"] == MISSING


def test_one_version_that_has_failed_for_long_is_no_outage(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path / "site", sim, modules=[f"{GOOD}@v1.1.0"])
    sim.fail(f"/{GOOD}/@v/v1.1.0.*", status=500)
    site.sync(expect=UNAVAILABLE)
    site.select([f"{GOOD}@v1.0.0", f"{GOOD}@v1.1.0"])
    site.sync("--retry", expect=MISSING)
    for _ in range(2):
        assert site.sync("--retry", expect=MISSING).document["requests"] > 0


def test_a_failure_of_an_index_that_was_turned_off_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    site = make(tmp_path, sim, index=True)
    site.sync()
    with sim.fail("/index*", status=500):
        site.sync(expect=UNAVAILABLE)
        site.configure({"index": ""})
        assert site.status()["failures"] == []
        assert synced(site, expect=OK)["complete"]


def test_failures_at_a_proxy_that_was_replaced_are_over(
    tmp_path: Path, sim: Simulator
) -> None:
    """What waits for its next try there is tried at once here."""
    site = make(tmp_path, sim)
    with Simulator() as broken:
        broken.fail("*", status=503)
        site.configure({"proxies": broken.url})
        for _ in range(3):  # so that it waits
            site.sync(expect=UNAVAILABLE)
    site.configure({"proxies": sim.url})
    assert site.status()["failures"] == []
    assert synced(site, expect=OK)["complete"]


def test_a_failure_of_a_database_that_was_turned_off_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    site = make(tmp_path, sim)
    with sim.fail("*/lookup/*", status=500):
        assert synced(site, expect=MISSING)["failed"] == 2
        site.configure({"sumdb": "off", "private": ["*.example"]})
        assert site.status()["failures"] == []
        assert synced(site, expect=OK)["complete"]


def test_a_failure_of_a_project_that_was_removed_is_over(
    tmp_path: Path, sim: Simulator
) -> None:
    project = tmp_path / "app"
    project.mkdir()
    (project / "go.mod").write_text(go_mod_text("a.b/app", requires={GOOD: "v1.0.0"}))
    true = sum_lines(sim, f"{GOOD}@v1.0.0")
    (project / "go.sum").write_text(re.sub("h1:....", "h1:AAAA", true))
    site = make(tmp_path, sim)
    site.declare(project=[{"path": str(project)}])
    site.sync(expect=None)
    assert site.status()["failures"] != []
    site.declare(project=[])
    assert site.status()["failures"] == []
    assert synced(site, expect=OK)["complete"]


def test_what_a_killed_pass_had_yet_to_select_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, *(f"v1.{number}.0" for number in range(30)))
    site = make(tmp_path, sim)
    site.sync()
    site.select([GOOD, BAD, "slow.example/m"])
    with sim.stall("/slow.example/m/@v/list", after_bytes=0) as fault:
        process = site.start("sync")
        deadline = time.monotonic() + 120
        while not fault.hits or site.status()["selection"]["to_select"] != 30:
            assert time.monotonic() < deadline, site.status()["selection"]
            time.sleep(0.05)
        at_work = site.status()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    killed = site.status()
    for status in (at_work, killed):
        assert status["exit_code"] == MISSING
        assert not status["selection"]["complete"]
        assert status["selection"]["to_select"] == 30
        assert status["selection"]["missing"] == 31
    assert killed["last_run"]["killed"]
    assert agreed(site)["missing"] == 31
    site.select([GOOD, BAD])
    assert synced(site, expect=OK)["zips"] == 32


def test_what_a_killed_pass_had_yet_to_fetch_is_missing(
    tmp_path: Path, sim: Simulator
) -> None:
    offer(sim, BAD, *(f"v1.{number}.0" for number in range(10)))
    site = make(tmp_path, sim, BAD)
    with sim.stall(f"/{BAD}/@v/*.info", after_bytes=0) as fault:
        process = site.start("sync")
        while not fault.hits:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    status = site.status()
    assert status["selection"]["waiting"] >= 10
    assert status["exit_code"] == MISSING
    assert synced(site, expect=OK)["zips"] == 12
