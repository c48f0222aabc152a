"""Zips as bytes, made well or badly on purpose."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PREFIX = "example.com/m@v1.0.0/"


def make_zip(
    files: Iterable[tuple[str, bytes]],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    prefix: str = PREFIX,
    streamed: bool = False,
) -> bytes:
    """Make a zip; streamed, it has data descriptors as Go's writer makes them."""
    buffer = _Unseekable() if streamed else io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # equal names are meant
        for name, contents in files:
            archive.writestr(prefix + name, contents, method)
    return buffer.getvalue()


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: data[offset : offset + size]


def patch_header(data: bytes, offset: int, layout: str, value: int) -> bytes:
    """Overwrite a field of the last directory header."""
    patched = bytearray(data)
    struct.pack_into(layout, patched, data.rindex(b"PK\x01\x02") + offset, value)
    return bytes(patched)


def with_zip64_end(data: bytes) -> bytes:
    """Move what the end record says into a zip64 end record."""
    at = data.rindex(b"PK\x05\x06")
    records, size, offset = struct.unpack_from("<HLL", data, at + 10)
    end64 = struct.pack(
        "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, records, records, size, offset
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = bytearray(data[at:])
    struct.pack_into("<HHLL", end, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return data[:at] + end64 + locator + bytes(end)


def with_zip64_sizes(data: bytes) -> bytes:
    """Move the sizes and the offset of the only entry into an extra field."""
    at = data.index(b"PK\x01\x02")
    stored, size = struct.unpack_from("<LL", data, at + 20)
    name_bytes = struct.unpack_from("<H", data, at + 28)[0]
    offset = struct.unpack_from("<L", data, at + 42)[0]
    header = bytearray(data[at : at + 46])
    struct.pack_into("<LL", header, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", header, 30, 5 + 28)
    struct.pack_into("<L", header, 42, 0xFFFFFFFF)
    other = struct.pack("<HHB", 0x9999, 1, 7)
    extra = other + struct.pack("<HHQQQ", 1, 24, size, stored, offset)
    name_end = at + 46 + name_bytes
    end = bytearray(data[name_end:])
    directory_bytes = struct.unpack_from("<L", end, 12)[0] + len(extra)
    struct.pack_into("<L", end, 12, directory_bytes)
    return data[:at] + bytes(header) + data[at + 46 : name_end] + extra + bytes(end)


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation
