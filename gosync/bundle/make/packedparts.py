"""Parts that were packed, kept for the other bundles of one run.

Sites with the same modules are sent the same bytes: what travels to one is cut into
parts that others have, too. So a run that makes several bundles packs each part once.
A part is known again by what it is made of (digests, bases, how it is packed), and its
bytes are those that it would be packed into anew. They lie in one scratch file, which
goes with the run; what was packed is read back and proven with each bundle all the
same. Where there is no room for it, nothing more is kept.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from hashlib import sha256
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Final, NamedTuple, Self

import msgspec

from gosync.bundle.make.compressor import PackedSegment
from gosync.bundle.make.difference import Bundled
from gosync.bundle.make.packers import PackedPart, Packers
from gosync.bundle.make.packing import ArtifactSegment, TileSegment
from gosync.bundle.make.partpacker import PackForm
from gosync.errors import NoSpaceError
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles

if TYPE_CHECKING:
    from gosync.bundle.make.parts import Part

_BUFFER_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 64 << 30


def pack_all(
    packers: Packers, form: PackForm, parts: Sequence[Part], kept: PackedParts | None
) -> Generator[PackedPart]:
    """Yield parts in their order, packed; those that are kept are not packed again.

    Raises:
        GosyncError: as Packers.pack_all.
    """
    if kept is not None:
        return kept.pack_all(packers, form, parts)
    return packers.pack_all(parts, size_bytes=sum(map(_zip_bytes, parts)))


class _Kept(NamedTuple):
    begins: int
    segments: tuple[PackedSegment, ...]


class PackedParts:
    """The parts that a run has packed; a context manager that forgets them."""

    def __init__(self, scratch: ScratchFiles) -> None:
        """Begin with none.

        Args:
            scratch: Opens the file for them.
        """
        self._scratch = scratch
        self._file: IO[bytes] | None = None
        self._kept: dict[bytes, _Kept] = {}
        self._size_bytes = 0
        self._is_full = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._kept.clear()

    def pack_all(
        self, packers: Packers, form: PackForm, parts: Sequence[Part]
    ) -> Generator[PackedPart]:
        """Yield parts in their order: those that are kept, the others packed.

        Raises:
            GosyncError: as Packers.pack_all.
        """
        keys = [_key(form, part) for part in parts]
        lacking = [
            part for part, key in zip(parts, keys, strict=True) if key not in self._kept
        ]
        size_bytes = sum(map(_zip_bytes, lacking))
        with closing(packers.pack_all(lacking, size_bytes=size_bytes)) as all_packed:
            for key in keys:
                kept = self._kept.get(key)
                if kept is not None:
                    with self._open(kept) as found:
                        yield found
                    continue
                packed = next(all_packed)
                self._keep(key, packed)
                yield packed

    def _open(self, kept: _Kept) -> PackedPart:
        assert self._file is not None
        with disk_errors(self._scratch):
            file = os.fdopen(os.dup(self._file.fileno()), "rb", _BUFFER_BYTES)
        return PackedPart(file, kept.segments, begins=kept.begins)

    def _keep(self, key: bytes, packed: PackedPart) -> None:
        size_bytes = sum(segment.size_bytes for segment in packed.segments)
        if self._is_full or self._size_bytes + size_bytes > _MOST_BYTES:
            return
        try:
            if self._file is None:
                self._file = self._scratch.scratch_file()
            with disk_errors(self._scratch):
                packed.file.seek(packed.begins)
                self._file.seek(self._size_bytes)
                copyfileobj(packed.file, self._file, _BUFFER_BYTES)
                self._file.flush()
        except NoSpaceError:  # the bundle itself may lie elsewhere
            self._is_full = True
            return
        self._kept[key] = _Kept(self._size_bytes, packed.segments)
        self._size_bytes += size_bytes


def _key(form: PackForm, part: Part) -> bytes:
    """Return a digest of all that a part's bytes depend on."""
    if isinstance(part, TileSegment):
        of: object = ["tiles", [tile.path() for tile in part.tiles]]
    elif isinstance(part, ArtifactSegment):
        of = ["artifacts", [blob.digest for blob in part.blobs]]
    else:
        of = ["modules", [_essence(each) for each in part]]
    return sha256(msgspec.json.encode([form, of])).digest()


def _essence(bundled: Bundled) -> object:
    chosen = [
        (
            *(row.path, row.version, need),
            *(row.info_digest, row.mod_digest, row.zip_digest, row.zip_h1),
        )
        for row, need in bundled.chosen
    ]
    return (bundled.base, bundled.base_digest, chosen)


def _zip_bytes(part: Part) -> int:
    if isinstance(part, TileSegment | ArtifactSegment):
        return 0
    return sum(each.zip_bytes for each in part)
