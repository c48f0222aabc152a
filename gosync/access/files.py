"""Log files: plain, gzip or zstd, standard input, rotated sets, and followed ones.

What a file is, its first bytes say, not its name. A rotated set is read in the order of
its first lines' times, whatever order its names are in. What cannot be unpacked any
further ends that file with an error; what was read of it counts.
"""

from __future__ import annotations

import gzip
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from glob import glob, has_magic
from pathlib import Path
from typing import BinaryIO, Final, cast

from gosync.access.lines import LogReader, WholeLines
from gosync.access.times import parse_log_time
from gosync.errors import MalformedError, RejectedError, UsageError

STANDARD_INPUT: Final = "-"
# What is made of one should stay in a processor's own cache: a fifth of the time.
BLOCK_BYTES: Final = 32 * 1024
_HEAD_BYTES: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_POLL_SECONDS: Final = 0.25
_DAMAGE: Final = (EOFError, zlib.error, gzip.BadGzipFile)


def find_logs(names: Iterable[str]) -> list[str]:
    """Return the logs that names and patterns mean, the oldest lines first.

    Raises:
        UsageError: one is not there, or cannot be read.
    """
    found: dict[str, None] = {}
    for name in names:
        is_pattern = has_magic(name)
        matches = sorted(glob(name)) if is_pattern else [name]  # noqa: PTH207 - anywhere
        if not matches:
            raise UsageError(f"{name}: no such log", hint="name a file that is there")
        found |= dict.fromkeys(matches)
    if len(found) == 1:
        return list(found)
    return sorted(found, key=_first_time)


def _first_time(name: str) -> tuple[int, int]:
    """Return when a log begins; standard input and what has no lines come last."""
    if name == STANDARD_INPUT or not Path(name).is_file():
        return (1, 0)
    lines = WholeLines()
    reader = LogReader()
    try:
        with opened(name) as file:
            found = reader.lines(lines.add(file.read(_HEAD_BYTES)))
        return (0, min(parse_log_time(line[2]) for line in found[:1]))
    except (MalformedError, RejectedError, ValueError):
        return (0, 0)


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open a log; reading gives its lines' bytes, unpacked.

    Raises:
        UsageError: it is not there, or cannot be read.
        RejectedError: it is damaged.
    """
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with refusals(name), Path(name).open("rb") as raw:
        yield _unpacked(raw)


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Raise what goes wrong with a log as errors that name it.

    Raises:
        UsageError: it is not there, or cannot be read.
        RejectedError: it is damaged.
    """
    try:
        yield
    except _DAMAGE as exc:
        raise RejectedError(
            f"{name}: damaged: {str(exc) or 'it ends too early'}",
            hint="what was read before counts; copy it again",
        ) from exc
    except OSError as exc:
        raise UsageError(
            f"{name}: {exc.strerror}", hint="name a log that this user may read"
        ) from exc


def is_packed(name: str) -> bool:
    """Whether a file is gzip or zstd.

    Raises:
        OSError: It cannot be read.
    """
    with Path(name).open("rb") as file:
        return file.read(len(_ZSTD)).startswith((_GZIP, _ZSTD))


def _unpacked(raw: BinaryIO) -> BinaryIO:
    if not raw.seekable():
        return raw
    magic = raw.read(len(_ZSTD))
    raw.seek(0)
    if magic.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    return _unpacked_zstd(raw) if magic == _ZSTD else raw


def _unpacked_zstd(raw: BinaryIO) -> BinaryIO:
    # Few logs are packed so, and it takes 10 ms to import.
    from gosync.access.zstd import ZstdLines  # noqa: PLC0415

    return cast("BinaryIO", ZstdLines(raw))


def read_blocks(name: str, *, skip_bytes: int = 0) -> Iterator[bytes]:
    """Yield a log's bytes by blocks.

    Args:
        name: The log, "-" for standard input.
        skip_bytes: How much of it, unpacked, is left out.

    Raises:
        UsageError: it is not there, or cannot be read.
        RejectedError: it is damaged.
    """
    with opened(name) as file:
        while skip_bytes > 0:
            skipped = file.read(min(skip_bytes, BLOCK_BYTES))
            if not skipped:
                return
            skip_bytes -= len(skipped)
        while data := _read_some(file):
            yield data


def _read_some(file: BinaryIO) -> bytes:
    """Read what there is: nobody waits until a slow pipe fills a block."""
    if hasattr(file, "read1"):
        return cast("bytes", file.read1(BLOCK_BYTES))
    return file.read(BLOCK_BYTES)


def followed_blocks(
    name: str, is_over: Callable[[], bool], *, poll_seconds: float = _POLL_SECONDS
) -> Iterator[bytes]:
    """Yield a log's bytes, and what is written to it from then on.

    A file that was moved away, as log rotation does, is read to its end, and then the
    one that has its name. b"" is yielded now and then where there is nothing new.

    Args:
        name: The log, "-" for standard input, which ends where its writer ends it.
        is_over: Asked now and then whether to stop.
        poll_seconds: How often a file is looked at.

    Raises:
        UsageError: it is not there, or cannot be read.
    """
    if name == STANDARD_INPUT:
        yield from _until(is_over, read_blocks(name))
        return
    while not is_over():
        with refusals(name), Path(name).open("rb") as file:
            while not is_over():
                data = file.read(BLOCK_BYTES)
                yield data
                if not data:
                    if _was_moved(name, file):
                        break
                    time.sleep(poll_seconds)


def _until(is_over: Callable[[], bool], blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield block
        if is_over():
            return


def _was_moved(name: str, file: BinaryIO) -> bool:
    """Whether another file has the name by now, or this one was begun anew."""
    here = os.fstat(file.fileno())
    try:
        there = Path(name).stat()
    except OSError:
        return False  # moved away, and none in its place yet
    is_other = (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
    return is_other or there.st_size < file.tell()
