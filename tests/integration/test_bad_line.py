"""Lines that lose a part of all answers, and mirrors that go bad under a pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator.line import Line, LineFaults, answered, dropping, turning
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


_DIES, _HANGS, _PAGES = (
    LineFaults(dead=True),
    LineFaults(silent=True),
    LineFaults(page=True),
)


@pytest.mark.parametrize(
    ("faults", "comes_back"),
    [
        pytest.param(_DIES, True, id="dies and comes back"),
        pytest.param(_PAGES, False, id="serves pages"),
        pytest.param(_DIES, False, id="dies", marks=pytest.mark.long),
        pytest.param(_HANGS, True, id="hangs, comes back", marks=pytest.mark.long),
        pytest.param(_HANGS, False, id="hangs", marks=pytest.mark.long),
        pytest.param(_PAGES, True, id="pages, comes back", marks=pytest.mark.long),
    ],
)
def test_one_of_three_mirrors_turns_bad_in_mid_pass(
    tmp_path: Path, sim: Simulator, faults: LineFaults, *, comes_back: bool
) -> None:
    fair = LineFaults()
    with ExitStack() as stack:
        lines = [
            stack.enter_context(Line(fair, before=port_of(sim)).serving())
            for _ in range(3)
        ]
        first, second, _ = lines
        # Whoever waited for what is silent would still be at it.
        upstream = {
            "proxies": "|".join(each.url for each in lines),
            "timeout_seconds": 100,
            "retry_delay_seconds": 0.1,
        }
        site = Site(tmp_path, sim, modules=PATHS, upstream=upstream)
        turns = [(answered(first, 30), faults)]
        if comes_back:
            turns.append((answered(second, 30), fair))
        with turning(first, *turns):
            result = site.fork("sync", "-v", expect=OK)
        assert result.failed == {}
        assert len(site.carried()) == len(PATHS)
        assert site.quarantine() == []
        site.check_store()
        told = [
            line.partition(f"{first.url}: ")[2].split(" ", 2)[:2]
            for line in result.stderr.splitlines()
            if f"{first.url}: not asked until" in line or "asked again" in line
        ]
        opened, closed = ["not", "asked"], ["asked", "again:"]
        assert told[0] == opened
        assert all(opened in (before, each) for before, each in pairwise(told))
        assert comes_back or closed not in told
        shown = {each["url"]: each for each in site.status()["upstreams"]}
        assert (shown[first.url]["state"] == "closed") == (told[-1] == closed)
        assert shown[second.url]["state"] == "closed"


def test_a_first_mirror_whose_packets_are_dropped_is_passed_over(
    tmp_path: Path, sim: Simulator
) -> None:
    with dropping() as hole:
        # Whoever waited for it would still be at it.
        upstream = {
            "proxies": f"{hole}|{sim.url}",
            "timeout_seconds": 300,
            "connect_timeout_seconds": 300,
        }
        site = Site(tmp_path, sim, modules=PATHS, upstream=upstream)
        result = site.fork("sync", "-v", expect=OK)
        assert result.failed == {}
        assert len(site.carried()) == len(PATHS)
        assert f"{hole}: not asked until" in result.stderr
