from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.publish.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, records=300) as world:
        yield world


@pytest.fixture(autouse=True)
def _no_barriers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the waits for the disk; where they stand is tested by itself."""
    monkeypatch.setattr(
        "gosync.publish.storage.localtree.sync_filesystem", lambda _: None
    )
