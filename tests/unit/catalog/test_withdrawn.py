"""Withdrawn versions and tombstones: what the schema's triggers keep true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow, Want
from gosync.catalog.withdrawn import ToldBy, Withdrawal, undone
from gosync.catalog.withdrawn_table import digest_of
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LATER = NOW + timedelta(days=400)
M = "example.com/m"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def row(version: str = "v1.0.0", **changes: object) -> VersionRow:
    whole = VersionRow(
        M,
        version,
        info_digest="a" * 64,
        info_bytes=1,
        mod_digest="b" * 64,
        mod_bytes=1,
        mod_h1="h1:m",
        zip_digest="c" * 64,
        zip_bytes=1,
        zip_h1="h1:z",
        proof=Proof.PINNED,
    )
    return replace(whole, **changes)


def withdrawal(version: str = "v1.0.0", **changes: object) -> Withdrawal:
    one = Withdrawal(
        path=M, version=version, reason="stolen key", withdrawn_at="2026-11-26T00"
    )
    return replace(one, **changes)


def found(catalog: Catalog, version: str = "v1.0.0") -> VersionRow:
    row = catalog.versions.get(ModuleVersion(M, version))
    assert row is not None
    return row


def test_a_withdrawn_version_is_kept_and_neither_shown_nor_due_nor_missing(
    catalog: Catalog,
) -> None:
    catalog.versions.admit([row()])
    catalog.selected.select(
        [Want(M, "v1.0.0"), Want(M, "v1.1.0")], complete=True, now=NOW
    )
    seq = catalog.versions.last_change()
    catalog.withdrawn.put([withdrawal(), withdrawal("v1.1.0")])
    assert found(catalog).withdrawn
    assert found(catalog).published is None
    assert found(catalog).carried is Need.ZIP
    assert found(catalog).changed > seq, "trees follow"
    assert list(catalog.versions.all_wanted(LATER)) == []
    assert catalog.selected.missing() == 0
    assert catalog.versions.counts()[State.PRESENT] == 0
    assert catalog.versions.digests() == {"a" * 64, "b" * 64, "c" * 64}
    assert catalog.arrivals.newest(limit=9) == []
    catalog.versions.admit([row(), row("v1.1.0")])
    assert found(catalog).withdrawn, "whatever is admitted later"
    assert found(catalog, "v1.1.0").published is None


def test_a_withdrawn_version_is_not_pruned(catalog: Catalog) -> None:
    catalog.versions.admit([row()])
    catalog.withdrawn.put([withdrawal()])
    catalog.selected.select([], complete=True, now=NOW)
    assert catalog.selected.unselected(LATER) == []
    catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
    assert found(catalog).carried is Need.ZIP
    catalog.withdrawn.put([undone(withdrawal(), NOW)])
    assert [each.version for each in catalog.selected.unselected(LATER)] == ["v1.0.0"]


def test_what_is_withdrawn_before_it_is_known_never_comes(catalog: Catalog) -> None:
    catalog.withdrawn.put([withdrawal()])
    assert catalog.versions.carried_paths() == [M], "its page says why"
    catalog.versions.want([Want(M, "v1.0.0", found_by=FoundBy.LIST)])
    assert found(catalog).withdrawn
    assert list(catalog.versions.all_wanted(LATER)) == []


def test_who_withdrew_must_undo(catalog: Catalog) -> None:
    catalog.versions.admit([row()])
    ours, theirs = withdrawal(), withdrawal(told_by=ToldBy.BUNDLE, reason="theirs")
    catalog.withdrawn.put([theirs, ours])
    assert catalog.withdrawn.get(ModuleVersion(M, "v1.0.0")) == ours
    assert catalog.withdrawn.all() == catalog.withdrawn.of(M) == [ours]
    assert catalog.withdrawn.told_by(ToldBy.BUNDLE) == [theirs]
    catalog.withdrawn.put([undone(ours, NOW)])
    assert found(catalog).withdrawn
    assert catalog.withdrawn.get(ModuleVersion(M, "v1.0.0")) == theirs
    seq = catalog.versions.last_change()
    catalog.withdrawn.put([undone(theirs, NOW)])
    assert not found(catalog).withdrawn
    assert found(catalog).changed > seq
    assert catalog.withdrawn.all() == []
    assert len(catalog.withdrawn.newest(limit=9)) == 2, "they are remembered"


def test_a_bundle_tells_what_was_withdrawn_as_it_was_made(catalog: Catalog) -> None:
    def is_told() -> bool:
        return catalog.withdrawn.is_told("inside", 1, digest_of(withdrawn.all()))

    withdrawn = catalog.withdrawn
    assert is_told(), "there is nothing to tell"
    withdrawn.put([withdrawal()])
    assert not is_told()
    withdrawn.tell("inside", 1, digest_of(withdrawn.all()))
    assert is_told()
    withdrawn.put([undone(withdrawal(), NOW)])
    assert not is_told()


def test_what_was_given_up_has_a_tombstone_until_it_is_whole_again(
    catalog: Catalog,
) -> None:
    catalog.versions.admit([row(), row("v1.1.0"), row("v1.2.0")])
    catalog.selected.select([Want(M, "v1.1.0", Need.MOD)], complete=True, now=NOW)
    assert catalog.tombstones.of(M) == {}
    catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
    catalog.selected.narrow([ModuleVersion(M, "v1.1.0")])
    catalog.versions.withdraw([ModuleVersion(M, "v1.2.0")])
    buried = {"v1.0.0": "", "v1.1.0": "mod", "v1.2.0": ""}
    assert catalog.tombstones.of(M) == buried
    catalog.selected.drop_tombstones()
    assert catalog.tombstones.of(M) == buried, "another tree may follow later"
    catalog.versions.admit([row(), row("v1.1.0"), row("v1.2.0")])
    assert catalog.tombstones.of(M) == {}


def test_a_go_mod_that_was_only_read_leaves_no_tombstone(catalog: Catalog) -> None:
    read = row(
        need=Need.MOD,
        found_by=FoundBy.DEPENDENCY,
        info_digest=None,
        info_bytes=None,
        zip_digest=None,
        zip_bytes=None,
        zip_h1=None,
    )
    catalog.versions.admit([read])
    catalog.selected.forget([ModuleVersion(M, "v1.0.0")])
    assert catalog.tombstones.of(M) == {}
