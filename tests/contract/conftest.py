from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.storages import NAMES, Storage, each_storage


@pytest.fixture(params=NAMES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with each_storage(request.param, tmp_path) as storage:
        yield storage
