"""zstd frames, in and out: the only owner of zstandard.

Every frame is written with its size, a checksum and a window of at most 2^27 bytes,
and without a dictionary's id: manifests name bases by hash. The same contents give
the same frame, in whatever pieces they come.

Reading is bounded in all directions: the frame is as long as the manifest says, so
are its contents, and it may not ask for a larger window.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol, Self, cast

import zstandard

from gosync.bundle.format.names import WINDOW_LOG
from gosync.errors import MalformedError

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

PIECE_BYTES = 256 << 10
_READ_BYTES = 1 << 20

# Measured on Go source: with a window of 2^27 bytes, not 2^25, a frame is a
# two-thousandth smaller and its reader takes four times the memory. What repeats far
# away is several versions of one module: there long matches find it, elsewhere they
# take a fourth of the time for nothing. Short ones, taken from the level's own search,
# would cost a hundredth of the size.
DEFAULT_LEVEL = 8
_NEAR_WINDOW_LOG = 25
_REPEATS_LEVEL = 10  # at least: what repeats is soon done, and a third smaller
_LONG_MATCH_BYTES = 200
_TREE_LEVEL = 10
_TREE_JOB_BYTES = 12 << 20
_TREE_OVERLAP = 7
_THREADS = 2
_MIN_WINDOW_LOG = 17
_MAX_WINDOW_BYTES = 1 << WINDOW_LOG
_FRAME_HEAD_BYTES = 18  # what a frame's header has at most


class ByteSink(Protocol):
    """Takes bytes, as a file does."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


def write_frame(
    pieces: Iterable[bytes | memoryview],
    sink: ByteSink,
    *,
    size_bytes: int,
    base: bytes = b"",
    level: int = DEFAULT_LEVEL,
    repeats: bool = True,
) -> int:
    """Write one frame; return its size in bytes.

    Args:
        pieces: The contents.
        sink: Takes the frame.
        size_bytes: The size of the contents.
        base: A raw dictionary, or nothing.
        level: How hard to look for what is alike.
        repeats: Whether it may be far away, as in several versions of a module.
    """
    written = 0
    reach = (size_bytes + len(base)).bit_length()
    most = WINDOW_LOG if repeats else _NEAR_WINDOW_LOG
    parameters = zstandard.ZstdCompressionParameters.from_level(
        max(level, _REPEATS_LEVEL) if repeats else level,
        source_size=size_bytes,
        dict_size=len(base),
        window_log=min(max(reach, _MIN_WINDOW_LOG), most),
        enable_ldm=repeats,
        ldm_min_match=_LONG_MATCH_BYTES if repeats else 0,
        write_checksum=True,
        write_content_size=True,
        write_dict_id=False,
    )
    with _frame_errors("compressing"):
        compressor = zstandard.ZstdCompressor(
            compression_params=parameters, dict_data=_dictionary(base)
        )
        stream = compressor.compressobj(size=size_bytes)
        for piece in pieces:
            written += _pass_on(stream.compress(piece), sink)
        written += _pass_on(stream.flush(), sink)
    return written


def _pass_on(data: bytes, sink: ByteSink) -> int:
    if data:
        sink.write(data)
    return len(data)


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict | None:
    if not base:
        return None
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


