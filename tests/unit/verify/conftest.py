"""One world for all tests of a worker, and one store; they are linked from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.store.localquarantine import LocalQuarantine
from gosync.store.staging import Readable
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.unit.verify.caches import ALPHA, BETA, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Simulator() as sim:
        yield World.build(sim, tmp_path_factory.mktemp("caches"))


@pytest.fixture(scope="session")
def synced(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that a sync made, with two refusals in its quarantine."""
    site = Site(tmp_path_factory.mktemp("synced"), world.sim, modules=[ALPHA, BETA])
    site.sync()
    for subject in ("one", "two"):
        files: dict[str, Readable | bytes] = {"answer": f"evil {subject}".encode()}
        LocalQuarantine(site.store).keep(subject, "a rule", evidence={}, files=files)
    return site.store


@pytest.fixture
def store(synced: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(synced, tmp_path / "store", copy_function=_copy))


def _copy(source: str, target: str) -> None:
    """Link what is only ever replaced, and copy what is written to."""
    is_written = "/journal/" in source or "/catalog" in source
    (shutil.copy2 if is_written else os.link)(source, target)
