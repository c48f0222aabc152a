"""A spool of a group's deflated contents, for the zips that share them.

They are deflated once. Small ones are kept in memory and large ones in an unnamed file
beside the store's, which is in memory as well while it is short; together these
take MEMORY_BYTES at most, and then all go to the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

from gosync.bundle.format.recipe import RecipeLine
from gosync.bundle.read.zstd import PIECE_BYTES, FrameReader
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipdir import STORE
from gosync.gomod.zipwrite import EMPTY, Packed, PackedEntry, pack, write_zip
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles

MEMORY_BYTES = 64 << 20


class _Place(NamedTuple):
    """Where packed contents are: at hand, or else in the file."""

    packed: Packed
    data: bytes | None
    offset: int = 0


class Spool:
    """Packed contents by their SHA-256; a context manager that cleans up."""

    def __init__(self, scratch: ScratchFiles) -> None:
        self._scratch = scratch
        self._file = scratch.scratch_file(memory_bytes=MEMORY_BYTES // 2)
        self._places: dict[str, _Place] = {}
        self._end = 0
        self._left_bytes = MEMORY_BYTES // 2

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, digest: str) -> bool:
        return digest in self._places

    def put(self, digest: str, size_bytes: int, frame: FrameReader) -> str:
        """Keep the next contents of a frame; return their digest.

        Args:
            digest: Their SHA-256, hex, or "" if it is not known.
            size_bytes: Their size.
            frame: Where they come from.

        Raises:
            MalformedError: they have another digest, or the frame is damaged.
            NoSpaceError: the scratch files' disk is full.
        """
        if size_bytes > min(PIECE_BYTES, self._left_bytes):
            return self.put_pieces(digest, size_bytes, frame.pieces(size_bytes))
        contents = frame.read(size_bytes)
        found = hashlib.sha256(contents).hexdigest()
        _check_digest(digest, found)
        parts: list[bytes] = []
        packed = pack((contents,), size_bytes, parts.append)
        self._left_bytes -= packed.packed_bytes
        self._places[found] = _Place(packed, parts[0] if parts else b"")
        return found

    def put_pieces(
        self,
        digest: str,
        size_bytes: int,
        pieces: Iterable[bytes | memoryview],
        *,
        verbatim: bool = False,
    ) -> str:
        """Keep contents in the file; as ``put``.

        Args:
            digest: Their SHA-256, hex, or "" if it is not known.
            size_bytes: Their size.
            pieces: The contents.
            verbatim: Whether they are kept as they are.
        """
        with disk_errors(self._scratch):
            self._file.seek(self._end)
            found = hashlib.sha256()
            proven = proven_pieces(digest, pieces, found)
            if verbatim:
                for piece in proven:
                    self._file.write(piece)
                packed = Packed(STORE, 0, size_bytes, size_bytes)
            else:
                packed = pack(proven, size_bytes, self._file.write)
        self._places[found.hexdigest()] = _Place(packed, None, self._end)
        self._end += packed.packed_bytes
        return found.hexdigest()

    def write_zip(
        self,
        mv: ModuleVersion,
        recipe: Iterable[RecipeLine],
        write: Callable[[bytes], object],
    ) -> None:
        """Rebuild the zip of a version whose contents are all here."""
        prefix = f"{mv}/".encode()
        with disk_errors(self._scratch):
            write_zip((self._entry(prefix, line) for line in recipe), write)

    def write_verbatim(self, digest: str, write: Callable[[bytes], object]) -> None:
        """Write contents that are kept as they are."""
        with disk_errors(self._scratch):
            for piece in self._pieces(self._places[digest]):
                write(piece)

    def _entry(self, prefix: bytes, line: RecipeLine) -> PackedEntry:
        if not line.size_bytes:
            return PackedEntry(prefix + line.name, EMPTY, tuple)
        place = self._places[line.digest]
        return PackedEntry(
            prefix + line.name, place.packed, lambda: self._pieces(place)
        )

    def _pieces(self, place: _Place) -> Iterable[bytes]:
        return self._read(place) if place.data is None else (place.data,)

    def _read(self, place: _Place) -> Iterator[bytes]:
        left = place.packed.packed_bytes
        self._file.seek(place.offset)
        while left:
            piece = self._file.read(min(left, PIECE_BYTES))
            left -= len(piece)
            yield piece


def proven_pieces(
    digest: str, pieces: Iterable[bytes | memoryview], found: hashlib._Hash
) -> Iterator[bytes | memoryview]:
    """Yield pieces and, after the last, see that they have the digest together.

    Args:
        digest: What they must have, "" if it is not known.
        pieces: The contents.
        found: Takes their hash.

    Raises:
        MalformedError: they have another.
    """
    for piece in pieces:
        found.update(piece)
        yield piece
    _check_digest(digest, found.hexdigest())


def hash_proven(digest: str, frame: FrameReader, size_bytes: int) -> str:
    """Read contents off a frame, see that they have the digest, and return it.

    Args:
        digest: What they must have, "" if it is not known.
        frame: Where they come next.
        size_bytes: Their size.

    Raises:
        MalformedError: they have another, or the frame is damaged.
    """
    if size_bytes <= PIECE_BYTES:
        got = hashlib.sha256(frame.read(size_bytes)).hexdigest()
    else:
        found = hashlib.sha256()
        for piece in frame.pieces(size_bytes):
            found.update(piece)
        got = found.hexdigest()
    _check_digest(digest, got)
    return got


def _check_digest(want: str, got: str) -> None:
    if want and got != want:
        raise MalformedError("bundle contents", want, f"they have the digest {got}")
