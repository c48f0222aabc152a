"""Compression of segments: their recipes, and then the contents that these name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, TypeAlias

import msgspec

from gosync.bundle.format.artifacts import format_blobs
from gosync.bundle.format.blocks import (
    Content,
    contents_of,
    dictionary_of,
    format_block,
)
from gosync.bundle.format.manifest import Base, Frame
from gosync.bundle.make.contentcache import ContentCache
from gosync.bundle.make.levels import ZSTD_LEVELS, Level
from gosync.bundle.make.packing import (
    ArtifactSegment,
    Group,
    ModuleSegment,
    TileSegment,
)
from gosync.bundle.read.bases import BaseFiles, ZipSource
from gosync.bundle.read.spool import proven_pieces
from gosync.bundle.read.zstd import PIECE_BYTES, write_frame
from gosync.errors import BlobCorruptError, MalformedError, StoreError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipdir import ZipEntry, read_directory
from gosync.gomod.zipread import read_contents
from gosync.hint import advise, command
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors
from gosync.store.tiles import TileStore

if TYPE_CHECKING:
    AnySegment: TypeAlias = ModuleSegment | TileSegment | ArtifactSegment


class PackedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment, compressed.

    Attributes:
        holds: "modules", "tiles" or "artifacts".
        recipes: The first frame.
        contents: The second one, which follows it.
        base: What they are patches against, or None.
        versions: Which versions are in it.
        tiles: How many tiles are in it.
        blobs: The digests of the artifacts' blobs that are in it.
    """

    holds: str
    recipes: Frame
    contents: Frame
    base: Base | None = None
    versions: tuple[ModuleVersion, ...] = ()
    tiles: int = 0
    blobs: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The size of both frames."""
        return self.recipes.size_bytes + self.contents.size_bytes


class Compressor:
    """Compresses segments of one store, one after the other."""

    def __init__(
        self,
        blobs: BlobReader,
        kept: ContentCache,
        tiles: TileStore | None,
        place: object,
        *,
        level: Level = Level.DEFAULT,
    ) -> None:
        """Begin.

        Args:
            blobs: The store's blobs.
            kept: What of their contents is at hand, hashed already.
            tiles: The checksum database's tiles, None without a database.
            place: Where the files are that it writes to, for messages.
            level: How hard it compresses.
        """
        self._blobs = blobs
        self._kept = kept
        self._tiles = tiles
        self._place = place
        self._level = ZSTD_LEVELS[level]

    def pack(self, segment: AnySegment, file: IO[bytes]) -> PackedSegment:
        """Compress one segment to where a file is at.

        Raises:
            BlobMissingError: a blob is not there.
            BlobCorruptError: a blob is not what it was.
            StoreError: a tile is not there, or the disk refuses.
            NoSpaceError: the file's disk is full.
        """
        if isinstance(segment, TileSegment):
            return self._pack_tiles(segment, file)
        if isinstance(segment, ArtifactSegment):
            return self._pack_artifacts(segment, file)
        return self._pack_modules(segment, file)

    def _pack_tiles(self, segment: TileSegment, file: IO[bytes]) -> PackedSegment:
        names = "".join(f"{tile.path()}\n" for tile in segment.tiles).encode()
        size_bytes = sum(tile.size_bytes for tile in segment.tiles)
        recipes = self._frame(file, [names], len(names))
        contents = self._frame(file, self._tile_pieces(segment), size_bytes)
        return PackedSegment(
            holds="tiles",
            recipes=recipes,
            contents=contents,
            tiles=len(segment.tiles),
        )

    def _tile_pieces(self, segment: TileSegment) -> Iterator[bytes]:
        for tile in segment.tiles:
            data = self._tiles.read(tile) if self._tiles is not None else None
            if data is None:
                raise StoreError(
                    f"{tile.path()}: the store has no such proven tile",
                    hint=advise("run {} to fetch and prove it", command("sync")),
                )
            yield data

    def _pack_artifacts(
        self, segment: ArtifactSegment, file: IO[bytes]
    ) -> PackedSegment:
        listed = format_blobs(segment.blobs)
        size_bytes = sum(blob.size_bytes for blob in segment.blobs)
        recipes = self._frame(file, [listed], len(listed))
        pieces = (
            piece
            for blob in segment.blobs
            for piece in self._blobs.pieces(Digest(blob.digest))
        )
        contents = self._frame(file, pieces, size_bytes)
        return PackedSegment(
            holds="artifacts",
            recipes=recipes,
            contents=contents,
            blobs=tuple(blob.digest for blob in segment.blobs),
        )

    def _pack_modules(self, segment: ModuleSegment, file: IO[bytes]) -> PackedSegment:
        with ExitStack() as stack:
            base = None
            if segment.base is not None:
                blob = stack.enter_context(
                    self._blobs.open(Digest(segment.base_digest))
                )
                base = BaseFiles(segment.base, ZipSource(blob.read_at, blob.size_bytes))
            has = base.digests if base else {}
            blocks = b"".join(
                format_block(group.versions, has) for group in segment.groups
            )
            contents = [contents_of(group.versions, has) for group in segment.groups]
            dictionary = b""
            if base is not None:
                chosen = dictionary_of(contents[0], base.recipe)
                dictionary = base.dictionary(chosen)
            known = base.recipe_bytes if base else b""
            recipes = self._frame(file, [blocks], len(blocks), base=known)
            size_bytes = sum(c.size_bytes for part in contents for c in part)
            frame = self._frame(
                file,
                self._pieces(segment.groups, contents),
                size_bytes,
                base=dictionary,
                repeats=segment.repeats,
            )
        for group in segment.groups:
            for version in group.versions:
                self._kept.forget(line.digest for line in version.recipe)
        return PackedSegment(
            holds="modules",
            recipes=recipes,
            contents=frame,
            base=segment.base,
            versions=tuple(segment.versions),
        )

    def _pieces(
        self, groups: Iterable[Group], contents: Iterable[Sequence[Content]]
    ) -> Iterator[bytes | memoryview]:
        """Yield what travels of these groups; what is read anew is proven once more."""
        for group, part in zip(groups, contents, strict=True):
            with ExitStack() as stack:
                zips: dict[int, _OpenZip] = {}
                for content in part:
                    at_hand = self._kept.take(content.digest)
                    if at_hand is not None:
                        yield at_hand
                        continue
                    order = content.order
                    if order not in zips:
                        zips[order] = _OpenZip(self._blobs, group.zips[order], stack)
                    mv = group.versions[order].mv
                    name = f"{mv}/".encode() + content.name
                    try:
                        yield from proven_pieces(
                            content.digest,
                            zips[order].pieces(content, name),
                            hashlib.sha256(),
                        )
                    except MalformedError as error:
                        raise BlobCorruptError(f"{mv}: {error}") from error

    def _frame(
        self,
        file: IO[bytes],
        pieces: Iterable[bytes | memoryview],
        size_bytes: int,
        *,
        base: bytes = b"",
        repeats: bool = True,
    ) -> Frame:
        with disk_errors(self._place):
            written = write_frame(
                pieces,
                file,
                size_bytes=size_bytes,
                base=base,
                level=self._level,
                repeats=repeats,
            )
        return Frame(size_bytes=written, unpacked_bytes=size_bytes)


class _OpenZip:
    """A zip of the store whose contents are read one by one, or that is read whole."""

    def __init__(self, blobs: BlobReader, digest: str, stack: ExitStack) -> None:
        self._blob = stack.enter_context(blobs.open(Digest(digest)))
        self._window = Window(self._blob.read_at, self._blob.size_bytes)
        self._entries: dict[bytes, ZipEntry] | None = None

    def pieces(self, content: Content, name: bytes) -> Iterator[bytes | memoryview]:
        if content.verbatim:
            return self._whole()
        if self._entries is None:
            entries = read_directory(self._window, self._blob.size_bytes)
            self._entries = {entry.name: entry for entry in entries}
        entry = self._entries.get(name)
        if entry is None:
            raise MalformedError("zip", name, "is no longer in it")
        return read_contents(self._window, entry)

    def _whole(self) -> Iterator[bytes]:
        for offset in range(0, self._blob.size_bytes, PIECE_BYTES):
            yield self._blob.read_at(offset, PIECE_BYTES)
