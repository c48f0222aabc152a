from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.catalog.bundles import BundleKind, BundleRow
from gosync.catalog.db import Catalog
from gosync.catalog.held_sets import digest_of_set, format_set
from gosync.catalog.versions import Need
from gosync.errors import CatalogError
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 27, tzinfo=UTC)
A = ModuleVersion("a.example/m", "v1.0.0")
B = ModuleVersion("b.example/m", "v1.0.0")
HOLDS = {A: Need.ZIP, B: Need.MOD}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def seal(catalog: Catalog, target: str, holds: dict[ModuleVersion, Need]) -> BundleRow:
    row = catalog.bundles.plan(
        target, kind=BundleKind.FULL, base_sequence=None, after=0, now=NOW
    )
    identity = f"{target}{row.sequence}".encode().hex().zfill(64)
    catalog.bundles.write(row, identity, tree_size=1)
    return catalog.bundles.seal(row, holds.items(), now=NOW)


def sets(catalog: Catalog) -> int:
    row = catalog.bundles._connection.row("SELECT count(*) FROM held_sets")
    assert row is not None
    return int(row[0])


def test_targets_that_have_the_same_share_it(catalog: Catalog) -> None:
    rows = [seal(catalog, f"t{number}", HOLDS) for number in range(3)]
    assert sets(catalog) == 1
    for row in rows:
        assert catalog.bundles.holds(row) == HOLDS
        assert catalog.bundles.held_digest(row) == digest_of_set(HOLDS.items())


def test_a_set_that_nobody_holds_goes(catalog: Catalog) -> None:
    first, second = seal(catalog, "t", HOLDS), seal(catalog, "u", HOLDS)
    newer = seal(catalog, "t", {A: Need.ZIP})
    assert sets(catalog) == 2
    catalog.bundles.ack(newer, now=NOW)
    assert catalog.bundles.holds(first) == {}
    assert catalog.bundles.holds(second) == HOLDS
    catalog.bundles.revoke(second)
    assert sets(catalog) == 1
    assert catalog.bundles.held_digest(second) is None


def test_a_set_has_one_name_whatever_its_order() -> None:
    backwards = dict(reversed(HOLDS.items()))
    assert format_set(HOLDS.items()) == format_set(backwards.items())
    assert digest_of_set(HOLDS.items()) != digest_of_set({A: Need.ZIP}.items())
    assert digest_of_set(HOLDS.items()) != digest_of_set({**HOLDS, A: Need.MOD}.items())


@pytest.mark.parametrize("packed", [b"", b"[]", b"\x78\x01nonsense", b'{"a":{"b":1}}'])
def test_a_damaged_set_is_a_damaged_catalog(catalog: Catalog, packed: bytes) -> None:
    row = seal(catalog, "t", HOLDS)
    catalog.bundles._connection.write("UPDATE held_sets SET packed = ?", (packed,))
    with pytest.raises(CatalogError, match="makes no sense"):
        catalog.bundles.holds(row)
