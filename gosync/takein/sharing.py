"""Zips of a folder scanned by the workers of a sweep, before they are taken in.

A worker reads a zip where it lies, and tells its digest with what it found. Whether
that is what is staged then, the gate's scanner sees by the digest (``ScansAhead``); a
zip that a worker could not read, or that is another one there, is read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from functools import partial
from typing import TypeAlias

from gosync.errors import GosyncError
from gosync.folder.shared import SharedFolder
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import seen_here
from gosync.ingest.scanner import ScannedZip, read_zip
from gosync.ingest.scansahead import ScansAhead
from gosync.store.digest import Digest
from gosync.store.staging import PIECE_BYTES
from gosync.takein.source import PlacedZip, VersionSource
from gosync.work.sweep import Sweep, sweep_portions

Scanned: TypeAlias = tuple[Digest, ScannedZip] | None


def scan_shared(folder: SharedFolder, zips: list[PlacedZip]) -> list[Scanned]:
    """Scan zips, on a worker; None for each that is left to be read elsewhere.

    Raises:
        UnsharedError: The folder is not there.
    """
    tree = folder.open()
    found: list[Scanned] = []
    for each in zips:
        try:
            found.append(_scan(tree, each) if each.path else None)
        except GosyncError:  # it is told where it is read again
            found.append(None)
    return found


def _scan(tree: FileTree, placed: PlacedZip) -> tuple[Digest, ScannedZip]:
    digest = hashlib.sha256()
    with tree.open(placed.path) as (read, size_bytes):
        for offset in range(0, size_bytes, PIECE_BYTES):
            digest.update(read(offset, PIECE_BYTES))
        scanned = read_zip(read, size_bytes, placed.mv, seen_here())
    return Digest(digest.hexdigest()), scanned


def portions_scanned(
    source: VersionSource,
    versions: Sequence[ModuleVersion],
    sweep: Sweep,
    ahead: ScansAhead,
) -> Generator[list[ModuleVersion]]:
    """Yield portions of versions, each once the scans of its zips are known.

    Args:
        source: Has the versions.
        versions: Those that are to be taken.
        sweep: Who scans.
        ahead: Has the scans of the portion that was yielded last.

    Raises:
        UnsharedError: A worker does not see the source.
        UnavailableError: The sweep's scheduler is gone.
    """
    step = partial(scan_shared, source.share())
    zips = map(source.placed_zip, versions)
    for portion, found in sweep_portions(sweep, step, zips, _size_of):
        for placed, scanned in zip(portion, found, strict=True):
            if scanned is not None:
                ahead.put(placed.mv, *scanned)
        yield [placed.mv for placed in portion]
        ahead.clear()


def _size_of(placed: PlacedZip) -> int:
    return placed.size_bytes
