"""The selection: added to, narrowed, dropped, and what a prune forgets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.trees import TreeState
from gosync.catalog.versions import FoundBy, Need, State, Want
from gosync.clock import format_time
from gosync.errors import CatalogError, RejectedError
from gosync.gomod.module import ModuleVersion
from tests.unit.catalog.test_versions import M, _mod, _zip

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
A = Want(M, "v1.0.0", Need.ZIP, FoundBy.LIST)
B = Want(M, "v1.1.0", Need.ZIP, FoundBy.LIST)
AS_MOD = replace(A, need=Need.MOD)


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def _select(catalog, *wants, complete=True, now=NOW):
    change = catalog.selected.select(wants, complete=complete, now=now)
    return (change.added, change.widened, change.dropped)


def _row(catalog, want=A):
    return catalog.versions.get(want.mv)


def _how(catalog, want=A):
    row = _row(catalog, want)
    return (row.state, row.need, row.selected, row.unselected_at)


def _due(catalog, now=NOW):
    return [row.version for row in catalog.selected.unselected(now)]


def test_what_is_selected_is_wanted_once(catalog):
    assert _select(catalog, A, B) == (2, 0, 0)
    assert _how(catalog) == (State.WANTED, Need.ZIP, Need.ZIP, None)
    wal = catalog.path.with_name(catalog.path.name + "-wal")
    before = wal.read_bytes()
    assert _select(catalog, A, B) == (0, 0, 0)
    assert wal.read_bytes() == before, "an unchanged selection writes nothing"


def test_what_was_carried_waits_for_a_prune_and_may_come_back(catalog):
    _select(catalog, A, B)
    catalog.versions.admit([_zip("v1.0.0"), _zip("v1.1.0")])
    assert _select(catalog, B, complete=False) == (0, 0, 0)
    assert _due(catalog) == []
    assert _select(catalog, B) == (0, 0, 1)
    assert _select(catalog, B, now=LATER) == (0, 0, 0)
    assert _how(catalog) == (State.PRESENT, Need.ZIP, None, format_time(NOW))
    assert _due(catalog, NOW - timedelta(seconds=1)) == []
    assert _due(catalog) == ["v1.0.0"]
    _select(catalog, A, B)
    assert _how(catalog) == (State.PRESENT, Need.ZIP, Need.ZIP, None)
    assert _due(catalog, LATER) == []


def test_what_nobody_ever_had_goes_with_its_failure(catalog):
    _select(catalog, A, B)
    error = RejectedError("bad")
    catalog.versions.mark(ModuleVersion(M, "v1.0.0"), State.REJECTED)
    catalog.failures.record(
        ModuleVersion(M, "v1.0.0"), kind="version", error=error, now=NOW
    )
    assert _select(catalog, B) == (0, 0, 1)
    assert _row(catalog) is None
    assert catalog.failures.open() == []


def test_what_upstream_does_not_have_is_remembered(catalog):
    """Else the index's name for it would be taken up anew with every selection."""
    _select(catalog, A)
    catalog.versions.mark(ModuleVersion(M, "v1.0.0"), State.GONE)
    assert _select(catalog) == (0, 0, 1)
    assert catalog.versions.gone() == {ModuleVersion(M, "v1.0.0"): ""}
    assert _due(catalog, LATER) == []


def test_a_zip_that_is_wanted_no_more_is_narrowed_by_a_prune(catalog):
    _select(catalog, A)
    catalog.versions.admit([_zip("v1.0.0")])
    _select(catalog, AS_MOD, complete=False)
    assert _how(catalog) == (State.PRESENT, Need.ZIP, Need.ZIP, None)
    _select(catalog, AS_MOD)
    assert _how(catalog) == (State.PRESENT, Need.ZIP, Need.MOD, format_time(NOW))
    assert _due(catalog) == ["v1.0.0"]
    catalog.selected.narrow([ModuleVersion(M, "v1.0.0")])
    assert _how(catalog) == (State.PRESENT, Need.MOD, Need.MOD, None)
    row = _row(catalog)
    assert (row.carried, row.changed) == (Need.MOD, 2)
    assert row.info_digest is not None
    assert _select(catalog, AS_MOD) == (0, 0, 0)
    assert _select(catalog, A) == (0, 1, 0)
    assert _how(catalog) == (State.WANTED, Need.ZIP, Need.ZIP, None)


@pytest.mark.parametrize("state", [State.FAILED, State.REJECTED, State.OMITTED])
def test_a_zip_that_never_came_is_not_asked_for_when_the_mod_is_enough(catalog, state):
    _select(catalog, A, B)
    catalog.versions.admit(
        [replace(_mod("v1.0.0"), need=Need.ZIP, state=State.OMITTED)]
    )
    for want in (A, B):
        catalog.versions.mark(want.mv, state)
        error = RejectedError("bad")
        catalog.failures.record(
            ModuleVersion(M, want.version), kind="zip", error=error, now=NOW
        )
    _select(catalog, AS_MOD, replace(B, need=Need.MOD))
    assert _how(catalog) == (State.PRESENT, Need.MOD, Need.MOD, None)
    assert _how(catalog, B) == (State.WANTED, Need.MOD, Need.MOD, None)
    assert [f.version for f in catalog.failures.open()] == ["v1.1.0"], "healed"


def test_an_omitted_zip_is_asked_for_when_a_larger_one_is_wanted(catalog):
    small = replace(A, max_zip_bytes=10)
    _select(catalog, small)
    omitted = replace(_mod("v1.0.0"), need=Need.ZIP, state=State.OMITTED)
    catalog.versions.admit([omitted])
    assert _how(catalog)[0] is State.OMITTED
    assert _row(catalog).carried is Need.MOD
    assert list(catalog.versions.all_wanted(LATER)) == []
    _select(catalog, replace(A, max_zip_bytes=5))
    assert _how(catalog)[0] is State.OMITTED
    _select(catalog, A)
    assert _how(catalog)[0] is State.WANTED
    assert _row(catalog).max_zip_bytes is None


