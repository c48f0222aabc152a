"""Reading a bundle: each version that is wanted, proven, in the bundle's order.

What comes from here was checked against the manifest, which the header binds: the
``.info`` and ``.mod`` by their digests and the go.mod's h1, a recipe by the zip's
h1, every file's contents by its line of the recipe. A verbatim zip is proven by its
own SHA-256 alone; its h1 is for whoever writes it somewhere. Volumes are to be
proven before (``BundleFolder.check_volume``).

Memory holds a group's recipes and some of its contents, deflated; the rest of these
is in an unnamed file of the scratch folder.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gosync.bundle.bases import BaseFiles, Bases
from gosync.bundle.blocks import (
    Content,
    Form,
    PackedVersion,
    contents_of,
    dictionary_of,
    parse_block,
)
from gosync.bundle.spool import Spool
from gosync.bundle.stream import FrameReader
from gosync.catalog.versions import Need
from gosync.errors import ChecksumMismatchError, MalformedError
from gosync.gomod.dirhash import hash_go_mod
from gosync.store.digest import digest_of
from gosync.sumdb.tile import Tile, parse_tile_path

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from gosync.bundle.folder import BundleFolder, OpenFile
    from gosync.bundle.manifest import Manifest, Segment, VersionEntry

_MAX_TILE_LIST_BYTES = 64 << 20
_AUTHORITY = "the bundle's manifest"


@dataclass(frozen=True, slots=True)
class Arrived:
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
    scratch: Path,
) -> Generator[Arrived]:
    """Yield the versions of a bundle that are wanted.

    Args:
        folder: The bundle.
        manifest: Its manifest.
        wanted: Says which versions to yield; the rest is read over.
        bases: Where the versions are that patches are against.
        scratch: A folder for what does not fit into memory.

    Raises:
        VolumeError: a volume cannot be read.
        MalformedError: something is not what the manifest or a recipe says.
        ChecksumMismatchError: an h1 is not the manifest's.
        BundleGapError: a base is not here.
        NoSpaceError: the scratch folder's disk is full.
    """
    by_segment: dict[int, dict[tuple[str, str], VersionEntry]] = {}
    for entry in manifest.travelling():
        assert entry.segment is not None
        by_segment.setdefault(entry.segment, {})[entry.key] = entry
    for number, segment in enumerate(manifest.segments):
        entries = by_segment.get(number, {})
        if segment.holds != "modules" or not any(map(wanted, entries.values())):
            continue
        with folder.volume(segment.volume) as volume, ExitStack() as stack:
            base = _open_base(segment, bases, stack)
            reading = _SegmentReading(segment, volume, entries, base, stack)
            yield from reading.versions(wanted, scratch)


def read_tiles(
    folder: BundleFolder, manifest: Manifest
) -> Iterator[tuple[Tile, bytes]]:
    """Yield the tiles of a bundle; whether they lead to the head is not known yet.

    Raises:
        VolumeError: a volume cannot be read.
        MalformedError: a frame or a path is malformed, or the sizes do not fit.
    """
    for segment in manifest.segments:
        if segment.holds != "tiles":
            continue
        if segment.recipes.unpacked_bytes > _MAX_TILE_LIST_BYTES:
            raise _malformed("a list of tiles is too long")
        with folder.volume(segment.volume) as volume, ExitStack() as stack:
            reading = _SegmentReading(segment, volume, {}, None, stack)
            yield from reading.tiles()


def _open_base(segment: Segment, bases: Bases, stack: ExitStack) -> BaseFiles | None:
    base = segment.base
    if base is None:
        return None
    source = stack.enter_context(bases.open(base.path, base.version, base.h1))
    return BaseFiles(base, source)


class _SegmentReading:
    """One segment, read from its first byte to its last."""

    def __init__(
        self,
        segment: Segment,
        volume: OpenFile,
        entries: dict[tuple[str, str], VersionEntry],
        base: BaseFiles | None,
        stack: ExitStack,
    ) -> None:
        self._segment = segment
        self._volume = volume
        self._entries = entries
        self._base = base
        self._stack = stack
        self._recipes = self._frame(base.recipe_bytes if base else b"", first=True)
        self._contents: FrameReader | None = None

    def _frame(self, dictionary: bytes, *, first: bool) -> FrameReader:
        segment = self._segment
        frame = segment.recipes if first else segment.contents
        reader = FrameReader(
            self._volume.read_at,
            offset=segment.offset if first else segment.end - frame.size_bytes,
            size_bytes=frame.size_bytes,
            unpacked_bytes=frame.unpacked_bytes,
            base=dictionary,
        )
        return self._stack.enter_context(reader)

    def tiles(self) -> Iterator[tuple[Tile, bytes]]:
        names = self._recipes.read(self._recipes.left_bytes)
        self._recipes.finish()
        contents = self._frame(b"", first=False)
        for name in names.splitlines():
            tile = parse_tile_path(name.decode("ascii", "replace"))
            yield tile, contents.read(tile.size_bytes)
        contents.finish()

    def versions(
        self, wanted: Callable[[VersionEntry], bool], scratch: Path
    ) -> Iterator[Arrived]:
        missing = dict(self._entries)
        while self._recipes.left_bytes:
            group = parse_block(self._recipes.read)
            entries = [_take(missing, version) for version in group]
            asked = [
                (version, entry)
                for version, entry in zip(group, entries, strict=True)
                if wanted(entry)
            ]
            with Spool(scratch) as spool:
                self._fill(spool, group, [version for version, _ in asked])
                for version, entry in asked:
                    yield _arrived(version, entry, spool)
        self._recipes.finish()
        if self._contents is not None:
            self._contents.finish()
        if missing:
            raise _malformed(f"{'@'.join(min(missing))} is not in its segment")

    def _fill(
        self,
        spool: Spool,
        group: Sequence[PackedVersion],
        asked: Sequence[PackedVersion],
    ) -> None:
        """Put into the spool what the zips that are asked for consist of."""
        base = self._base
        contents = contents_of(group, base.digests if base else ())
        frame = self._contents_frame(contents)
        lines = {
            line.digest: line
            for version in asked
            for line in version.recipe
            if line.size_bytes
        }
        for content in contents:
            pieces = frame.pieces(content.size_bytes)
            if content.digest in lines:
                spool.put(
                    content.digest,
                    content.size_bytes,
                    pieces,
                    verbatim=content.verbatim,
                )
            else:
                for _ in pieces:
                    pass
        for digest, line in lines.items():
            if digest not in spool:
                assert base is not None
                pieces_there = base.pieces(base.digests[digest])
                spool.put(digest, line.size_bytes, pieces_there)

    def _contents_frame(self, contents: Sequence[Content]) -> FrameReader:
        """Return the frame with the contents; a patch's is made for its one group."""
        if self._contents is None:
            dictionary = b""
            if self._base is not None:
                chosen = dictionary_of(contents, self._base.recipe)
                dictionary = self._base.dictionary(chosen)
            self._contents = self._frame(dictionary, first=False)
        elif self._base is not None:
            raise _malformed("a patch of more than one group")
        return self._contents


def _take(
    missing: dict[tuple[str, str], VersionEntry], version: PackedVersion
) -> VersionEntry:
    """Return what the manifest says of a version, once it is found to be true."""
    mv = version.mv
    entry = missing.pop((mv.path, mv.version), None)
    if entry is None:
        raise _malformed(f"{mv} is not in the manifest, or not in this segment")
    if (version.form is Form.MOD) != (entry.need is Need.MOD):
        raise _malformed(f"{mv}: {version.form.value}, need {entry.need.value}")
    info_digest = None if version.info is None else digest_of(version.info)
    if info_digest != entry.info_digest or digest_of(version.mod) != entry.mod_digest:
        raise _malformed(f"{mv}: its .info or .mod is not the manifest's")
    _check_h1(f"{mv} go.mod", entry.mod_h1, hash_go_mod(version.mod))
    h1 = version.h1
    if h1 is not None:
        _check_h1(f"{mv} zip", entry.zip_h1, h1)
    return entry


def _check_h1(subject: str, want: str | None, got: str) -> None:
    if want != got:
        raise ChecksumMismatchError(
            subject, want=f"{want}", got=got, authority=_AUTHORITY
        )


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


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle", "", reason)
