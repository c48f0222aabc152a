"""A clock that was ahead and is right again: nothing waits for what it showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion

T = datetime(2026, 1, 1, tzinfo=UTC)
AHEAD = T + timedelta(days=30)
PATH = "a.example/m"


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as opened:
        opened.modules.track([Module(PATH)])
        yield opened


def _due(catalog: Catalog, now: datetime) -> list[str]:
    found = catalog.modules.due(now, interval_seconds=86_400)
    return [module.path for module in found]


def test_a_list_of_the_future_is_due(catalog: Catalog):
    catalog.modules.listed(
        PATH, AHEAD, list_digest="0" * 64, pseudo_only=False, latest=None
    )

    assert _due(catalog, AHEAD) == []
    assert _due(catalog, T) == [PATH]


def test_a_next_try_further_off_than_any_wait_is_due(catalog: Catalog):
    error = UnavailableError("no answer")
    for _ in range(9):
        catalog.failures.record(
            ModuleVersion(PATH, ""), kind="list", error=error, now=AHEAD
        )
    assert _due(catalog, T) == []

    assert catalog.failures.settle_clock(T) == 1

    assert _due(catalog, T) == [PATH]
    assert catalog.failures.settle_clock(T) == 0


def test_an_honest_wait_is_left_alone(catalog: Catalog):
    error = UnavailableError("no answer")
    for _ in range(40):
        catalog.failures.record(
            ModuleVersion(PATH, ""), kind="list", error=error, now=T
        )
    before = catalog.failures.get(ModuleVersion(PATH, ""))

    assert catalog.failures.settle_clock(T) == 0
    assert catalog.failures.get(ModuleVersion(PATH, "")) == before