class FrameReader:
    """Reads one frame to its end, exactly.

    Attributes:
        left_bytes: How much of the contents has not been read yet.
    """

    def __init__(
        self,
        read_at: ReadAt,
        *,
        offset: int,
        size_bytes: int,
        unpacked_bytes: int,
        base: bytes = b"",
    ) -> None:
        self.left_bytes = unpacked_bytes
        self._source = _Range(read_at, offset, size_bytes)
        with _frame_errors("reading"):
            _check_frame(read_at(offset, min(size_bytes, _FRAME_HEAD_BYTES)), self)
            decompressor = zstandard.ZstdDecompressor(
                dict_data=_dictionary(base), max_window_size=_MAX_WINDOW_BYTES
            )
            self._stream = decompressor.stream_reader(
                cast("IO[bytes]", self._source), read_size=PIECE_BYTES
            )
        self._unread_bytes = unpacked_bytes
        self._piece = b""
        self._piece_at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def read(self, size_bytes: int) -> bytes:
        """Return exactly so many bytes of the contents.

        Raises:
            MalformedError: there are not so many, or the frame is damaged.
        """
        if size_bytes > self.left_bytes:
            raise _malformed("its contents are longer than it says")
        data = self._take(size_bytes)
        if len(data) != size_bytes:
            raise _malformed("it ends early")
        self.left_bytes -= size_bytes
        return data

    def _take(self, size_bytes: int) -> bytes:
        """Return so many bytes, fewer where the frame ends early."""
        end = self._piece_at + size_bytes
        if end <= len(self._piece):  # most contents are small
            start, self._piece_at = self._piece_at, end
            return self._piece[start:end]
        return self._take_parts(size_bytes)

    def _take_parts(self, size_bytes: int) -> bytes:
        parts: list[bytes] = []
        while size_bytes:
            if self._piece_at == len(self._piece):
                self._piece, self._piece_at = self._next_piece(), 0
            end = self._piece_at + size_bytes
            part = self._piece[self._piece_at : end]
            if not part:
                break
            parts.append(part)
            self._piece_at += len(part)
            size_bytes -= len(part)
        return b"".join(parts)

    def _next_piece(self) -> bytes:
        wanted = min(self._unread_bytes, _READ_BYTES)
        self._unread_bytes -= wanted
        with _frame_errors("reading"):
            return self._stream.read(wanted) if wanted else b""

    def pieces(self, size_bytes: int) -> Iterator[bytes]:
        """Yield so many bytes of the contents in pieces.

        Raises:
            MalformedError: as from ``read``.
        """
        while size_bytes > 0:
            piece = self.read(min(size_bytes, PIECE_BYTES))
            size_bytes -= len(piece)
            yield piece

    def finish(self) -> None:
        """See that the contents end here and the frame's checksum fits.

        Raises:
            MalformedError: they do not.
        """
        if self.left_bytes:
            raise _malformed(f"{self.left_bytes} bytes are left over")
        with _frame_errors("reading"):
            more = self._stream.read(1)
        if more or self._source.left_bytes:
            raise _malformed("something follows its end")


def _check_frame(head: bytes, frame: FrameReader) -> None:
    """Check what a frame says of itself."""
    said = zstandard.get_frame_parameters(head)
    if not said.has_checksum:
        raise _malformed("it has no checksum")
    if said.content_size != frame.left_bytes:
        raise _malformed(f"{said.content_size} bytes, not {frame.left_bytes}")


class _Range(io.RawIOBase):
    """A range of a file, as zstandard reads it."""

    def __init__(self, read_at: ReadAt, offset: int, size_bytes: int) -> None:
        super().__init__()
        self._read_at = read_at
        self._offset = offset
        self.left_bytes = size_bytes

    def read(self, size_bytes: int = -1) -> bytes:
        wanted = self.left_bytes if size_bytes < 0 else size_bytes
        data = self._read_at(self._offset, min(wanted, self.left_bytes))
        self._offset += len(data)
        self.left_bytes -= len(data)
        return data


def unpack(data: bytes, *, unpacked_bytes: int, base: bytes = b"") -> bytes:
    """Return the contents of a frame that is in memory.

    Raises:
        MalformedError: it is damaged, or its contents are not so long.
    """
    return b"".join(unpack_pieces(data, unpacked_bytes=unpacked_bytes, base=base))


def unpack_pieces(
    data: bytes, *, unpacked_bytes: int, base: bytes = b""
) -> Iterator[bytes]:
    """Yield the contents of a frame that is in memory.

    Raises:
        MalformedError: as from ``unpack``; pieces may have come before.
    """
    with FrameReader(
        lambda offset, size: data[offset : offset + size],
        offset=0,
        size_bytes=len(data),
        unpacked_bytes=unpacked_bytes,
        base=base,
    ) as frame:
        yield from frame.pieces(unpacked_bytes)
        frame.finish()


@contextmanager
def open_writer(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a file to write one frame of an unknown size into it; it stays open."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _TREE_LEVEL,
        window_log=WINDOW_LOG,
        enable_ldm=True,
        write_checksum=True,
        threads=_THREADS,
        job_size=_TREE_JOB_BYTES,
        overlap_log=_TREE_OVERLAP,
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with (
        _frame_errors("compressing"),
        compressor.stream_writer(file, closefd=False) as stream,
    ):
        yield cast("IO[bytes]", stream)


@contextmanager
def open_reader(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open a file to read the contents of the frame in it; it stays open.

    Raises:
        MalformedError: while reading, it is damaged.
    """
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    with _frame_errors("reading"):
        yield cast("IO[bytes]", decompressor.stream_reader(file, closefd=False))


@contextmanager
def _frame_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except zstandard.ZstdError as error:
        raise _malformed(f"{doing}: {error}") from error


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle frame", "", reason)
