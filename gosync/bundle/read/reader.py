"""A reader of versions, tiles and artifacts in a bundle, each proven.

What comes from here was checked against the manifest, which the header binds: all
bytes as they are read (``chunks``), the ``.info`` and ``.mod`` by their digests and
the go.mod's h1, contents by their line of the recipe or by giving it its digest, the
recipe by the zip's h1. The h1 of a verbatim zip is for whoever writes it somewhere,
since its contents are compressed in it: the gate holds it against the manifest.

Memory holds a group's recipes and some of its contents, deflated; the rest of these
is in a scratch file.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import (
    Callable,
    Container,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from gosync.bundle.format.artifacts import Blob
from gosync.bundle.format.blocks import Form, PackedVersion
from gosync.bundle.format.manifest import Manifest, Segment, VersionEntry
from gosync.bundle.read.bases import BaseFiles, Bases, NoBases
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.segments import OpenGroup, SegmentReading
from gosync.bundle.read.spool import Spool
from gosync.errors import VolumeError
from gosync.gomod.module import ModuleVersion
from gosync.store.scratch import ScratchFiles
from gosync.sumdb.tile import Tile

if TYPE_CHECKING:
    Entries: TypeAlias = dict[ModuleVersion, VersionEntry]


_MOST_FAILED = 8  # segments of a volume


class Arrived(msgspec.Struct, frozen=True):
    """A version that came with a bundle.

    Attributes:
        entry: What the manifest says of it.
        form: How it travelled.
        info: Its ``.info``; None for a ``.mod`` alone that came without.
        mod: Its ``.mod``.
        write_zip: Writes its zip by way of a function that takes bytes; None for a
            ``.mod`` alone. To be called before the next version is taken.
    """

    entry: VersionEntry
    form: Form
    info: bytes | None
    mod: bytes
    write_zip: Callable[[Callable[[bytes], object]], None] | None


def read_versions(
    folder: BundleFolder,
    manifest: Manifest,
    *,
    wanted: Callable[[VersionEntry], bool],
    bases: Bases,
    scratch: ScratchFiles,
) -> Generator[Arrived]:
    """Yield the versions of a bundle that are wanted.

    A segment that cannot be read keeps no other one out, unless several of its volume
    cannot: a medium may take long to say no. What is wrong with the first is raised in
    the end.

    Args:
        folder: The bundle.
        manifest: Its manifest.
        wanted: Says which versions to yield; the rest is read over.
        bases: Where the versions are that patches are against.
        scratch: Opens files for what does not fit into memory.

    Raises:
        VolumeError: a volume cannot be read.
        MalformedError: something is not what the manifest or a recipe says.
        ChecksumMismatchError: an h1 is not the manifest's.
        BundleGapError: a base is not here.
        NoSpaceError: the scratch files' disk is full.
    """
    by_segment = entries_by_segment(manifest)
    broken: list[VolumeError] = []
    failed: Counter[int] = Counter()
    for number, segment in enumerate(manifest.segments):
        entries = by_segment.get(number, {})
        if segment.holds != "modules" or not any(map(wanted, entries.values())):
            continue
        if failed[segment.volume] == _MOST_FAILED:
            continue
        try:
            with open_segment(folder, segment, entries, bases) as reading:
                for group in reading.groups():
                    yield from _group(group, reading.base, wanted, scratch)
        except VolumeError as error:
            broken.append(error)
            failed[segment.volume] += 1
    if broken:
        raise broken[0]


def read_tiles(
    folder: BundleFolder, manifest: Manifest
) -> Iterator[tuple[Tile, bytes]]:
    """Yield the tiles of a bundle; whether they lead to the head is not known yet.

    Raises:
        VolumeError: a volume cannot be read.
        MalformedError: a frame or a path is malformed, or the sizes do not fit.
    """
    for segment in manifest.segments:
        if segment.holds == "tiles":
            with open_segment(folder, segment, {}, NoBases()) as reading:
                yield from reading.tiles()


def read_blobs(
    folder: BundleFolder, digests: Container[str]
) -> Iterator[tuple[Blob, Iterator[bytes | memoryview]]]:
    """Yield artifacts' blobs that are wanted, each with its bytes.

    The bytes of each are to be read to their end before the next is taken; then
    they are proven.

    Args:
        folder: The bundle.
        digests: Which blobs; the rest is read over.

    Raises:
        VolumeError: a volume cannot be read.
        MalformedError: a frame is malformed, or bytes have another digest.
    """
    carried = {
        entry.segment
        for entry in folder.manifest.artifacts
        if entry.segment is not None and entry.digest in digests
    }
    for number in sorted(carried):
        segment = folder.manifest.segments[number]
        with open_segment(folder, segment, {}, NoBases()) as reading:
            for blob, pieces in reading.blobs():
                if blob.digest in digests:
                    yield blob, pieces
                deque(pieces, maxlen=0)


def entries_by_segment(manifest: Manifest) -> Mapping[int, Entries]:
    """Return what travels in each segment, by its number."""
    found: dict[int, Entries] = {}
    for entry in manifest.travelling():
        assert entry.segment is not None
        found.setdefault(entry.segment, {})[entry.mv] = entry
    return found


@contextmanager
def open_segment(
    folder: BundleFolder, segment: Segment, entries: Entries, bases: Bases
) -> Iterator[SegmentReading]:
    """Open one segment; errors are those of SegmentReading."""
    with folder.holding(segment) as volume, ExitStack() as stack:
        yield SegmentReading(segment, volume, entries, bases, stack)


def _group(
    group: OpenGroup,
    base: BaseFiles | None,
    wanted: Callable[[VersionEntry], bool],
    scratch: ScratchFiles,
) -> Iterator[Arrived]:
    asked = [n for n, (_, entry) in enumerate(group.versions) if wanted(entry)]
    with Spool(scratch) as spool:
        found = _fill(spool, group, asked)
        versions = [group.proven(order, found.get(order, {})) for order in asked]
        _fill_from_base(spool, base, versions)
        for order, version in zip(asked, versions, strict=True):
            yield _arrived(version, group.versions[order][1], spool)


def _fill(
    spool: Spool, group: OpenGroup, asked: Sequence[int]
) -> Mapping[int, Mapping[bytes, str]]:
    """Take what travels of the versions that are asked for.

    Returns:
        The digests of what was untold, by the version's number and the name.
    """
    lines = {line.digest for n in asked for line in group.versions[n][0].recipe}
    found: dict[int, dict[bytes, str]] = {}
    for name, order, digest, size_bytes, verbatim in group.contents:
        if not (digest in lines if digest else order in asked):
            deque(group.frame.pieces(size_bytes), maxlen=0)
            continue
        if verbatim:
            pieces = group.frame.pieces(size_bytes)
            got = spool.put_pieces(digest, size_bytes, pieces, verbatim=True)
        else:
            got = spool.put(digest, size_bytes, group.frame)
        found.setdefault(order, {})[name] = got
    return found


def _fill_from_base(
    spool: Spool, base: BaseFiles | None, versions: Iterable[PackedVersion]
) -> None:
    """Take what these versions share with the base."""
    for version in versions:
        for line in version.recipe:
            if line.size_bytes and line.digest not in spool:
                assert base is not None
                there = base.pieces(base.digests[line.digest])
                spool.put_pieces(line.digest, line.size_bytes, there)


def _arrived(version: PackedVersion, entry: VersionEntry, spool: Spool) -> Arrived:
    def write_zip(write: Callable[[bytes], object]) -> None:
        if version.form is Form.VERBATIM:
            spool.write_verbatim(version.recipe[0].digest, write)
        else:
            spool.write_zip(version.mv, version.recipe, write)

    return Arrived(
        entry,
        version.form,
        version.info,
        version.mod,
        None if version.form is Form.MOD else write_zip,
    )
