"""``gosync verify --repair`` beside a sync of one store, and one of them killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.racing import KILLS, WAIT, rounds
from tests.integration.site import OK, Site
from tests.integration.test_side_by_side import MODULES, sim
from tests.simulator import Simulator

__all__ = ["sim"]
_REPAIRED = 5
_REPAIR = ("verify", "--repair", "store")


def _damaged_site(folder: Path, sim: Simulator) -> Site:
    """Return a site that has half of what it selects, and two bad blobs of that."""
    site = Site(folder, sim, modules=MODULES[:2])
    site.sync()
    site.select(MODULES)
    blobs = sorted((site.store / "blobs").rglob("*/*/*"))
    for blob in (blobs[0], blobs[-1]):
        blob.unlink()  # the tree has the same file by another name
    blobs[-1].write_bytes(b"")
    return site


@pytest.mark.sampled
@pytest.mark.timeout(60 + KILLS * 20)
def test_a_repair_beside_a_sync_loses_nothing(tmp_path: Path, sim: Simulator) -> None:
    whole = Site(tmp_path / "alone", sim, modules=MODULES)
    whole.sync()
    commands = [("sync", *WAIT), (*_REPAIR, *WAIT)]
    for site, codes in rounds(
        tmp_path, lambda folder: _damaged_site(folder, sim), commands
    ):
        assert set(codes) <= {OK, _REPAIRED}, codes
        assert site.run(*_REPAIR, expect=None).code in {OK, _REPAIRED}
        assert site.sync().failed == {}
        assert site.tree_files() == whole.tree_files()
        site.check_store()
        site.check_tree(sim)
