"""What a tree promises to clients with older heads: checked, mended, carried inside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.sumdb.oldheads import leaf_of
from tests.integration.oldheads import (
    LATER,
    NOT_A_VERSION,
    OTHER,
    RECORDS,
    lacking,
    serves,
)
from tests.integration.pair import Machines, Pair
from tests.integration.site import MISSING, OK, SECURITY, Site
from tests.integration.steps import Stepper
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module
from tests.tiers import EVERY_STEP

pytestmark = pytest.mark.slow


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(records=RECORDS) as sim:
        sim.publish(module(UPPER, "v1.0.0", day=1))
        yield sim


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> Site:
    return Site(tmp_path / "site", sim, modules=[UPPER], index=True)


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.mark.parametrize(
    "command", ["verify", pytest.param("closure", marks=pytest.mark.long)]
)
def test_what_the_tree_promises_is_checked(
    sim: Simulator, site: Site, command: str, tmp_path: Path
) -> None:
    site.declare(publish={"tree": "public", "heads": [OTHER]})
    site.sync()
    folder = site.tree / "sumdb" / sim.log.name / "tile" / "8"
    project = tmp_path / "project"
    project.mkdir()
    (project / "go.mod").write_text("module example.com/p\n\ngo 1.21\n")
    arguments = {
        "verify": ["verify", str(site.tree), "--offline"],
        "closure": ["closure", str(project), "--tree", str(site.tree)],
    }[command]
    site.run(*arguments, expect=OK)
    lost = [folder / "1" / "000", folder / "0" / "005", folder / "1" / "001.p" / "1"]
    for each in lost:
        each.rename(each.with_name("aside"))
        found = site.run(*arguments, expect=4)
        assert str(each.relative_to(site.tree)) in found.stdout
        each.with_name("aside").rename(each)
    whole = (folder / "1" / "000").read_bytes()
    (folder / "1" / "000").unlink()
    (folder / "1" / "000").write_bytes(whole[32:] + whole[:32])
    found = site.run(*arguments)
    assert found.code in {4, SECURITY}
    assert "tile/8/1/000" in found.stdout
    (folder / "1" / "000").write_bytes(whole)
    site.run(*arguments, expect=OK)


def test_verify_brings_back_what_the_tree_promises(sim: Simulator, site: Site) -> None:
    site.declare(publish={"tree": "public", "heads": [OTHER]})
    site.sync()
    folder = site.tree / "sumdb" / sim.log.name / "tile" / "8"
    for lost in ("1/000", "0/005", "1/001.p/1"):
        (folder / lost).unlink()
    site.run("verify", str(site.tree), "--repair", expect=5)
    site.run("verify", str(site.tree), "--offline", expect=OK)
    for wrong in ("0/005", "1/001.p/2"):
        damaged = folder / wrong
        size = damaged.stat().st_size
        damaged.unlink()
        damaged.write_bytes(b"x" * size)
    site.run("verify", str(site.tree), "--repair", expect=5)
    site.run("verify", str(site.tree), "--offline", expect=OK)
    assert serves(site, sim, OTHER)


@pytest.mark.long
def test_tiles_for_older_heads_travel_once(
    sim: Simulator, machines: Machines, tmp_path: Path
) -> None:
    pair = Pair(tmp_path, sim, machines, modules=[UPPER])
    pair.outside.declare(publish={"tree": "public", "heads": [OTHER]})
    pair.sync()
    full = pair.make()
    shown = pair.run_outside("bundle", "inspect", str(full)).document["bundle"]
    assert shown["old_head_tiles"] == 2  # 1/000 and the leaf
    assert shown["tile_bytes"] >= 2 * 8192
    pair.take(full)
    pair.ack()
    for size in (OTHER, NOT_A_VERSION):
        assert serves(pair.inside, sim, size)
    assert not serves(pair.inside, sim, LATER)
    pair.check()

    # What a log inside asks for goes out, and comes in with the next bundle.
    log, request = tmp_path / "access.log", tmp_path / "tiles.txt"
    leaf = leaf_of(LATER)
    assert leaf is not None
    log.write_text(f'"GET /sumdb/{sim.log.name}/tile/8/0/{leaf:03d}.p/254" 404\n')
    asked = ("publish", "--missing", str(log), "--request", str(request))
    assert pair.run_inside(*asked, expect=MISSING).document["heads"] == [
        {"size": LATER, "served": False, "ahead": False}
    ]
    assert pair.run_inside("publish", expect=MISSING).document["unserved"]
    pair.run_outside("publish", "--missing", str(request))
    more = pair.make()
    shown = pair.run_outside("bundle", "inspect", str(more)).document["bundle"]
    assert (shown["old_head_tiles"], shown["carried"]) == (1, 0)
    pair.take(more)
    pair.ack()
    assert serves(pair.inside, sim, LATER)
    assert pair.run_inside(*asked).document["heads"][0]["served"]
    made = pair.run_outside("bundle", "create", "inside", "--out", str(pair.media))
    assert made.document["result"] == "nothing-new"
    pair.check()

    # The log grows past a tile of level 1: what is full travels, what it replaces goes.
    known = sim.log.size
    sim.log.grow(66_000)
    sim.publish(module(UPPER, "v1.1.0", day=2))
    pair.sync()
    grown = pair.make()
    shown = pair.run_outside("bundle", "inspect", str(grown)).document["bundle"]
    assert 0 < shown["old_head_tiles"] < 4
    pair.take(grown)
    for size in (OTHER, LATER, NOT_A_VERSION, known):
        assert serves(pair.inside, sim, size)
    assert {tile.l for tile in lacking(pair.inside, sim, known + 40_000)} == {0}
    assert {tile.l for tile in lacking(pair.inside, sim, sim.log.size - 300)} == {0}
    pair.check()
    pair.run_inside("verify", str(pair.inside.tree), "--offline")


@pytest.mark.sampled
@pytest.mark.long
def test_killed_between_any_two_steps_the_tree_serves_on(
    sim: Simulator, site: Site
) -> None:
    """A tree grows past a tile of level 1, so that narrow ones go; it is killed."""
    site.sync()
    known = sim.log.size
    sim.log.grow(65_536)
    sim.publish(module(UPPER, "v1.1.0", day=2))
    killed = 0
    with Stepper() as stepper:
        for number in range(5, 5_000, 35 if EVERY_STEP else 80):
            run = stepper.run(site, "sync", "--refresh", "--retry", kill_at=number)
            if run.code != -9:
                assert run.code == OK
                break
            killed += 1
            assert serves(site, sim, known), number
    assert killed > 3
    for size in (OTHER, known, RECORDS - 3, sim.log.size - 1):
        assert not [t for t in lacking(site, sim, size) if t.l], size
    assert serves(site, sim, known)
    site.run("verify", str(site.tree), "--offline", expect=OK)
