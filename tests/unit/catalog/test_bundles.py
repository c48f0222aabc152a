"""The ledger of bundles, and the table of those that came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.catalog.bundles import BundleKind, BundleRow, BundleState
from gosync.catalog.db import Catalog
from gosync.catalog.imports import ImportRow, ImportState
from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.errors import CatalogError
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
A, B = (ModuleVersion(f"example.com/{each}", "v1.0.0") for each in "ab")


@pytest.fixture
def catalog(tmp_path: Path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def plan(catalog: Catalog, *, base: int | None = None, **keys: object) -> BundleRow:
    keys = {"kind": BundleKind.FULL, "after": 0, "now": NOW, "target": "t"} | keys
    target = str(keys.pop("target"))
    return catalog.bundles.plan(target, base_sequence=base, **keys)  # type: ignore[arg-type]


def seal(
    catalog: Catalog,
    *held: ModuleVersion,
    target: str = "t",
    now: datetime = NOW,
) -> BundleRow:
    row = plan(catalog, target=target, now=now)
    bundle_id = f"{hash((target, row.sequence)) & 0xFFFF:064x}"
    catalog.bundles.write(row, bundle_id, tree_size=row.sequence)
    return catalog.bundles.seal(row, [(mv, Need.ZIP) for mv in held], now=NOW)


def test_sequences_count_by_target_from_one(catalog: Catalog):
    assert [seal(catalog).sequence for _ in range(3)] == [1, 2, 3]
    assert seal(catalog, target="u").sequence == 1


def test_a_killed_create_is_taken_over(catalog: Catalog):
    first = plan(catalog)

    assert plan(catalog, now=LATER) == first
    catalog.bundles.write(first, "a" * 64, tree_size=1)
    again = plan(catalog, now=LATER)
    assert (again.sequence, again.planned_at) == (1, format_time(NOW))
    assert again.state is BundleState.PLANNED


def test_what_would_be_another_bundle_gets_its_own_time(catalog: Catalog):
    seal(catalog)
    plan(catalog)

    other = plan(catalog, kind=BundleKind.INCREMENT, base=1, now=LATER)
    assert (other.sequence, other.planned_at) == (2, format_time(LATER))


def test_a_clock_that_went_back_takes_no_bundle_back(catalog: Catalog):
    ahead = seal(catalog, now=LATER)

    later = plan(catalog, kind=BundleKind.INCREMENT, base=1)
    assert later.planned_at == ahead.planned_at == format_time(LATER)
    assert plan(catalog, target="u").planned_at == format_time(NOW)
    catalog.bundles.revoke(ahead)
    assert plan(catalog).planned_at == format_time(NOW), "it never arrived"


def test_a_site_that_is_further_than_the_ledger_is_not_sent_old_numbers(
    catalog: Catalog,
):
    assert plan(catalog, after=7).sequence == 8


def test_only_what_was_sealed_is_a_base_and_only_acked_by_default(catalog: Catalog):
    bundles = catalog.bundles
    row = plan(catalog)
    bundles.write(row, "a" * 64, tree_size=None)
    assert bundles.base("t", sealed=True) is None

    bundles.seal(row, [], now=NOW)
    sealed = bundles.base("t", sealed=True)
    assert sealed is not None
    assert sealed.sequence == 1
    assert bundles.base("t", sealed=False) is None

    bundles.ack(row, now=LATER)
    assert bundles.base("t", sealed=False) == bundles.get("t", 1)
    seal(catalog)
    assert bundles.base("t", sealed=False) == bundles.get("t", 1)
    assert bundles.base("t", sealed=True) == bundles.get("t", 2)
    assert bundles.base("u", sealed=True) is None


def test_what_a_site_holds_is_kept_while_it_can_be_a_base(catalog: Catalog):
    bundles = catalog.bundles
    first, second, third = seal(catalog, A), seal(catalog, A, B), seal(catalog, B)
    assert bundles.holds(second) == {A: Need.ZIP, B: Need.ZIP}

    bundles.ack(second, now=LATER)
    assert bundles.holds(first) == {}
    assert bundles.holds(second) == {A: Need.ZIP, B: Need.ZIP}
    assert bundles.holds(third) == {B: Need.ZIP}


def test_a_revoked_bundle_is_no_base_and_its_sequence_is_gone(catalog: Catalog):
    bundles = catalog.bundles
    first, second = seal(catalog, A), seal(catalog, A, B)
    bundles.ack(first, now=NOW)
    bundles.revoke(second)

    base = bundles.base("t", sealed=True)
    assert base is not None
    assert base.sequence == 1
    assert bundles.holds(second) == {}
    assert plan(catalog).sequence == 3
    assert bundles.tree_sizes("t") == [1, 2]


def test_a_bundle_is_found_by_how_its_id_begins(catalog: Catalog):
    row = seal(catalog)
    assert row.bundle_id is not None

    assert catalog.bundles.find(row.bundle_id[:60].upper()) == [row]
    assert catalog.bundles.find("f") == []
    assert catalog.bundles.all() == catalog.bundles.all("t") == [row]


def test_nothing_is_sealed_that_was_not_written(catalog: Catalog):
    row = plan(catalog)
    with pytest.raises(CatalogError):
        catalog.bundles.seal(row, [], now=NOW)
    with pytest.raises(CatalogError):
        catalog.bundles.ack(row, now=NOW)


def arrived(sequence: int, bundle_id: str) -> ImportRow:
    created = format_time(NOW)
    return ImportRow(bundle_id * 64, "t", sequence, BundleKind.INCREMENT, created)


def test_imports_are_staged_then_applied(catalog: Catalog):
    imports = catalog.imports
    one, three = arrived(1, "a"), arrived(3, "c")
    assert imports.newest() is None
    imports.put(one, ImportState.APPLIED, now=NOW)
    imports.put(three, ImportState.STAGED, now=NOW)

    newest = imports.newest()
    assert newest is not None
    assert newest.sequence == 1
    assert [each.sequence for each in imports.staged()] == [3]
    imports.put(three, ImportState.APPLIED, now=LATER)
    found = imports.get("c" * 64)
    assert found is not None
    assert found.moved_at == format_time(LATER)
    assert imports.newest() == found
    assert imports.staged() == []
    assert [each.sequence for each in imports.all()] == [1, 3]


def test_a_sequence_comes_in_once(catalog: Catalog):
    catalog.imports.put(arrived(1, "a"), ImportState.APPLIED, now=NOW)
    with pytest.raises(CatalogError):
        catalog.imports.put(arrived(1, "b"), ImportState.STAGED, now=NOW)


def test_only_staged_imports_are_dropped(catalog: Catalog):
    for sequence, name, state in (
        (1, "a", ImportState.APPLIED),
        (2, "b", ImportState.STAGED),
    ):
        catalog.imports.put(arrived(sequence, name), state, now=NOW)
        catalog.imports.drop(name * 64)
    assert [each.sequence for each in catalog.imports.all()] == [1]
