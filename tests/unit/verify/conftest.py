"""One world for all tests of a worker; caches are linked from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator import Simulator
from tests.unit.verify.caches import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Simulator() as sim:
        yield World.build(sim, tmp_path_factory.mktemp("caches"))
