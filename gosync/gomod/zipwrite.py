"""Zips in one fixed form: the same entries give the same bytes.

::

    for each entry   local header (30 bytes, PK 3 4), name, data
    for each entry   directory header (46 bytes, PK 1 2), name
    [zip64 end, locator]   from 65 535 entries on
    end record (22 bytes, PK 5 6)

Every entry has the date 1980-01-01, no extra field, no comment, no descriptor; the
flag for UTF-8 where the name is not ASCII. Contents of at most STRAIGHT_BYTES are
deflated if that makes them smaller, else stored; larger ones are always deflated,
since they pass in pieces and nobody waits for the end of them. Empty ones are
stored. The order is the caller's.

Contents are packed first and joined later, so that what several zips share is
deflated once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from isal import isal_zlib

from gosync.gomod.zipdir import DEFLATE, STORE

STRAIGHT_BYTES = 1 << 20
_WRITE_BYTES = 256 << 10

_LEVEL = 2
_RAW_DEFLATE = -15
_VERSION = 20  # of the zip format: deflate, folders
_VERSION_ZIP64 = 45
_DATE = 0x21  # 1980-01-01
_FLAG_UTF8 = 0x800
_ALL_ONES_16 = 0xFFFF
_ALL_ONES_32 = 0xFFFFFFFF

# signature, version, flags, method, time, date, crc, sizes, lengths of name, extra
_LOCAL = Struct("<4s5H3L2H")
_CENTRAL = Struct("<4s6H3L5H2L")
_END = Struct("<4s4H2LH")
_END64 = Struct("<4sQ2H2L4Q")
_LOCATOR64 = Struct("<4sLQL")


class Packed(NamedTuple):
    """Contents as they stand in a zip.

    Attributes:
        method: STORE or DEFLATE.
        crc: The CRC-32 of the contents.
        size_bytes: Their size.
        packed_bytes: The size of what stands in the zip.
    """

    method: int
    crc: int
    size_bytes: int
    packed_bytes: int


class PackedEntry(NamedTuple):
    """An entry to write.

    Attributes:
        name: Its full name.
        packed: Its contents' facts.
        pieces: Returns what stands in the zip, in pieces.
    """

    name: bytes
    packed: Packed
    pieces: Callable[[], Iterable[bytes]]


EMPTY = Packed(STORE, 0, 0, 0)


def pack(
    pieces: Iterable[bytes | memoryview],
    size_bytes: int,
    write: Callable[[bytes], object],
) -> Packed:
    """Pack contents of a known size, and hand what is to stand in a zip to ``write``.

    Args:
        pieces: The contents, of this size together.
        size_bytes: Their size, which decides how they are packed.
        write: Takes the packed bytes.
    """
    if size_bytes <= STRAIGHT_BYTES:
        return _pack_straight(b"".join(pieces), write)
    stream = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    crc = packed_bytes = 0
    for piece in _even(pieces):
        crc = isal_zlib.crc32(piece, crc)
        packed_bytes += _write(stream.compress(piece), write)
    packed_bytes += _write(stream.flush(), write)
    return Packed(DEFLATE, crc, size_bytes, packed_bytes)


def _even(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Yield the same in pieces of one size: the compressor's output depends on it."""
    left = bytearray()
    for piece in pieces:
        left += piece
        while len(left) >= STRAIGHT_BYTES:
            yield bytes(left[:STRAIGHT_BYTES])
            del left[:STRAIGHT_BYTES]
    yield bytes(left)


def _pack_straight(contents: bytes, write: Callable[[bytes], object]) -> Packed:
    crc = isal_zlib.crc32(contents)
    deflated = isal_zlib.compress(contents, _LEVEL, _RAW_DEFLATE)
    if len(deflated) < len(contents):
        return Packed(DEFLATE, crc, len(contents), _write(deflated, write))
    return Packed(STORE, crc, len(contents), _write(contents, write))


def _write(data: bytes, write: Callable[[bytes], object]) -> int:
    if data:
        write(data)
    return len(data)


def most_bytes(names_and_sizes: Iterable[tuple[bytes, int]]) -> int:
    """Return the most bytes that a zip of entries with these names and sizes has."""
    total = _END64.size + _LOCATOR64.size + _END.size
    for name, size_bytes in names_and_sizes:
        # What does not deflate is stored in blocks, each with a head of 5 bytes; isal's
        # have 14 KiB and more.
        most = size_bytes + 5 * (size_bytes // (8 << 10) + 2)
        total += _LOCAL.size + _CENTRAL.size + 2 * len(name) + most
    return total


def write_zip(entries: Iterable[PackedEntry], write: Callable[[bytes], object]) -> None:
    """Write a zip of these entries, less than 4 GiB of them.

    What is handed to ``write`` is joined to some size, as entries are small and many.
    """
    waiting: list[bytes] = []
    waiting_bytes = 0
    for piece in _pieces(entries):
        waiting.append(piece)
        waiting_bytes += len(piece)
        if waiting_bytes >= _WRITE_BYTES:
            write(b"".join(waiting))
            waiting, waiting_bytes = [], 0
    write(b"".join(waiting))


def _pieces(entries: Iterable[PackedEntry]) -> Iterator[bytes]:
    directory: list[bytes] = []
    offset = 0
    for entry in entries:
        facts = _facts(entry)
        name_bytes = len(entry.name)
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *facts, name_bytes, 0)
        yield local + entry.name
        yield from entry.pieces()
        tail = (name_bytes, 0, 0, 0, 0, 0, offset)
        central = _CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *facts, *tail)
        directory.append(central + entry.name)
        offset += len(local) + name_bytes + entry.packed.packed_bytes
    listing = b"".join(directory)
    yield listing
    yield _end(len(directory), len(listing), offset)


def _facts(entry: PackedEntry) -> tuple[int, ...]:
    packed = entry.packed
    flags = 0 if entry.name.isascii() else _FLAG_UTF8
    sizes = (packed.packed_bytes, packed.size_bytes)
    return (flags, packed.method, 0, _DATE, packed.crc, *sizes)


def _end(count: int, listing_bytes: int, offset: int) -> bytes:
    """Return the end record, and before it what a large number of entries needs."""
    if count < _ALL_ONES_16:
        place = (count, count, listing_bytes, offset)
        return _END.pack(b"PK\x05\x06", 0, 0, *place, 0)
    versions = (_VERSION_ZIP64, _VERSION_ZIP64)
    rest_bytes = _END64.size - 12  # its size field counts what follows it
    place = (count, count, listing_bytes, offset)
    end64 = _END64.pack(b"PK\x06\x06", rest_bytes, *versions, 0, 0, *place)
    locator = _LOCATOR64.pack(b"PK\x06\x07", 0, offset + listing_bytes, 1)
    ones = (_ALL_ONES_16, _ALL_ONES_16, _ALL_ONES_32, _ALL_ONES_32)
    return end64 + locator + _END.pack(b"PK\x05\x06", 0, 0, *ones, 0)