def test_what_a_command_asked_for_stays_until_it_is_released(catalog):
    asked = replace(A, found_by=FoundBy.COMMAND)
    _select(catalog, AS_MOD)
    catalog.versions.admit([_mod("v1.0.0")])
    assert _select(catalog, asked, complete=False) == (0, 1, 0)
    catalog.versions.admit([_zip("v1.0.0")])
    for wants in ([AS_MOD], []):
        assert _select(catalog, *wants) == (0, 0, 0)
        assert _how(catalog) == (State.PRESENT, Need.ZIP, Need.ZIP, None)
    assert catalog.selected.release_asked() == 1
    assert _select(catalog) == (0, 0, 1)
    assert _due(catalog) == ["v1.0.0"]


def test_a_command_for_less_takes_nothing_away(catalog):
    _select(catalog, A)
    asked = replace(AS_MOD, found_by=FoundBy.COMMAND)
    _select(catalog, asked, complete=False)
    assert _how(catalog) == (State.WANTED, Need.ZIP, Need.ZIP, None)


def test_a_tombstone_stays_until_every_tree_has_followed(catalog):
    _select(catalog, A)
    catalog.versions.admit([_zip("v1.0.0")])
    _select(catalog)
    catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
    row = _row(catalog)
    assert (row.state, row.carried, row.info_digest) == (State.FORGOTTEN, None, None)
    assert (row.changed, row.unselected_at) == (2, None)
    assert catalog.versions.digests() == set()
    for tree, seq in (("/a", 2), ("/b", 1)):
        catalog.trees.put(TreeState(tree, seq, "", ""))
    assert catalog.selected.drop_tombstones() == 0
    catalog.trees.put(TreeState("/b", 2, "", ""))
    assert catalog.selected.drop_tombstones() == 1
    assert _row(catalog) is None


@pytest.mark.parametrize("need", Need)
def test_a_tombstone_that_is_wanted_again_is_like_new(catalog, need):
    for again in (
        lambda want: _select(catalog, want),
        lambda want: catalog.versions.want([want]),
    ):
        _select(catalog, A)
        catalog.versions.admit([_zip("v1.0.0")])
        _select(catalog)
        catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
        again(Want(M, "v1.0.0", need, FoundBy.PROJECT))
        row = _row(catalog)
        assert (row.state, row.need) == (State.WANTED, need)
        assert row.found_by is FoundBy.PROJECT
        assert row.changed > 0, "a tree may still have it"


def test_what_names_a_version_stays_until_it_is_selected_for_something_else(catalog):
    def found(by, *, complete=True):
        _select(catalog, replace(A, found_by=by), complete=complete)
        return _row(catalog).found_by

    assert found(FoundBy.LIST) is FoundBy.LIST
    assert found(FoundBy.INDEX) is FoundBy.LIST, "first"
    assert found(FoundBy.DEPENDENCY, complete=False) is FoundBy.LIST
    assert found(FoundBy.DEPENDENCY) is FoundBy.DEPENDENCY
    assert found(FoundBy.PROJECT) is FoundBy.DEPENDENCY
    assert found(FoundBy.CONFIG, complete=False) is FoundBy.CONFIG
    assert found(FoundBy.TOOLCHAIN) is FoundBy.TOOLCHAIN
    assert found(FoundBy.COMMAND) is FoundBy.COMMAND
    assert found(FoundBy.DEPENDENCY) is FoundBy.COMMAND, "a command's stays"


def test_what_is_selected_cannot_be_forgotten(catalog):
    _select(catalog, A)
    catalog.versions.admit([_zip("v1.0.0")])
    catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
    catalog.selected.narrow([ModuleVersion(M, "v1.0.0")])
    assert _row(catalog).carried is Need.ZIP
    with pytest.raises(CatalogError, match="constraint"):
        catalog._connection.write("UPDATE versions SET state = 'forgotten'")


def test_a_rebuilt_catalog_unselects_what_is_not_selected(catalog):
    catalog.versions.admit([_zip("v1.0.0"), _zip("v1.1.0")])
    assert _select(catalog, B, complete=False) == (0, 0, 0)
    assert _due(catalog, LATER) == []
    assert _select(catalog, B) == (0, 0, 1)
    assert _due(catalog) == ["v1.0.0"]


def test_a_go_mod_that_was_only_read_is_published_once_it_is_selected(catalog):
    read = Want(M, "v1.0.0", Need.MOD, FoundBy.DEPENDENCY)
    catalog.versions.want([read])
    catalog.versions.admit([_mod("v1.0.0")])
    assert _row(catalog).published is None
    assert _select(catalog) == (0, 0, 0)
    assert catalog.versions.carried_paths() == catalog.records.ids() == []
    before = catalog.versions.last_change()
    _select(catalog, read)
    assert _row(catalog).published is Need.MOD
    assert _row(catalog).changed == catalog.versions.last_change() == before + 1
    assert catalog.versions.carried_paths() == [M]


def test_a_large_selection_is_compared_quickly(catalog):
    wants = [Want(f"m{n % 500}", f"v1.{n}.0") for n in range(20_000)]
    assert _select(catalog, *wants) == (20_000, 0, 0)
    start = time.process_time()
    assert _select(catalog, *wants) == (0, 0, 0)
    assert time.process_time() - start < 1.0
