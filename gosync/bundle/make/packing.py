"""Packing: versions of the store scanned, proven again, grouped into segments.

Every zip is read and its h1 compared with the catalog's, so that a blob that has
rotted is found before it travels. Groups and segments are bounded: their recipes
are in memory while they are packed, and a reader holds a group's, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from gosync.bundle.format.artifacts import Blob
from gosync.bundle.format.blocks import Form, PackedVersion, contents_of
from gosync.bundle.format.manifest import Base
from gosync.bundle.format.recipe import RecipeLine, h1_of, recipe_of, verbatim_recipe
from gosync.bundle.make.contentcache import ContentCache
from gosync.bundle.make.difference import Bundled
from gosync.bundle.make.selection import SelectedVersion
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import BlobCorruptError
from gosync.gomod.dirhash import digest_files, hash1
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.gomod.zipcheck import MAX_ZIP_BYTES
from gosync.gomod.zipwrite import most_bytes
from gosync.hint import advise, command
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.sumdb.tile import Tile

GROUP_VERSIONS = 64
GROUP_LINES = 75_000
GROUP_TEXT_BYTES = 32 << 20
GROUP_BYTES = 256 << 20
SEGMENT_BYTES = 112 << 20
SEGMENT_LINES = 150_000
TILE_SEGMENT_BYTES = 64 << 20


class Group(msgspec.Struct, frozen=True):
    """Versions of one module, ready to travel.

    Attributes:
        versions: The versions.
        zips: Each one's blob; "" for a ``.mod`` alone.
    """

    versions: tuple[PackedVersion, ...]
    zips: tuple[str, ...]

    @property
    def lines(self) -> int:
        """How many lines its recipes have."""
        return sum(len(version.recipe) for version in self.versions)

    def halves(self) -> tuple[Group, Group] | None:
        """Return two groups of half the versions, None where there is but one."""
        middle = len(self.versions) // 2
        if not middle:
            return None
        return (
            Group(self.versions[:middle], self.zips[:middle]),
            Group(self.versions[middle:], self.zips[middle:]),
        )


class ModuleSegment(msgspec.Struct, frozen=True):
    """Groups that are packed together.

    Attributes:
        groups: The groups.
        base: What the only one is a patch against, or None.
        base_digest: The base's blob, "" without one.
    """

    groups: tuple[Group, ...]
    base: Base | None = None
    base_digest: str = ""

    @property
    def repeats(self) -> bool:
        """Whether something in it is much like what lies far from it."""
        several = any(len(group.versions) > 1 for group in self.groups)
        return several or self.base is not None

    @property
    def versions(self) -> list[ModuleVersion]:
        """Return which versions are in it."""
        return [version.mv for group in self.groups for version in group.versions]

    def halves(self) -> list[ModuleSegment]:
        """Return smaller segments for the same, none if this cannot be divided."""
        parts: list[tuple[Group, ...]] = []
        if (middle := len(self.groups) // 2) > 0:
            parts = [self.groups[:middle], self.groups[middle:]]
        elif (two := self.groups[0].halves()) is not None:
            parts = [two[:1], two[1:]]
        return [ModuleSegment(part, self.base, self.base_digest) for part in parts]

    def __str__(self) -> str:
        return str(self.groups[0].versions[0].mv)


class TileSegment(msgspec.Struct, frozen=True):
    """Tiles that are packed together."""

    tiles: tuple[Tile, ...]

    def halves(self) -> list[TileSegment]:
        """Return smaller segments for the same, none if this cannot be divided."""
        middle = len(self.tiles) // 2
        parts = (self.tiles[:middle], self.tiles[middle:]) if middle else ()
        return [TileSegment(part) for part in parts]

    def __str__(self) -> str:
        return self.tiles[0].path()


class ArtifactSegment(msgspec.Struct, frozen=True):
    """Blobs of artifacts that are packed together, ordered by digest."""

    blobs: tuple[Blob, ...]

    def halves(self) -> list[ArtifactSegment]:
        """Return smaller segments for the same, none if this cannot be divided."""
        middle = len(self.blobs) // 2
        parts = (self.blobs[:middle], self.blobs[middle:]) if middle else ()
        return [ArtifactSegment(part) for part in parts]

    def __str__(self) -> str:
        return f"artifact blob {self.blobs[0].digest}"


def artifact_segments(blobs: Iterable[Blob]) -> Iterator[ArtifactSegment]:
    """Yield segments for these blobs, which are ordered by digest."""
    filling: list[Blob] = []
    size_bytes = 0
    for blob in blobs:
        if filling and size_bytes + blob.size_bytes > SEGMENT_BYTES:
            yield ArtifactSegment(tuple(filling))
            filling, size_bytes = [], 0
        filling.append(blob)
        size_bytes += blob.size_bytes
    if filling:
        yield ArtifactSegment(tuple(filling))


def tile_segments(tiles: Iterable[Tile]) -> Iterator[TileSegment]:
    """Yield segments for these tiles."""
    full_bytes = 8 << 10
    left = iter(tiles)
    while part := tuple(islice(left, TILE_SEGMENT_BYTES // full_bytes)):
        yield TileSegment(part)


class _Filling:
    """A group in the making."""

    def __init__(self) -> None:
        self.versions: list[PackedVersion] = []
        self._zips: list[str] = []
        self._lines = 0
        self._text_bytes = 0
        self._bytes = 0
        self._digests: set[str] = set()

    def is_full_with(self, version: PackedVersion) -> bool:
        """Return whether the version belongs into the next group."""
        return bool(self.versions) and (
            len(self.versions) == GROUP_VERSIONS
            or self._lines + len(version.recipe) > GROUP_LINES
            or self._text_bytes + version.text_bytes > GROUP_TEXT_BYTES
            or self._bytes + sum(line.size_bytes for line in self._new(version))
            > GROUP_BYTES
        )

    def add(self, version: PackedVersion, digest: str) -> None:
        """Add a version and the blob of its zip."""
        new = self._new(version)
        self._bytes += sum(line.size_bytes for line in new)
        self._lines += len(version.recipe)
        self._text_bytes += version.text_bytes
        self._digests.update(line.digest for line in new)
        self.versions.append(version)
        self._zips.append(digest)

    def group(self) -> Group:
        """Return the group so far."""
        return Group(tuple(self.versions), tuple(self._zips))

    def _new(self, version: PackedVersion) -> list[RecipeLine]:
        return [line for line in version.recipe if line.digest not in self._digests]


def _group(
    versions: Iterable[tuple[PackedVersion, SelectedVersion]],
) -> Iterator[Group]:
    filling = _Filling()
    for version, chosen in versions:
        if filling.is_full_with(version):
            yield filling.group()
            filling = _Filling()
        filling.add(version, (chosen.row.zip_digest or "") if version.recipe else "")
    if filling.versions:
        yield filling.group()


class Packer:
    """Makes segments of versions of one store."""

    def __init__(self, blobs: BlobReader, kept: ContentCache, *, exact: bool) -> None:
        """Begin.

        Args:
            blobs: The store's blobs.
            kept: Takes contents that are inflated on the way.
            exact: Whether zips travel as they are.
        """
        self._blobs = blobs
        self._kept = kept
        self._exact = exact
        self._tap = None if exact else kept.put

    def segments(self, bundled: Iterable[Bundled]) -> Iterator[ModuleSegment]:
        """Yield the segments of a part: patches on their own, the others filled up.

        Raises:
            BlobMissingError: a blob is not there.
            BlobCorruptError: a blob is not what its catalog row says.
        """
        filling: list[Group] = []
        size_bytes = lines = 0
        for each, group in self._groups(bundled):
            if each.base is not None:
                yield ModuleSegment((group,), each.base, each.base_digest)
                continue
            filling.append(group)
            size_bytes += sum(c.size_bytes for c in contents_of(group.versions))
            lines += group.lines
            if size_bytes >= SEGMENT_BYTES or lines >= SEGMENT_LINES:
                yield ModuleSegment(tuple(filling))
                filling, size_bytes, lines = [], 0, 0
        if filling:
            yield ModuleSegment(tuple(filling))

    def _groups(self, bundled: Iterable[Bundled]) -> Iterator[tuple[Bundled, Group]]:
        """Yield the versions that stand together in groups of a bounded size."""
        for each in bundled:
            seen = SeenEntries() if len(each.chosen) > 1 else None
            versions = ((self._scan(one, seen), one) for one in each.chosen)
            for group in _group(versions):
                yield each, group

    def _scan(self, chosen: SelectedVersion, seen: SeenEntries | None) -> PackedVersion:
        row = chosen.row
        assert row.mod_digest is not None
        info = None
        if row.info_digest is not None:
            info = self._blobs.read(Digest(row.info_digest))
        mod = self._blobs.read(Digest(row.mod_digest))
        mv = row.mv
        if chosen.need is Need.MOD:
            return PackedVersion(mv=mv, form=Form.MOD, info=info, mod=mod)
        recipe = self._recipe(mv, row, seen)
        form = Form.REBUILT
        if recipe is None:
            assert row.zip_digest is not None
            assert row.zip_bytes is not None
            form = Form.VERBATIM
            recipe = verbatim_recipe(row.zip_digest, row.zip_bytes)
        return PackedVersion(mv=mv, form=form, info=info, mod=mod, recipe=recipe)

    def _recipe(
        self, mv: ModuleVersion, row: VersionRow, seen: SeenEntries | None
    ) -> tuple[RecipeLine, ...] | None:
        """Return the recipe of a version's zip; None if that travels verbatim."""
        assert row.zip_digest is not None
        with self._blobs.open(Digest(row.zip_digest)) as blob:
            files = digest_files(
                blob.read_at, blob.size_bytes, seen=seen, tap=self._tap
            )
        recipe = recipe_of(mv, files)
        if recipe is None:
            h1 = hash1((file.name, file.digest) for file in files)
        else:
            h1 = h1_of(mv, recipe)
        if h1 != row.zip_h1:
            raise BlobCorruptError(
                f"{mv}: its zip has {h1}, was admitted with {row.zip_h1}",
                hint=advise(
                    "run {}, then create the bundle again",
                    command("verify", "--repair"),
                ),
            )
        most = most_bytes((file.name, file.size_bytes) for file in files)
        if recipe is None or self._exact or most > MAX_ZIP_BYTES:
            return None
        return recipe
