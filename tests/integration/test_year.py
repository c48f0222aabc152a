"""The daemon's life in fast motion: 20 days here, GOSYNC_TEST_DAYS=365 for a year.

At the end the tree is what a fresh sync gives, every tag that was rewritten or
vanished was found in time, nothing was found that was not done, and memory and open
files stayed as they were on the second day.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.site import OK
from tests.integration.year import STEPS_A_DAY, WITHIN, World
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP

pytestmark = pytest.mark.slow

DAYS = int(os.environ.get("GOSYNC_TEST_DAYS", "20" if EVERY_STEP else "8"))
MIB = 1024 * 1024
_MEMORY_GROWTH_BYTES = 20 * MIB


@pytest.mark.sampled
@pytest.mark.timeout(60 + DAYS * 10)
@pytest.mark.long
def test_days_in_seconds(tmp_path: Path):
    with Simulator() as sim:
        world = World(tmp_path, sim, days=DAYS, seed=DAYS)
        world.live()
        _check_findings(world)
        _check_needs(world)
        assert "Traceback" not in world.log_text()
        world.site.check_store()
        _check_tree(world, tmp_path / "fresh")
    told = (
        f"{DAYS} days: {len(world.lives)} lives, {world.kills} kills,"
        f" {world.outages} outages, {world.jumps} jumps, {len(world.deeds)} deeds"
    )
    print(told)


def _check_findings(world: World) -> None:
    """Everything that was done was found in time, and nothing else."""
    done = {(deed.kind, deed.mv.path, deed.mv.version): deed for deed in world.deeds}
    assert world.found.keys() == done.keys()
    late = {
        key: (done[key].at, at)
        for key, at in world.found.items()
        if not done[key].at < at <= done[key].at + WITHIN
    }
    assert late == {}


def _check_needs(world: World) -> None:
    life = max(world.lives, key=lambda each: each.days)
    assert life.days > DAYS / 3
    assert life.growth_bytes() < _MEMORY_GROWTH_BYTES
    _check_descriptors(life.descriptors())


def _check_descriptors(counts: list[int]) -> None:
    """None stays open; a thread may be at one when it is counted."""
    assert max(counts) - min(counts) <= 1, counts
    assert min(counts[-STEPS_A_DAY:]) == min(counts), counts


def _check_tree(world: World, folder: Path) -> None:
    world.heal()
    world.site.sync("--retry", expect=OK)
    fresh = world.site.twin(folder)
    fresh.sync(expect=OK)
    world.site.check_tree_of(fresh)
