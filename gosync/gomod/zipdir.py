"""The central directory of a zip, read as Go's ``archive/zip`` reads it.

::

    entries' data ... | directory header ... | [zip64 end, locator] | end | comment

- The *end record* (22 bytes, ``PK 5 6``) is searched from the file's end, in
  the last 1 KiB, then in the last 65 KiB; it holds the number of entries
  (modulo 65 536), the directory's size and its offset. Values of all ones there
  are replaced by those of the zip64 end, if a locator leads to one.
- A *directory header* (46 bytes, ``PK 1 2``, then name, extra and comment)
  describes an entry. Headers are read until something else follows; then their
  number must fit. Sizes and offsets of all ones are in the extra field 1.
- Data before the zip proper shifts all offsets, unless a header stands right
  where the unshifted offset points.

Only the directory counts for names, sizes, methods and checksums; a local header
(30 bytes, ``PK 3 4``) only says where the data begins. Names are bytes.

Stricter than Go: at most 500 000 entries, which bounds the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

import msgspec

from gosync.errors import MalformedError, RejectedError
from gosync.gomod.window import WINDOW_BYTES, Window

MAX_ENTRIES = 500_000

STORE = 0
DEFLATE = 8

_END = Struct("<4s4xHHLLH")  # signature, records here, records, size, offset, comment
_END_SIGNATURE = b"PK\x05\x06"
_END64 = Struct("<4s28xQQQ")  # signature, records, size, offset
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR64 = Struct("<4sLQL")  # signature, disk of zip64 end, its offset, disks
_LOCATOR64_SIGNATURE = b"PK\x06\x07"
# signature, flags, method, crc, sizes, lengths of name, extra, comment, offset
_HEADER = Struct("<4s4xHH4xLLLHHH8xL")
_HEADER_SIGNATURE = b"PK\x01\x02"
_MAX_HEADER_BYTES = _HEADER.size + 3 * 0xFFFF  # less than a window
_EXTRA = Struct("<HH")  # tag, size
_EXTRA_ZIP64 = 1
_QUAD = Struct("<Q")
_ALL_ONES_16 = 0xFFFF
_ALL_ONES_32 = 0xFFFFFFFF
_SEARCHED_BYTES = (1 << 10, 65 << 10)
_FLAG_DESCRIPTOR = 0x8


class ZipEntry(msgspec.Struct, gc=False):
    """What the central directory says about one entry.

    Attributes:
        name: The full name, bytes as stored.
        method: STORE, DEFLATE, or one that cannot be read.
        flags: The general purpose flags.
        crc: The CRC-32 of the contents.
        compressed_bytes: How many bytes are stored.
        size_bytes: How many bytes the contents have.
        header_offset: Where its local header is, in the file.
    """

    name: bytes
    method: int
    flags: int
    crc: int
    compressed_bytes: int
    size_bytes: int
    header_offset: int

    @property
    def is_folder(self) -> bool:
        """Whether the name ends in a slash; such an entry has no contents."""
        return self.name.endswith(b"/")

    @property
    def has_descriptor(self) -> bool:
        """Whether a data descriptor with the CRC follows the data."""
        return bool(self.flags & _FLAG_DESCRIPTOR)


class _End(msgspec.Struct, frozen=True):
    records: int
    size_bytes: int
    offset: int
    found_at: int  # where the end record, or the zip64 one, begins


class _NoHeaderError(Exception):
    """Here ends the directory: no header, or a torn one."""


def read_directory(window: Window, size_bytes: int) -> list[ZipEntry]:
    """Read the entries of a zip, in the directory's order.

    Raises:
        MalformedError: Not a zip, or its directory is damaged.
        RejectedError: Too many entries.
    """
    end = _read_end(window, size_bytes)
    base = _base_offset(window, end, size_bytes)
    entries = list(_headers(window, base, end, size_bytes))
    if (len(entries) ^ end.records) & _ALL_ONES_16:
        raise _malformed(f"{len(entries)} entries found, {end.records} declared")
    return entries


def _read_end(window: Window, size_bytes: int) -> _End:
    found_at = _find_end(window, size_bytes)
    header = window.exactly(found_at, _END.size)
    _, _, records, directory_bytes, offset, _ = _END.unpack(header)
    end = _End(records, directory_bytes, offset, found_at)
    if records == _ALL_ONES_16 or _ALL_ONES_32 in (directory_bytes, offset):
        return _read_end64(window, end)
    return end


def _find_end(window: Window, size_bytes: int) -> int:
    for searched in _SEARCHED_BYTES:
        start = max(0, size_bytes - searched)
        tail = bytes(window.exactly(start, size_bytes - start))
        at = tail.rfind(_END_SIGNATURE, 0, max(0, len(tail) - _END.size + 4))
        if at >= 0 and at + _END.size + _END.unpack_from(tail, at)[5] <= len(tail):
            return start + at
        if start == 0:
            break
    raise _malformed("no end record: cut short, or no zip at all")


def _read_end64(window: Window, end: _End) -> _End:
    """Follow the locator before the end record; without one, keep the end."""
    at = end.found_at - _LOCATOR64.size
    if at < 0:
        return end
    signature, disk, offset, disks = _LOCATOR64.unpack(
        window.exactly(at, _LOCATOR64.size)
    )
    if signature != _LOCATOR64_SIGNATURE or disk != 0 or disks != 1 or offset >> 63:
        return end
    found = _END64.unpack(window.exactly(offset, _END64.size))
    if found[0] != _END64_SIGNATURE:
        raise _malformed("no zip64 end record where its locator points")
    return _End(found[1], found[2], found[3], offset)


def _base_offset(window: Window, end: _End, size_bytes: int) -> int:
    """Return how far all offsets are shifted."""
    base = end.found_at - end.size_bytes - end.offset
    if end.offset >> 63 or not 0 <= base + end.offset < size_bytes:
        raise _malformed("the directory is outside the file")
    if base <= 0 or end.offset >= size_bytes:
        return base
    try:
        _parse_header(bytes(window.view(end.offset, _MAX_HEADER_BYTES)), 0)
    except _NoHeaderError:
        return base
    return 0


def _headers(
    window: Window, base: int, end: _End, size_bytes: int
) -> Iterator[ZipEntry]:
    """Yield the entries; headers are parsed from blocks that surely hold one."""
    start = base + end.offset
    block, at = b"", 0
    for _ in range(MAX_ENTRIES + 1):
        if len(block) - at < _MAX_HEADER_BYTES and start + len(block) < size_bytes:
            start += at
            block, at = bytes(window.view(start, WINDOW_BYTES)), 0
        try:
            entry, at = _parse_header(block, at)
        except _NoHeaderError:
            if start + at == size_bytes:
                raise _malformed("the directory runs to the file's end") from None
            return
        entry.header_offset += base
        yield entry
    raise RejectedError(f"zip: more than {MAX_ENTRIES} entries")


def _parse_header(block: bytes, at: int) -> tuple[ZipEntry, int]:
    """Parse one header; return its entry and where the next one would be."""
    name_at = at + _HEADER.size
    if name_at > len(block):
        raise _NoHeaderError
    (
        signature,
        flags,
        method,
        crc,
        compressed_bytes,
        size_bytes,
        name_bytes,
        extra_bytes,
        comment_bytes,
        offset,
    ) = _HEADER.unpack_from(block, at)
    extra_at = name_at + name_bytes
    after = extra_at + extra_bytes + comment_bytes
    if signature != _HEADER_SIGNATURE or after > len(block):
        raise _NoHeaderError
    entry = ZipEntry(
        block[name_at:extra_at],
        method,
        flags,
        crc,
        compressed_bytes,
        size_bytes,
        offset,
    )
    if extra_bytes:
        _apply_extra(entry, block[extra_at : extra_at + extra_bytes])
    return entry, after


def _apply_extra(entry: ZipEntry, extra: bytes) -> None:
    """Take sizes and offset of all ones from the zip64 extra field."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        tag, size = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if at + size > len(extra):
            return
        if tag == _EXTRA_ZIP64:
            _apply_zip64(entry, extra[at : at + size])
        at += size


def _apply_zip64(entry: ZipEntry, field: bytes) -> None:
    quads = _QUAD.iter_unpack(field[: len(field) // _QUAD.size * _QUAD.size])
    try:
        if entry.size_bytes == _ALL_ONES_32:
            entry.size_bytes = next(quads)[0]
        if entry.compressed_bytes == _ALL_ONES_32:
            entry.compressed_bytes = next(quads)[0]
        if entry.header_offset == _ALL_ONES_32:
            entry.header_offset = next(quads)[0]
    except StopIteration:
        raise _NoHeaderError from None


def _malformed(reason: str) -> MalformedError:
    return MalformedError("zip", "", reason)
