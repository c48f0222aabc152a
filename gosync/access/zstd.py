"""Logs packed with zstd, read and written: the only owner of zstandard here."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import zstandard

from gosync.errors import RejectedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MAX_WINDOW_BYTES: Final = 1 << 27
# What one piece becomes is held whole: 128 KiB for each 4 bytes of it at the worst.
_PIECE_BYTES: Final = 1024
_HINT: Final = "what was read before counts; copy it again"
_DECOMPRESSOR: Final = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)


class ZstdLines(io.RawIOBase):
    """A log's bytes, unpacked; frames follow each other."""

    def __init__(self, raw: BinaryIO) -> None:
        """Begin to read.

        Args:
            raw: The packed file, at its begin.
        """
        self._raw = raw
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read some bytes.

        Raises:
            RejectedError: it is damaged, or ends too early.
        """
        while not self._ready:
            packed = self._raw.read(_PIECE_BYTES)
            if not packed:
                self._end()
                break
            self._unpack(packed)
        view = memoryview(buffer)
        data, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(data)] = data
        return len(data)

    def _end(self) -> None:
        if self._frame is not None:
            raise RejectedError("a log packed with zstd ends too early", hint=_HINT)

    def _unpack(self, packed: bytes) -> None:
        try:
            while packed:
                frame = self._frame or _DECOMPRESSOR.decompressobj()
                self._ready += frame.decompress(packed)
                packed = frame.unused_data if frame.eof else b""
                self._frame = None if frame.eof else frame
        except zstandard.ZstdError as exc:
            raise RejectedError(
                f"a log packed with zstd is damaged: {exc}", hint=_HINT
            ) from exc


class PackedLines:
    """A file of packed lines, being written."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew.

        Args:
            path: Where it is.
        """
        self._file = path.open("wb")
        self._packer = zstandard.ZstdCompressor(level=6).stream_writer(self._file)

    def write(self, data: bytes) -> None:
        """Add lines."""
        self._packer.write(data)

    def close(self) -> None:
        """End it; it is durable then."""
        self._packer.flush(zstandard.FLUSH_FRAME)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def unpacked_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a packed file, in pieces.

    Raises:
        RejectedError: it is damaged.
    """
    with path.open("rb") as file, io.BufferedReader(ZstdLines(file)) as lines:
        while data := lines.read(1 << 17):
            yield data
