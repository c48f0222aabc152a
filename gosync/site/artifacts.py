"""Artifacts of a store: kept as blobs, told to the journal, named by the catalog.

In this order, each durable before the next (I1). A kill in between leaves a blob, or
a line of the journal, that the next run of the same says again. A digest is announced
before its blob is looked for, so that no prune beside this takes it.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.artifact import MAX_ARTIFACT_BYTES, Artifact, check_artifact
from gosync.errors import TooLargeError
from gosync.ingest.entries import artifact_entry, forget_artifact_entry
from gosync.site.site import Site


def keep_artifact(
    site: Site, kind: str, name: str, pieces: Iterable[bytes]
) -> Artifact:
    """Keep an artifact in the store, in place of the one of its kind and name.

    Args:
        site: The store.
        kind: What it is; the store keeps any kind.
        name: Its name, within its kind.
        pieces: Its bytes.

    Raises:
        MalformedError: Kind or name is none.
        TooLargeError: It is longer than an artifact may be.
        NoSpaceError: The disk is full.
        StoreError: Store or catalog cannot be written.
    """
    with site.blobs.stage() as staged:
        for piece in pieces:
            if staged.size_bytes + len(piece) > MAX_ARTIFACT_BYTES:
                raise TooLargeError(
                    f"{kind}/{name}: over {MAX_ARTIFACT_BYTES} bytes",
                    limit_bytes=MAX_ARTIFACT_BYTES,
                )
            staged.write(piece)
        size_bytes = staged.size_bytes
        artifact = Artifact(
            kind=kind, name=name, digest=staged.digest, size_bytes=size_bytes
        )
        check_artifact(artifact)
        site.holder.announce([artifact.digest])
        site.blobs.admit(staged)
    site.blobs.sync()
    change_artifacts(site, [artifact])
    return artifact


def change_artifacts(
    site: Site, kept: Iterable[Artifact], forgotten: Iterable[Artifact] = ()
) -> None:
    """Write down which artifacts are there, and which are no more.

    Args:
        site: The store; the blobs of what is kept are durable, and announced or kept
            from a prune by a lease.
        kept: What is there, whatever was before.
        forgotten: What is there no more.

    Raises:
        StoreError: Journal or catalog cannot be written.
    """
    kept, forgotten = list(kept), list(forgotten)
    entries = [*map(artifact_entry, kept), *map(forget_artifact_entry, forgotten)]
    with site.writing():
        site.journal.append(entries)
        with site.catalog.transaction():
            site.catalog.artifacts.put(kept)
            site.catalog.artifacts.drop(each.key for each in forgotten)
            site.holder.take_back(each.digest for each in kept)
