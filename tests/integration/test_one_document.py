"""A run prints one document: what it did, or why it failed, and never both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.offered import offer
from tests.integration.pair import Machines, Pair
from tests.integration.site import OK, STORE, Site
from tests.simulator import Simulator

MODULE = "told.example/m"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        offer(sim, MODULE, "v1.0.0")
        yield sim


def _refuse_status(site: Site) -> None:
    """Leave something at the place of status.json that no file replaces."""
    status = site.tree / "status.json"
    status.unlink(missing_ok=True)
    (status / "kept").mkdir(parents=True)


@pytest.mark.parametrize("command", ["sync", "publish", "prune"])
def test_a_status_that_cannot_be_written_is_the_only_answer(
    tmp_path: Path, sim: Simulator, command: str
) -> None:
    site = Site(tmp_path, sim, modules=[MODULE])
    site.run("sync", expect=OK)
    _refuse_status(site)
    failed = site.run(command, expect=STORE)
    assert failed.stdout == ""
    assert "Is a directory" in failed.document["message"]


def test_an_import_whose_status_cannot_be_written_says_that_alone(
    tmp_path: Path, sim: Simulator
) -> None:
    with Machines() as machines:
        pair = Pair(tmp_path, sim, machines, modules=[MODULE])
        pair.sync()
        bundle = pair.make()
        pair.take(bundle)
        _refuse_status(pair.inside)
        failed = pair.take(bundle, expect=STORE)
        assert failed.stdout == ""
        assert "Is a directory" in failed.document["message"]
