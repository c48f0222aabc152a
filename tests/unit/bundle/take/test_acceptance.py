"""May this bundle come in at all?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.acceptance import BundleStatus, check_acceptable
from gosync.bundle.take.applying import import_row
from gosync.catalog.db import Catalog
from gosync.catalog.imports import Imports, ImportState
from gosync.errors import RollbackError, UsageError
from tests.unit.bundle.fakes import bundle, entry

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def imports(tmp_path: Path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog.imports


def put(imports: Imports, came: BundleFolder, state: ImportState) -> None:
    imports.put(import_row(came), state, now=NOW)


def check(imports: Imports, came: BundleFolder, target: str = "") -> BundleStatus:
    return check_acceptable(came, imports, target=target)


def test_the_first_bundle_is_new_whatever_its_number(imports: Imports):
    assert check(imports, bundle(7)) is BundleStatus.NEW


def test_what_came_before_is_known_by_its_id(imports: Imports):
    one, three = bundle(1), bundle(3)
    put(imports, one, ImportState.APPLIED)
    put(imports, three, ImportState.STAGED)

    assert check(imports, one) is BundleStatus.APPLIED
    assert check(imports, three) is BundleStatus.STAGED
    assert check(imports, bundle(2)) is BundleStatus.NEW


def test_an_old_number_is_a_rollback(imports: Imports):
    put(imports, bundle(3), ImportState.APPLIED)

    with pytest.raises(RollbackError, match="number 2, this site is at 3"):
        check(imports, bundle(2))


@pytest.mark.parametrize("state", ImportState)
def test_a_number_comes_once(imports: Imports, state: ImportState):
    put(imports, bundle(3), state)

    with pytest.raises(RollbackError, match=r"which .* had before"):
        check(imports, bundle(3, entry("a")))


def test_a_newer_number_with_an_older_time_is_a_rollback(imports: Imports):
    put(imports, bundle(3), ImportState.APPLIED)

    with pytest.raises(RollbackError, match="older time"):
        check(imports, bundle(4, created="2026-11-21T23:59:59.999999Z"))


def test_a_bundle_is_for_one_site(imports: Imports):
    with pytest.raises(UsageError, match="is for t, this site is enclave"):
        check(imports, bundle(1), target="enclave")

    put(imports, bundle(1), ImportState.APPLIED)
    with pytest.raises(UsageError, match="is for u, this site is t"):
        check(imports, bundle(2, target="u"))
