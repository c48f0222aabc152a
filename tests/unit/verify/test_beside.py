"""Acting on gosync's own store while other gosyncs work on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.leases import fetch_lease, verify_lease
from gosync.clock import SystemClock
from gosync.errors import LockedError
from gosync.verify.act.plan import Action
from gosync.verify.ownstore import holding
from tests.unit.verify.caches import ALPHA, World
from tests.unit.verify.damage import Damage, harm
from tests.unit.verify.test_matrix_store import part_of, undo, verify

_BAD = f"{ALPHA}@v1.1.0"


@contextmanager
def another(store: Path) -> Iterator[LeaseHolder]:
    """Let another run have the store open."""
    with (
        Catalog.open(store / "catalog.sqlite", create=False) as catalog,
        catalog.hold(command="gosync sync", clock=SystemClock()) as holder,
    ):
        yield holder


@pytest.mark.parametrize("action", [Action.REPAIR, Action.QUARANTINE, Action.DELETE])
def test_another_run_that_has_other_versions_is_no_hindrance(
    world: World, store: Path, action: Action
):
    harm(store, part_of(store, "zip"), Damage.EMPTY)

    with another(store) as holder, holder.held(fetch_lease(f"{ALPHA}@v1.0.0")):
        report = verify(world, store, action)

    assert report.exit_code == 5
    assert verify(world, store).exit_code == 0


@pytest.mark.parametrize("action", [Action.REPAIR, Action.QUARANTINE, Action.DELETE])
@pytest.mark.parametrize("lease", [fetch_lease(_BAD), verify_lease(_BAD)])
def test_a_version_that_another_run_has_is_left(
    world: World, store: Path, action: Action, lease: str
):
    part = part_of(store, "zip")
    harm(store, part, Damage.EMPTY)

    with another(store) as holder, holder.held(lease):
        report = verify(world, store, action)

    assert report.exit_code == 4
    (left,) = (each for each in report.done if each.action == "left")
    assert (left.path, "gosync sync" in left.failed) == (_BAD, True)
    assert (store / part.path).read_bytes() == b""
    assert verify(world, store, action).exit_code == 5  # once it is free


def test_a_blob_that_another_run_relies_on_is_kept(world: World, store: Path):
    part = part_of(store, "zip")
    harm(store, part, Damage.EMPTY)

    with another(store) as holder:
        holder.announce([part.path.rpartition("/")[2]])
        report = verify(world, store, Action.DELETE)

    assert [each.action for each in report.done if each.path == part.path] == ["kept"]
    assert (store / part.path).exists()


def test_many_versions_are_leased_as_a_selection(
    world: World, store: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(holding, "MAX_VERSIONS", 0)
    harm(store, part_of(store, "zip"), Damage.EMPTY)

    with (
        another(store) as holder,
        holder.held("select"),
        pytest.raises(LockedError, match="select"),
    ):
        verify(world, store, Action.QUARANTINE)

    assert verify(world, store, Action.QUARANTINE).exit_code == 5


def test_a_row_that_another_run_has_stays_as_it_is_when_others_come_back(
    world: World, store: Path
):
    harm(store, part_of(store, "zip"), Damage.EMPTY)
    report = verify(world, store, Action.QUARANTINE)

    with another(store) as holder, holder.held(fetch_lease(_BAD)):
        (failed,) = undo(world, store, report)

    assert "gosync sync" in failed
