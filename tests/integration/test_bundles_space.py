"""Media and disks that are too small: it is said, and nothing half is left.

An import says beforehand whether it fits, and needs no more than it says. A create
cannot know; on a medium that fills up it leaves nothing, and the next one converges.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pair import Machines, Pair, bulky
from tests.integration.site import NO_SPACE, OK, digests, files_below
from tests.integration.test_crash_disk import disk, remount
from tests.integration.wreck import ledger
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

MODULES = 12
STEP_BYTES = 512 << 10
MOST_BYTES = 12 << 20


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with Simulator() as sim, Machines() as machines:
        for number in range(MODULES):
            sim.publish(bulky(f"std.example/bulk{number}"))
        folder = tmp_path_factory.mktemp("pair")
        pair = Pair(folder, sim, machines, modules=["std.example/*"])
        pair.sync()
        yield pair


def test_an_import_that_does_not_fit_says_so_and_writes_nothing(
    pair: Pair, tmp_path: Path
):
    codes: list[int] = []
    full = pair.make()
    for size_bytes in range(4 * STEP_BYTES, MOST_BYTES, STEP_BYTES):
        folder = tmp_path / f"inside{size_bytes}"
        with disk(folder, size_bytes):
            site = pair.new_inside(folder)
            site.declare(store={"path": "store", "min_free": "0"})
            run = pair.take(full, expect=None, site=site)
            codes.append(run.code)
            if run.code == OK:
                pair.check(site)
                break
            assert run.code == NO_SPACE, run.stderr
            assert "bytes free" in run.document["message"], "said, not met"
            assert files_below(site.store / "blobs") == []
    assert codes[-1] == OK
    assert len(codes) > 1


def test_a_medium_that_fills_up_has_no_half_bundle(pair: Pair, tmp_path: Path):
    whole = digests(pair.make("--full"))
    stick = tmp_path / "stick"
    with disk(stick, 128 << 10):
        create = ("bundle", "create", "inside", "--full", "--out", str(stick))
        refused = pair.run_outside(*create, expect=NO_SPACE)
        assert "vol-0001.zst: No space left" in refused.document["message"]
        assert "free some space and run" in refused.document["hint"]
        assert list(stick.iterdir()) == [], "nothing that takes up the space"
        *_, (_, _, number, state) = ledger(pair.outside)
        assert state == "planned"

        remount(stick, "size=4m")
        made = Path(pair.run_outside(*create).document["folder"])
        assert digests(made)["vol-0001.zst"] == whole["vol-0001.zst"]
        *_, sealed = ledger(pair.outside)
        assert sealed[2:] == (number, "sealed")
        site = pair.new_inside(tmp_path / "inside")
        pair.take(made, site=site)
    pair.check(site)
