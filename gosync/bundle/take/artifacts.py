"""Intake of artifacts: blobs into the store, names with a selection.

Nobody but the packer vouches for an artifact: its digest is bound by the signed header,
and that is all. So what it is used for says how far it is believed.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.admit.verdict import FOLDER as VERDICTS
from gosync.artifact import KNOWN_KINDS, Artifact
from gosync.bundle.format.artifacts import ArtifactEntry, known_artifacts
from gosync.bundle.read.reader import read_blobs
from gosync.bundle.take.houselog import is_own_log
from gosync.bundle.take.plan import Taking
from gosync.site.artifacts import change_artifacts
from gosync.site.attestations import FOLDER
from gosync.site.decisions import own_folder
from gosync.site.site import Site
from gosync.store.digest import Digest


def take_blobs(site: Site, taking: Taking) -> None:
    """Bring the artifacts' blobs of one bundle into the store, durable at return.

    Raises:
        VolumeError: The bundle cannot be read, or has other bytes.
        NoSpaceError: The disk is full.
        StoreError: The store cannot be written.
    """
    for blob, pieces in read_blobs(taking.bundle, taking.blobs):
        with site.blobs.stage() as staged:
            for piece in pieces:
                staged.write(piece)
            size_bytes = blob.size_bytes
            site.blobs.admit(staged, want=Digest(blob.digest), size_bytes=size_bytes)
    if taking.blobs:
        site.blobs.sync()


def take_artifacts(site: Site, entries: Iterable[ArtifactEntry]) -> None:
    """Let these be the site's artifacts, of the kinds that are known here.

    Raises:
        StoreError: Journal or catalog cannot be written.
    """
    own = own_folder(site)
    spec = site.options.house_log
    signs = spec is not None and spec.key is not None
    told = {
        each.key: _artifact(each)
        for each in known_artifacts(entries)
        if not (signs and is_own_log(site, each.name))
    }
    here = {each.key: each for each in site.catalog.artifacts.all()}
    change_artifacts(
        site,
        kept=[each for key, each in told.items() if here.get(key) != each],
        forgotten=[
            each
            for key, each in here.items()
            if each.kind in KNOWN_KINDS
            and key not in told
            and not each.name.startswith((own, FOLDER, VERDICTS))  # said here
            and not is_own_log(site, each.name)
        ],
    )


def _artifact(entry: ArtifactEntry) -> Artifact:
    return Artifact(
        kind=entry.kind,
        name=entry.name,
        digest=entry.digest,
        size_bytes=entry.size_bytes,
    )
