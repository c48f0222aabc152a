"""Older heads, and what a bundle's site has for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.catalog.bundles import BundleKind
from gosync.catalog.db import Catalog
from gosync.catalog.old_heads import HeadSource
from gosync.catalog.versions import Proof, VersionRow, Want

NOW = datetime(2026, 11, 26, tzinfo=UTC)
A, B = "sum.a.example", "sum.b.example"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def test_a_head_is_remembered_once_and_for_its_own_log(catalog: Catalog) -> None:
    heads = catalog.old_heads
    assert heads.add(A, [7, 5, 5], HeadSource.SEEN, now=NOW) == 2
    assert heads.add(A, [5, 6], HeadSource.NAMED, now=NOW) == 1
    assert heads.add(B, [9], HeadSource.ASKED, now=NOW) == 1
    assert heads.sizes(A) == [5, 6, 7]
    assert heads.sizes("none") == []


def test_records_are_told_by_the_times_of_the_index(catalog: Catalog) -> None:
    times = {5: "2024-05-01T00:00:00Z", 3: "2024-03-01T00:00:00Z", 9: None}
    for record, time in times.items():
        path = f"example.com/m{record}"
        catalog.versions.want([Want(path, "v1.0.0", index_time=time)])
        row = VersionRow(
            path,
            "v1.0.0",
            index_time=time,
            info_digest="a" * 64,
            info_bytes=1,
            mod_digest="b" * 64,
            mod_bytes=1,
            mod_h1="h1:x",
            zip_digest="c" * 64,
            zip_bytes=1,
            zip_h1="h1:y",
            proof=Proof.SUMDB,
            record_id=record,
            record_text=b"x",
        )
        catalog.versions.admit([row])
    since = catalog.old_heads.records_since
    assert since("2024-04-01T00:00:00Z") == [(3, False), (5, True)]
    assert since("2024-05-01T00:00:00Z") == [(3, False), (5, True)]


def test_tiles_of_a_bundle_are_forgotten_with_what_its_site_holds(
    catalog: Catalog,
) -> None:
    bundles, sealed = catalog.bundles, []
    spans = {0: ((5, 5), (7, 9)), 1: ((0, 3),)}
    for number in (1, 2):
        row = bundles.plan(
            "t", kind=BundleKind.FULL, base_sequence=None, after=0, now=NOW
        )
        bundles.write(row, str(number) * 64, tree_size=10)
        sealed.append(bundles.seal(row, [], spans, now=NOW))
    assert bundles.tiles(sealed[0]) == bundles.tiles(sealed[1]) == spans
    bundles.ack(sealed[1], now=NOW)
    assert bundles.tiles(sealed[0]) == {}
    assert bundles.tiles(sealed[1]) == spans
    bundles.restore(sealed[1])
    assert bundles.tiles(sealed[1]) == {}
