"""A column of many short texts, packed into one frame, of which some are read.

A column is a MessagePack array of two binary strings::

    starts    where each 64th line begins, in characters: 32 bits each, little-endian
    frame     the lines, UTF-8, with a line feed between two, as one zstd frame

So a line is found by its number, and its number by its place, without a look at those
before.

Frames are unpacked one after the other into the same memory: with new memory for each
it takes two fifths longer.
"""

from __future__ import annotations

import struct
import threading
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

import msgspec
import zstandard

from gosync.errors import MalformedError

_LEVEL: Final = 1  # others take twice the time, for a twentieth less
_BLOCK: Final = 64  # lines
_MOST_BYTES: Final = 1 << 30


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    starts: memoryview
    frame: memoryview


def pack_lines(values: Sequence[str]) -> bytes:
    """Pack a column of one value or more.

    Raises:
        MalformedError: a value has more than one line.
    """
    blocks = [
        "\n".join(values[at : at + _BLOCK]) for at in range(0, len(values), _BLOCK)
    ]
    text = b"\n".join([block.encode() for block in blocks])
    if text.count(b"\n") != len(values) - 1:
        odd = next(value for value in values if "\n" in value)
        raise MalformedError("index row", odd, "more than one line")
    starts = accumulate((len(block) + 1 for block in blocks[:-1]), initial=0)
    frame = zstandard.ZstdCompressor(level=_LEVEL).compress(text)
    return msgspec.msgpack.encode((struct.pack(f"<{len(blocks)}I", *starts), frame))


class ColumnLines:
    """The lines of a column.

    Attributes:
        text: All of them.
    """

    __slots__ = ("_starts", "text")

    def __init__(self, text: str, starts: memoryview) -> None:
        self.text = text
        self._starts = struct.unpack(f"<{len(starts) // 4}I", starts)

    def number_at(self, place: int) -> int:
        """Return the number of the line that begins at a place, from 0 on."""
        block = bisect_right(self._starts, place) - 1
        return block * _BLOCK + self.text.count("\n", self._starts[block], place)

    def __getitem__(self, number: int) -> str:
        """Return a line by its number.

        Raises:
            IndexError: there are not so many.
        """
        block, at = divmod(number, _BLOCK)
        end = self._starts[block + 1] - 1 if block + 1 < len(self._starts) else None
        return self.text[self._starts[block] : end].split("\n")[at]

    def all(self) -> list[str]:
        """Return all of them."""
        return self.text.split("\n")


class ColumnReader:
    """Unpacks columns, one after the other; threads may share it."""

    def __init__(self) -> None:
        self._memory = bytearray()
        self._lock = threading.Lock()

    @cached_property
    def _unpacker(self) -> zstandard.ZstdDecompressor:
        return zstandard.ZstdDecompressor()  # not of each catalog that is opened

    def read(self, column: bytes) -> ColumnLines:
        """Return a column's lines.

        Raises:
            ValueError: it is damaged.
        """
        packed = msgspec.msgpack.decode(column, type=_Packed)
        try:
            with self._lock:
                text = self._text(packed.frame)
            return ColumnLines(text, packed.starts)
        except (zstandard.ZstdError, struct.error) as error:
            raise ValueError(str(error)) from error

    def _text(self, frame: memoryview) -> str:
        size = zstandard.frame_content_size(frame)
        if not 0 <= size <= _MOST_BYTES:
            raise ValueError(f"a column of {size} bytes")
        if size > len(self._memory):
            self._memory = bytearray(size)
        with self._unpacker.stream_reader(frame) as reader:
            if reader.readinto(self._memory) != size:
                raise ValueError("a column is cut off")
        return str(memoryview(self._memory)[:size], "utf-8")
