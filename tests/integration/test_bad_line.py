"""Lines that lose a part of all answers, and mirrors that go bad under a pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator.line import Line, LineFaults
from tests.simulator.standard import module

PATHS = [f"many.example/m{number:02}" for number in range(40)]
EIGHTH = LineFaults(
    resets=0.032, refusals=0.032, stalls=0.031, stall_seconds=1, halves=0.032
)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as made:
        for path in PATHS:
            made.publish(module(path, "v1.0.0"))
        yield made


def port_of(sim: Simulator) -> str:
    return sim.url.removeprefix("http://")


def test_a_line_that_fails_an_eighth_of_answers_brings_all_in_one_pass(
    tmp_path: Path, sim: Simulator
) -> None:
    with Line(EIGHTH, before=port_of(sim)).serving() as line:
        upstream = {"proxies": line.url, "retries": 3, "retry_delay_seconds": 0.1}
        site = Site(tmp_path, sim, modules=PATHS, upstream=upstream)
        result = site.sync(expect=OK)
        assert result.failed == {}
        assert len(site.carried()) == len(PATHS)
        counts = line.counts()
        assert counts["reset"] + counts["503"] + counts["halved"] > 0
        assert counts["all"] <= 1.3 * counts["answered"]


@pytest.mark.parametrize(
    "faults",
    [
        LineFaults(silent=True),
        LineFaults(hangs=True),
        LineFaults(page=True),
        LineFaults(resets=1.0),
        LineFaults(refusals=1.0),
    ],
    ids=["silent", "hangs", "a page", "resets", "refusals"],
)
def test_a_mirror_that_goes_bad_leaves_nothing_wrong_behind(
    tmp_path: Path, sim: Simulator, faults: LineFaults
) -> None:
    fair = LineFaults()
    with (
        Line(fair, before=port_of(sim)).serving() as first,
        Line(fair, before=port_of(sim)).serving() as second,
    ):
        # Whoever waited for what is silent would still be at it.
        upstream = {"proxies": f"{first.url}|{second.url}", "timeout_seconds": 100}
        site = Site(tmp_path, sim, modules=PATHS[:10], upstream=upstream)
        site.sync(expect=OK)
        first.change(faults)
        site.select(PATHS)
        result = site.sync(expect=OK)
        assert result.failed == {}
        assert len(site.carried()) == len(PATHS)
        assert site.quarantine() == []
        first.change(fair)
        answered = first.counts()["answered"]
        site.sync("--refresh", expect=OK)
        assert first.counts()["answered"] > answered, "it is asked again"
        site.check_store()
