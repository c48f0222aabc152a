"""The contents of a zip's entries, streamed and verified.

An entry's data begins after its local header (30 bytes, name, extra) and has
the compressed length that the directory says; it is stored or deflated. As in
Go, the contents must have exactly the declared size; the CRC must fit if it is
not 0, or if a data descriptor follows, which must then repeat it (with or
without its signature). A folder's data is not looked at.

Contents come in chunks of at most 256 KiB, whatever the entry's size, and the
chunk in which an entry exceeds its declared size is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import cast

from isal import isal_zlib

from gosync.errors import MalformedError
from gosync.gomod.window import WINDOW_BYTES, Window
from gosync.gomod.zipdir import DEFLATE, STORE, ZipEntry

CHUNK_BYTES = 256 << 10

_LOCAL = Struct("<4s22xHH")  # signature, lengths of name and extra
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_DESCRIPTOR_BYTES = 12  # crc and two sizes, of which Go reads the first
_SIGNED_CRC = Struct("<4sL")  # a descriptor's signature, if it has one, and crc
_AROUND_BYTES = 512  # room for an entry's header, name and descriptor
_STRAIGHT_BYTES = WINDOW_BYTES - _AROUND_BYTES
_RAW_DEFLATE = -15
# The stub declares an instance where the module has a class.
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)


def read_contents(
    window: Window, entry: ZipEntry, *, tap: Callable[[memoryview], None] | None = None
) -> Iterator[memoryview | bytes]:
    """Yield the contents of an entry in chunks; consume all to verify them.

    Args:
        window: Over the zip.
        entry: The entry.
        tap: Is handed the compressed bytes, as far as they are read.

    Raises:
        MalformedError: Damaged, not of the declared size or CRC, or of another
            method than store and deflate.
    """
    offset = _data_offset(window, entry)
    if entry.is_folder:
        _check_folder(entry)
        return
    left = entry.size_bytes
    crc = 0
    pieces = window.pieces(offset, entry.compressed_bytes)
    for chunk in _decoded(entry, _tapped(pieces, tap) if tap else pieces):
        left -= len(chunk)
        if left < 0:
            break
        crc = isal_zlib.crc32(chunk, crc)
        yield chunk
    _check_end(window, entry, offset, left=left, crc=crc)


def read_data(window: Window, entry: ZipEntry) -> Iterator[memoryview]:
    """Return the compressed bytes of an entry, whose end is not checked.

    Raises:
        MalformedError: No local header where it should be.
    """
    return window.pieces(_data_offset(window, entry), entry.compressed_bytes)


def check_end(window: Window, entry: ZipEntry) -> None:
    """Check what follows the data, of which is known that it is as declared.

    Raises:
        MalformedError: As read_contents.
    """
    offset = _data_offset(window, entry)
    _check_end(window, entry, offset, left=0, crc=entry.crc)


def small_data(window: Window, entry: ZipEntry) -> memoryview | None:
    """Return the compressed bytes of a deflated file of at most CHUNK_BYTES.

    Modules consist of such files, so the common case has a straight way: this,
    and then ``inflate_small``. What is not right there is None and goes the
    general way, which knows all cases and says what is wrong.
    """
    if entry.method != DEFLATE or entry.size_bytes > CHUNK_BYTES:
        return None
    return _framed_data(window, entry)


def inflate_small(entry: ZipEntry, data: memoryview) -> bytes | None:
    """Return the contents if they have the declared size and CRC, else None.

    What follows the end of the deflate stream is ignored, as everywhere.
    """
    stream = isal_zlib.decompressobj(_RAW_DEFLATE)
    try:
        contents = stream.decompress(data, entry.size_bytes + 1)
    except _INFLATE_ERROR:
        return None
    if not stream.eof or len(contents) != entry.size_bytes:
        return None
    return contents if isal_zlib.crc32(contents) == entry.crc else None


def _framed_data(window: Window, entry: ZipEntry) -> memoryview | None:
    """Return a file's data if header and descriptor around it are right, else None."""
    packed_bytes = entry.compressed_bytes
    if packed_bytes > _STRAIGHT_BYTES or entry.is_folder:
        return None
    around = window.view(entry.header_offset, packed_bytes + _AROUND_BYTES)
    if len(around) < _LOCAL.size:
        return None
    signature, name_bytes, extra_bytes = _LOCAL.unpack_from(around)
    start = _LOCAL.size + name_bytes + extra_bytes
    end = start + packed_bytes
    if signature != _LOCAL_SIGNATURE or end + _SIGNED_CRC.size > len(around):
        return None
    if entry.has_descriptor:
        found = _SIGNED_CRC.unpack_from(around, end)
        if found != (_DESCRIPTOR_SIGNATURE, entry.crc):
            return None
    return around[start:end]


