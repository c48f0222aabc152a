"""Pulled versions: no selection drops them, and one that wants them takes them over."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, State, Want
from tests.unit.catalog.test_versions import M, _mod, _zip

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
A = Want(M, "v1.0.0", Need.ZIP, FoundBy.LIST)
AS_MOD = replace(A, need=Need.MOD)


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def _pull(catalog, row, need=Need.ZIP):
    catalog.versions.admit([replace(row, need=need, found_by=FoundBy.CONFIG)])
    catalog.pulled.pull(row.mv, need, NOW)


def _how(catalog):
    row = catalog.versions.get(A.mv)
    return (row.state, row.selected, row.found_by, catalog.pulled.has(A.mv))


def test_no_selection_drops_what_was_pulled(catalog):
    _pull(catalog, _zip("v1.0.0"))
    catalog.selected.select([], complete=True, now=LATER)
    catalog.selected.release_asked()

    assert _how(catalog) == (State.PRESENT, Need.ZIP, FoundBy.COMMAND, True)


def test_what_a_select_wants_as_well_is_the_selects(catalog):
    _pull(catalog, _zip("v1.0.0"))
    catalog.selected.select([A], complete=True, now=LATER)
    assert not catalog.pulled.has(A.mv)
    catalog.selected.select([], complete=True, now=LATER)

    assert catalog.versions.get(A.mv).selected is None


def test_a_mod_that_a_select_wants_stays_when_the_zip_is_let_go(catalog):
    catalog.selected.select([AS_MOD], complete=True, now=NOW)
    catalog.versions.admit([replace(_mod("v1.0.0"), need=Need.MOD)])
    _pull(catalog, _zip("v1.0.0"))
    catalog.selected.select([AS_MOD], complete=True, now=LATER)
    [pulled] = catalog.pulled.latest_first()
    assert (pulled.base, pulled.used_on) == (Need.MOD, "2026-11-22")

    catalog.pulled.release([A.mv], LATER)
    row = catalog.versions.get(A.mv)
    assert (row.selected, row.unselected_at is None) == (Need.MOD, False)
    assert [each.version for each in catalog.selected.unselected(LATER)] == ["v1.0.0"]


def test_what_is_selected_whole_is_not_pulled(catalog):
    catalog.selected.select([A], complete=True, now=NOW)
    _pull(catalog, _zip("v1.0.0"))

    assert not catalog.pulled.has(A.mv)


def test_use_is_counted_by_the_day(catalog):
    _pull(catalog, _zip("v1.0.0"))

    assert catalog.pulled.use([A.mv], NOW) == 0
    assert catalog.pulled.use([A.mv], LATER) == 1
    assert catalog.pulled.latest_first()[0].used_on == "2026-11-23"


def test_a_forgotten_version_is_pulled_no_more(catalog):
    _pull(catalog, _zip("v1.0.0"))
    catalog.pulled.release([A.mv], NOW)
    catalog.selected.forget([A.mv])

    assert catalog.pulled.latest_first() == []
    assert catalog.versions.get(A.mv).state is State.FORGOTTEN
