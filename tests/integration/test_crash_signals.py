"""SIGINT and SIGTERM end a sync at once; what was admitted stays."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from tests.children import all_wait
from tests.integration.forked import Process
from tests.integration.result import finish
from tests.integration.site import Site, files_below
from tests.integration.wreck import check_mended, check_ruins, snapshot
from tests.simulator import Simulator
from tests.simulator.standard import OUTER, PRIVATE, module

pytestmark = pytest.mark.slow

SLOW = f"{OUTER}@v1.9.0"
_PATIENCE_SECONDS = 120


def _site(folder: Path, sim: Simulator) -> Site:
    """Return a site that waits long for the one zip that never comes."""
    wide = {"timeout_seconds": 600, "retries": 0}
    selected = [OUTER, PRIVATE]
    return Site(folder, sim, modules=selected, private=["corp.example"], upstream=wide)


def _publish(sim: Simulator) -> None:
    for minor in (0, 1, 2, 9):
        sim.publish(module(OUTER, f"v1.{minor}.0", say=f"{minor}", day=minor))
    sim.publish_private(module(PRIVATE, "v1.0.0"))


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not until():
        assert time.monotonic() < deadline, until()
        time.sleep(0.01)


def _stop(process: Process, number: signal.Signals) -> float:
    """Send a signal and return how long the end took."""
    started = time.monotonic()
    process.send_signal(number)
    process.wait(_PATIENCE_SECONDS)
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_in_a_download_keeps_what_was_admitted(
    tmp_path: Path, number: signal.Signals, code: int
):
    with Simulator() as sim:
        _publish(sim)
        undisturbed = _site(tmp_path / "undisturbed", sim)
        undisturbed.sync()
        site = _site(tmp_path / "site", sim)
        fault = sim.stall(f"*{OUTER}/@v/v1.9.0.zip", after_bytes=100)
        whole = len(files_below(undisturbed.store / "blobs"))
        process = site.start("sync")
        try:
            # All but the slow version's .info and .zip; its go.mod is theirs too.
            blobs = site.store / "blobs"
            _wait(lambda: fault.hits > 0 and len(files_below(blobs)) == whole - 2)
            _wait(lambda: all_wait(process.pid))  # from the blob to its batch
            seconds = _stop(process, number)
        finally:
            process.kill()
            result = finish(process)
        assert result.code == code, result.stderr
        assert result.document["error"] == "InterruptedRunError"
        assert "run the same command again" in result.document["hint"]
        assert seconds < 30, "half of the time-out that it would wait for the zip"
        run = site.status()["last_run"]
        assert run["stopped"]
        assert run["ended_at"] is not None
        check_ruins(site)
        assert list((site.store / "staging").iterdir()) == []
        states = site.states()
        assert states.pop(SLOW) == "wanted"
        assert set(states.values()) == {"present"}
        assert len(states) == 4

        sim.clear()
        mark = sim.mark()
        site.sync()
        files = sim.paths(
            RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, since=mark
        )
        assert {path.rpartition(".")[0] for path in files} == {f"/{OUTER}/@v/v1.9.0"}
        check_mended(site)
        assert snapshot(site) == snapshot(undisturbed)


def test_a_signal_before_the_first_answer_leaves_a_store_to_go_on_with(
    tmp_path: Path,
):
    with Simulator() as sim:
        _publish(sim)
        site = _site(tmp_path, sim)
        fault = sim.stall("*/@v/list", after_bytes=None)
        process = site.start("sync")
        try:
            _wait(lambda: fault.hits > 0)
            _stop(process, signal.SIGTERM)
        finally:
            process.kill()
            result = finish(process)
        assert result.code == 143
        sim.clear()
        site.sync()
        check_mended(site)
        site.check_tree(sim)