def _data_offset(window: Window, entry: ZipEntry) -> int:
    header = window.exactly(entry.header_offset, _LOCAL.size)
    signature, name_bytes, extra_bytes = _LOCAL.unpack(header)
    if signature != _LOCAL_SIGNATURE:
        raise _malformed(entry, "no local header where the directory points")
    offset: int = entry.header_offset + _LOCAL.size + name_bytes + extra_bytes
    return offset


def _tapped(
    pieces: Iterable[memoryview], tap: Callable[[memoryview], None]
) -> Iterator[memoryview]:
    for piece in pieces:
        tap(piece)
        yield piece


def _decoded(
    entry: ZipEntry, pieces: Iterator[memoryview]
) -> Iterator[memoryview | bytes]:
    if entry.method == STORE:
        return pieces
    if entry.method == DEFLATE:
        return _inflated(entry, pieces)
    raise _unknown_method(entry)


def _inflated(entry: ZipEntry, pieces: Iterable[memoryview]) -> Iterator[bytes]:
    """Inflate; what follows the end of the deflate stream is ignored."""
    stream = isal_zlib.decompressobj(_RAW_DEFLATE)
    chunk_bytes = min(CHUNK_BYTES, entry.size_bytes + 1)
    try:
        for piece in pieces:
            chunk = stream.decompress(piece, chunk_bytes)
            while chunk:
                yield chunk
                if stream.eof:
                    return
                chunk = stream.decompress(stream.unconsumed_tail, chunk_bytes)
            if stream.eof:
                return
    except _INFLATE_ERROR as error:
        raise MalformedError("zip entry", _shown(entry), "not deflate data") from error
    raise _malformed(entry, "its deflate stream is cut short")


def _check_folder(entry: ZipEntry) -> None:
    if entry.size_bytes:
        raise _malformed(entry, "a folder with contents")


def _check_end(
    window: Window, entry: ZipEntry, offset: int, *, left: int, crc: int
) -> None:
    """Check what is known once the contents are read: their size and CRC."""
    if left < 0:
        raise _malformed(entry, "larger than declared")
    if left:
        raise _malformed(entry, "smaller than declared")
    if entry.has_descriptor:
        descriptor = _descriptor_crc(window, offset + entry.compressed_bytes)
        fits = crc == entry.crc == descriptor
    else:
        fits = entry.crc in (0, crc)
    if not fits:
        raise _malformed(entry, "the CRC does not fit")


def _descriptor_crc(window: Window, offset: int) -> int:
    if window.exactly(offset, 4) == _DESCRIPTOR_SIGNATURE:
        offset += 4
    descriptor = window.exactly(offset, _DESCRIPTOR_BYTES)
    return int.from_bytes(descriptor[:4], "little")


def _malformed(entry: ZipEntry, reason: str) -> MalformedError:
    return MalformedError("zip entry", _shown(entry), reason)


def _unknown_method(entry: ZipEntry) -> MalformedError:
    return _malformed(entry, f"method {entry.method} is neither store nor deflate")


def _shown(entry: ZipEntry) -> str:
    return entry.name.decode("utf-8", "backslashreplace")
