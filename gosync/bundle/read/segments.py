"""A reader of one segment, which holds it against the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import msgspec

from gosync.bundle.format.artifacts import MAX_BLOB_LIST_BYTES, Blob, parse_blobs
from gosync.bundle.format.blocks import (
    Content,
    Form,
    PackedVersion,
    VersionHead,
    contents_of,
    dictionary_of,
    parse_block,
)
from gosync.bundle.format.manifest import Segment, VersionEntry
from gosync.bundle.format.names import MAX_GROUP_CONTENT_BYTES
from gosync.bundle.read.bases import BaseFiles, Bases
from gosync.bundle.read.chunks import ProvenRow, ProvenVolume
from gosync.bundle.read.spool import proven_pieces
from gosync.bundle.read.zstd import FrameReader
from gosync.catalog.versions import Need
from gosync.errors import ChecksumMismatchError, MalformedError
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import digest_of
from gosync.sumdb.tile import Tile, parse_tile_path

_MAX_TILE_LIST_BYTES = 64 << 20
_AUTHORITY = "the bundle's manifest"


class OpenGroup(msgspec.Struct, frozen=True):
    """A group whose recipes are read, and whose contents come next.

    Attributes:
        versions: Its versions, each with what the manifest says of it.
        contents: What travels of them, in order.
        frame: The frame to read just that from.
    """

    versions: tuple[tuple[PackedVersion, VersionEntry], ...]
    contents: Sequence[Content]
    frame: FrameReader

    def proven(self, order: int, digests: Mapping[bytes, str]) -> PackedVersion:
        """Return a version whose recipe has the h1 that the manifest says.

        Args:
            order: Its number in the group.
            digests: What was found of its untold contents, by name.

        Raises:
            ChecksumMismatchError: the h1 is another.
        """
        version, entry = self.versions[order]
        whole = version.told(digests)
        if (h1 := whole.h1) is not None:
            check_h1(f"{version.mv} zip", entry.zip_h1, h1)
        return whole


class SegmentReading:
    """One segment of a bundle.

    Attributes:
        base: What it is a patch against, or None.
    """

    def __init__(
        self,
        segment: Segment,
        volume: ProvenVolume | ProvenRow,
        entries: dict[ModuleVersion, VersionEntry],
        bases: Bases,
        stack: ExitStack,
    ) -> None:
        """Begin to read.

        Args:
            segment: Where it lies.
            volume: The volume that has it, or those from where it begins on.
            entries: What the manifest says is in it.
            bases: Where the version is that it may be a patch against.
            stack: Closes what this opens.

        Raises:
            BundleGapError: the base is not here.
            VolumeError: the volume cannot be read.
            MalformedError: a frame is none.
        """
        self._segment = segment
        self._volume = volume
        self._entries = entries
        self._stack = stack
        self.base: BaseFiles | None = None
        if (at := segment.base) is not None:
            source = stack.enter_context(bases.open(at.mv, at.h1))
            self.base = BaseFiles(at, source)
        known = self.base.recipe_bytes if self.base else b""
        self._recipes = self._frame(known, first=True)
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
        """Yield the tiles of a segment that holds tiles.

        Raises:
            VolumeError: the volume cannot be read.
            MalformedError: a path is none, or the sizes do not fit.
        """
        if self._recipes.left_bytes > _MAX_TILE_LIST_BYTES:
            raise _malformed("a list of tiles is too long")
        names = self._recipes.read(self._recipes.left_bytes)
        self._recipes.finish()
        contents = self._frame(b"", first=False)
        for name in names.splitlines():
            tile = parse_tile_path(name.decode("ascii", "replace"))
            yield tile, contents.read(tile.size_bytes)
        contents.finish()

    def blobs(self) -> Iterator[tuple[Blob, Iterator[bytes | memoryview]]]:
        """Yield the blobs of a segment that holds artifacts, each with its bytes.

        The bytes of each are proven when they were read to their end, which is to be
        done before the next is taken.

        Raises:
            VolumeError: the volume cannot be read.
            MalformedError: the list is none, or bytes have another digest.
        """
        if self._recipes.left_bytes > MAX_BLOB_LIST_BYTES:
            raise _malformed("a list of blobs is too long")
        listed = self._recipes.read(self._recipes.left_bytes)
        self._recipes.finish()
        contents = self._frame(b"", first=False)
        for blob in parse_blobs(listed):
            pieces = contents.pieces(blob.size_bytes)
            yield blob, proven_pieces(blob.digest, pieces, hashlib.sha256())
        contents.finish()

    def groups(self) -> Iterator[OpenGroup]:
        """Yield the groups of a segment that holds modules.

        The contents of each are to be read to their end before the next is taken.

        Raises:
            VolumeError: the volume cannot be read.
            MalformedError: something is not what the manifest or a recipe says.
            ChecksumMismatchError: an h1 is not the manifest's.
        """
        missing = dict(self._entries)
        has = self.base.digests if self.base else {}
        while self._recipes.left_bytes:
            versions = parse_block(self._recipes.read, partial(_check_head, missing))
            known = tuple((each, _take(missing, each)) for each in versions)
            contents = contents_of(versions, has)
            _check_size(contents)
            yield OpenGroup(known, contents, self._contents_frame(contents))
        self._recipes.finish()
        if self._contents is not None:
            self._contents.finish()
        if missing:
            raise _malformed(f"{min(missing)} is not in its segment")

    def _contents_frame(self, contents: Sequence[Content]) -> FrameReader:
        """Return the frame with the contents; a patch's is made for its one group."""
        if self._contents is None:
            dictionary = b""
            if self.base is not None:
                chosen = dictionary_of(contents, self.base.recipe)
                dictionary = self.base.dictionary(chosen)
            self._contents = self._frame(dictionary, first=False)
        elif self.base is not None:
            raise _malformed("a patch of more than one group")
        return self._contents


