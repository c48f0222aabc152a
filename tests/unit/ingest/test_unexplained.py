"""Blobs that the journal names and the catalog does not explain are never freed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Proof, VersionRow, Want
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import forget_entry, narrow_entry, version_entry
from gosync.ingest.unexplained import unexplained
from gosync.store.digest import Digest, digest_of
from gosync.store.journal import Journal
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store

NOW = datetime(2026, 11, 26, tzinfo=UTC)
M = "example.com/m"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    open_store(tmp_path / "var")
    return LocalJournal(tmp_path / "var")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def row(version: str, salt: str = "") -> VersionRow:
    info, mod, zip_ = (digest_of(f"{version}{n}{salt}".encode()) for n in range(3))
    return VersionRow(
        M,
        version,
        info_digest=info,
        info_bytes=1,
        mod_digest=mod,
        mod_bytes=1,
        mod_h1="h1:m",
        zip_digest=zip_,
        zip_bytes=1,
        zip_h1="h1:z",
        proof=Proof.PINNED,
    )


def blobs(*rows: VersionRow) -> dict[Digest, int]:
    return {
        Digest(digest): 1
        for each in rows
        for digest in (each.info_digest, each.mod_digest, each.zip_digest)
        if digest is not None
    }


def test_what_the_catalog_never_heard_of_stays(
    journal: Journal, catalog: Catalog
) -> None:
    known, lost, offered = row("v1.0.0"), row("v1.1.0"), row("v1.2.0")
    journal.append(map(version_entry, (known, lost, offered)))
    catalog.versions.admit([known])
    catalog.versions.want([Want(M, "v1.2.0", found_by=FoundBy.LIST)])
    orphan = {digest_of(b"of a killed run"): 1}
    found = unexplained(journal, catalog, blobs(lost, offered) | orphan)
    assert found == blobs(lost, offered).keys()


def test_what_was_given_up_goes(journal: Journal, catalog: Catalog) -> None:
    whole, narrowed, again = row("v1.0.0"), row("v1.1.0"), row("v1.2.0")
    other = row("v1.2.0", salt="other bytes, the same h1")
    journal.append(map(version_entry, (whole, narrowed, again, other)))
    journal.append(
        [
            forget_entry(ModuleVersion(M, "v1.0.0")),
            narrow_entry(ModuleVersion(M, "v1.1.0")),
        ]
    )
    catalog.versions.admit([other])
    candidates = blobs(whole, narrowed, again)
    assert (
        unexplained(journal, catalog, candidates)
        == blobs(replace(narrowed, zip_digest=None)).keys()
    ), "of what the catalog lost, less what was given up"


def test_a_tombstone_explains_what_was_withdrawn_and_not_journalled(
    journal: Journal, catalog: Catalog
) -> None:
    damaged = row("v1.0.0")
    journal.append([version_entry(damaged)])
    catalog.versions.admit([damaged])
    catalog.versions.withdraw([ModuleVersion(M, "v1.0.0")])
    assert unexplained(journal, catalog, blobs(damaged)) == set()
    catalog.selected.select([], complete=True, now=NOW)
    catalog.selected.drop_tombstones()
    assert unexplained(journal, catalog, blobs(damaged)) == set()


def test_a_blob_that_two_versions_share_stays_for_the_one(
    journal: Journal, catalog: Catalog
) -> None:
    gone, lost = row("v1.0.0"), row("v1.1.0")
    lost = replace(lost, mod_digest=gone.mod_digest)
    journal.append(
        [
            version_entry(gone),
            version_entry(lost),
            forget_entry(ModuleVersion(M, "v1.0.0")),
        ]
    )
    assert unexplained(journal, catalog, blobs(gone, lost)) == blobs(lost).keys()


def test_without_such_blobs_the_journal_is_not_read(
    journal: Journal, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "read", lambda _: pytest.fail("it was read"))
    assert unexplained(journal, catalog, {}) == set()
