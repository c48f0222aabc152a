"""Versions that wait for their proof, admitted from what the store has of them.

Nothing of them is fetched: the checksum database is asked for their record, or a pin or
a project's go.sum has come to vouch for them. What proves to be something else is let
go of, with its evidence kept; the next try asks the upstream for the version.
"""

from __future__ import annotations

import logging

import anyio

from gosync.catalog.unproven import UnprovenVersion
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import parse_time
from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    ChecksumMismatchError,
    GosyncError,
    RejectedError,
)
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admission import Admission
from gosync.ingest.gate import Gate
from gosync.ingest.unproven import are_here
from gosync.site.site import Site
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.upstream.answer import Served

_log = logging.getLogger(__name__)


class UnprovenSource:
    """What one site's store has of versions that wait."""

    def __init__(self, site: Site, gate: Gate) -> None:
        self._site = site
        self._gate = gate

    async def admit(self, row: VersionRow, *, private: bool) -> VersionRow | None:
        """Return the admitted version, None where it is to be fetched.

        Args:
            row: What is wanted.
            private: Whether no database vouches for it.

        Raises:
            GosyncError: as the gate: nobody can be asked, or it is refused.
        """
        kept = self._site.catalog.unproven.get(row.mv)
        if kept is None or (row.need is Need.ZIP and kept.need is Need.MOD):
            return None
        is_here = await anyio.to_thread.run_sync(are_here, self._site.blobs, kept)
        if not is_here or not self._has_authority(row.mv, private=private):
            return None
        try:
            return await self._admit(row, kept, private=private)
        except (BlobMissingError, BlobCorruptError) as exc:
            _log.warning("%s: what was kept of it is lost: %s", row.mv, exc)
            self._site.catalog.unproven.drop([row.mv])
            return None
        except GosyncError as exc:
            if _is_refused(kept, exc, private=private):
                self._site.catalog.unproven.drop([row.mv])
            raise

    def _has_authority(self, mv: ModuleVersion, *, private: bool) -> bool:
        """Whether somebody says what it is: a cache's own word is none."""
        if not private and self._gate.sums is not None:
            return True
        expected = self._gate.expected.get(mv)
        is_expected = expected is not None and expected.mod_h1 is not None
        return is_expected or self._site.catalog.pins.get(mv) is not None

    async def _admit(
        self, row: VersionRow, kept: UnprovenVersion, *, private: bool
    ) -> VersionRow:
        async with self._gate.open(row.mv, need=row.need, private=private) as admission:
            await admission.take_carried(row)
            await _take_unproven(admission, self._site.blobs, kept, need=row.need)
            return await admission.admit()


async def _take_unproven(
    admission: Admission, blobs: BlobReader, row: UnprovenVersion, *, need: Need
) -> None:
    """Hand what is kept of a version, and is needed, to the gate.

    Raises:
        GosyncError: as the gate: nobody could be asked, or what is kept is refused.
    """
    if need is Need.ZIP and row.info_digest is not None:
        info = await anyio.to_thread.run_sync(blobs.read, Digest(row.info_digest))
        admission.take_info(info, _served(row, len(info)))
    if not admission.has_mod:
        mod = await anyio.to_thread.run_sync(blobs.read, Digest(row.mod_digest))
        await admission.take_mod(mod, _served(row, len(mod)))
    if need is Need.ZIP and row.zip_digest is not None:
        await _take_zip(admission, blobs, row, Digest(row.zip_digest))


async def _take_zip(
    admission: Admission, blobs: BlobReader, row: UnprovenVersion, digest: Digest
) -> None:
    staged = admission.stage_zip()

    def copy() -> None:
        for piece in blobs.pieces(digest):
            staged.write(piece)

    await anyio.to_thread.run_sync(copy)
    await admission.take_zip(staged, _served(row, staged.size_bytes))


def _is_refused(row: UnprovenVersion, error: Exception, *, private: bool) -> bool:
    """Return whether an error says that what is kept is not what is vouched for.

    A wrong answer of the checksum database says nothing of it; of private versions
    nobody but a pin or a go.sum speaks.
    """
    if isinstance(error, ChecksumMismatchError):
        return error.served_url == row.source_url
    return private and isinstance(error, RejectedError)


def _served(row: UnprovenVersion, size_bytes: int) -> Served:
    return Served(
        url=row.source_url,
        status=200,
        headers={},
        at=parse_time(row.kept_at),
        size_bytes=size_bytes,
        framed=True,
    )