def _check_head(
    missing: Mapping[ModuleVersion, VersionEntry],
    mv: ModuleVersion,
    head: VersionHead,
) -> None:
    """Check that the manifest knows a version, before anything of it is read."""
    entry = missing.get(mv)
    if entry is None:
        raise _malformed(f"{mv} is not in the manifest, or not in this segment")
    if (head.form is Form.MOD) != (entry.need is Need.MOD):
        raise _malformed(f"{mv}: {head.form.value}, need {entry.need.value}")


def _check_size(contents: Sequence[Content]) -> None:
    """Check that a group's contents are not more than a reader can be asked to keep."""
    size_bytes = sum(content.size_bytes for content in contents)
    if size_bytes > MAX_GROUP_CONTENT_BYTES:
        raise _malformed(f"a group with contents of {size_bytes} bytes")


def _take(
    missing: dict[ModuleVersion, VersionEntry], version: PackedVersion
) -> VersionEntry:
    """Return what the manifest says of a version, once it is found to be true."""
    mv = version.mv
    entry = missing.pop(mv, None)
    if entry is None:
        raise _malformed(f"{mv} is in its segment twice")
    if (
        version.form is Form.VERBATIM
        and version.recipe[0].size_bytes != entry.zip_bytes
    ):
        raise _malformed(f"{mv}: its zip is not of {entry.zip_bytes} bytes")
    info_digest = None if version.info is None else digest_of(version.info)
    if info_digest != entry.info_digest or digest_of(version.mod) != entry.mod_digest:
        raise _malformed(f"{mv}: its .info or .mod is not the manifest's")
    check_h1(f"{mv} go.mod", entry.mod_h1, hash_go_mod(version.mod))
    return entry


def check_h1(subject: str, want: str | None, got: str) -> None:
    """Check an h1 against the manifest's.

    Raises:
        ChecksumMismatchError: it is another.
    """
    if want != got:
        raise ChecksumMismatchError(
            subject, want=f"{want}", got=got, authority=_AUTHORITY
        )


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle segment", "", reason)
