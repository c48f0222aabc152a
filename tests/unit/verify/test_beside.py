"""Acting on gosync's own store while other gosyncs work on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.holders import HolderRow
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.leases import Lease, fetch_lease, verify_lease
from gosync.clock import SystemClock
from gosync.errors import LockedError
from gosync.gomod.module import ModuleVersion
from gosync.site.site import open_site
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


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (holding.MAX_VERSIONS, ["fetch:", "verify:"]),
        (holding.MAX_VERSIONS + 1, ["prune", "select"]),
    ],
)
def test_up_to_256_versions_are_leased_one_by_one(
    world: World, store: Path, count: int, names: list[str]
):
    versions = [ModuleVersion(ALPHA, f"v9.0.{number}") for number in range(count)]
    options = replace(world.site(store.parent), store_path=store)

    with open_site(options, command="gosync verify") as site:
        with holding.hold_versions(site, versions) as others:
            (held,) = site.catalog.leases.names().values()
            assert others == {}
            assert sorted({name.partition(ALPHA)[0] for name in held}) == names
            assert len(held) == (2 if "select" in names else 2 * count)
        assert site.catalog.leases.names() == {}


@pytest.mark.parametrize("most", [0, holding.MAX_VERSIONS])
@pytest.mark.parametrize("action", [Action.REPAIR, Action.QUARANTINE, Action.DELETE])
def test_leases_are_taken_in_the_one_order(
    world: World,
    store: Path,
    action: Action,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
):
    """So that a prune, which has select and prune and waits for the tree, never waits
    for a verify that has the tree and waits for these."""
    taken: list[str] = []
    take = LeaseHolder.try_take_all

    def noting(self: LeaseHolder, names: Sequence[str]) -> dict[str, Lease | HolderRow]:
        if self._connection.path.parent == store:  # not the scratch store's
            taken.extend(names)
        return take(self, names)

    monkeypatch.setattr(LeaseHolder, "try_take_all", noting)
    monkeypatch.setattr(holding, "MAX_VERSIONS", most)
    harm(store, part_of(store, "zip"), Damage.EMPTY)

    report = verify(world, store, action)
    undone = undo(world, store, report) if action is Action.QUARANTINE else []

    assert (report.exit_code, undone) == (5, [])
    kinds = [name.partition(":")[0] for name in taken]
    first = ["verify", "fetch"] if most else ["select", "prune"]
    assert kinds[:3] == [*first, "publish"]
    assert action is not Action.QUARANTINE or kinds[-3:] == [*first, "publish"]


def test_a_row_that_another_run_has_stays_as_it_is_when_others_come_back(
    world: World, store: Path
):
    harm(store, part_of(store, "zip"), Damage.EMPTY)
    report = verify(world, store, Action.QUARANTINE)

    with another(store) as holder, holder.held(fetch_lease(_BAD)):
        (failed,) = undo(world, store, report)

    assert "gosync sync" in failed
