"""Catalogs of these tests are made by the migrations."""

from __future__ import annotations

import pytest

from tests.newcatalogs import made_by_migrations


@pytest.fixture(autouse=True)
def _made_by_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    made_by_migrations(monkeypatch)
