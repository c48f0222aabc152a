"""Scans of zips made before the zips are staged, by whoever has them, elsewhere.

A scan counts for a staged zip of the very same bytes: it is kept by the digest of what
was scanned, and looked for by the digest of what was staged. So what the gate admits
is what was read, whoever read it and whatever became of the other file since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.gomod.module import ModuleVersion
from gosync.store.digest import Digest

if TYPE_CHECKING:
    from gosync.ingest.scanner import ScannedZip


class ScansAhead:
    """Scans by version and digest; threads may share it."""

    def __init__(self) -> None:
        self._scans: dict[tuple[ModuleVersion, Digest], ScannedZip] = {}

    def put(self, mv: ModuleVersion, digest: Digest, scanned: ScannedZip) -> None:
        """Keep a scan."""
        self._scans[mv, digest] = scanned

    def get(self, mv: ModuleVersion, digest: Digest) -> ScannedZip | None:
        """Return the scan of these bytes as this version's zip, None for none."""
        return self._scans.get((mv, digest)) if self._scans else None

    def clear(self) -> None:
        """Forget all of them: their versions were taken, or not."""
        self._scans.clear()
