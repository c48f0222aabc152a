from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.bundle.outside import Outside


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Outside(tmp_path / "outside") as outside:
        yield outside
