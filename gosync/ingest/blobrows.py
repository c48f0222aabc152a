"""Journaled versions against blobs: which are whole, and which blobs none names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.artifact import Artifact
from gosync.catalog.versions import VersionRow
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.staging import digest_of_readable


def _blobs_of(row: VersionRow) -> Iterator[tuple[Digest, int]]:
    """Yield the digest and size of each blob that a row names."""
    for digest, size_bytes in row.blobs().values():
        # A size that the journal lacks is one that no blob has.
        yield Digest(digest), -1 if size_bytes is None else size_bytes


def whole_rows(
    blobs: BlobStore, rows: Iterable[VersionRow], *, rehash: bool
) -> tuple[list[VersionRow], list[VersionRow]]:
    """Return the rows whose blobs are all there, and those of which one is not.

    Args:
        blobs: The store's.
        rows: The rows.
        rehash: Whether to read every blob and compare its digest, too.

    Raises:
        StoreError: a blob cannot be read.
    """
    good: dict[Digest, bool] = {}
    present: list[VersionRow] = []
    missing: list[VersionRow] = []
    for row in rows:
        whole = True
        for digest, size_bytes in _blobs_of(row):
            if digest not in good:
                good[digest] = _is_good(blobs, digest, size_bytes, rehash=rehash)
            whole = whole and good[digest]
        (present if whole else missing).append(row)
    return present, missing


def _is_good(
    blobs: BlobStore, digest: Digest, size_bytes: int, *, rehash: bool
) -> bool:
    if not blobs.exists(digest, size_bytes=size_bytes):
        return False
    if not rehash:
        return True
    with blobs.open(digest) as blob:
        return digest_of_readable(blob) == digest


def whole_artifacts(
    blobs: BlobStore, artifacts: Iterable[Artifact], *, rehash: bool
) -> tuple[list[Artifact], list[Artifact]]:
    """Return the artifacts whose blob is there, and those whose is not.

    Raises:
        StoreError: a blob cannot be read.
    """
    present: list[Artifact] = []
    missing: list[Artifact] = []
    for each in artifacts:
        digest, size_bytes = Digest(each.digest), each.size_bytes
        good = _is_good(blobs, digest, size_bytes, rehash=rehash)
        (present if good else missing).append(each)
    return present, missing


def count_unreferenced(
    blobs: BlobStore,
    present: Iterable[VersionRow],
    artifacts: Iterable[Artifact] = (),
    others: Iterable[str] = (),
) -> int:
    """Return how many blobs of a store none of these names, nor are among others."""
    named: set[str] = {digest for row in present for digest, _ in _blobs_of(row)}
    named.update(each.digest for each in artifacts)
    named.update(others)
    return len(blobs.others(named))
