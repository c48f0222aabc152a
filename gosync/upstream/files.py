"""Files behind ``file://`` URLs: as for ``go``, a file is 200 and no file is 404.

A file that may not be read is 403. What is no regular file (a folder, a pipe, a
device) is "don't know", and never waited for. Reading goes through a thread,
since a network file system may take its time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import anyio

from gosync.errors import (
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.upstream.urls import file_path, strip_secrets

_PIECE_BYTES: Final = 1024 * 1024


async def copy_file(
    url: str, sink: Callable[[bytes], object], *, limit_bytes: int
) -> int:
    """Hand a file's contents to a sink, piece by piece, and return its size.

    Raises:
        NotFoundError: There is no such file.
        TooLargeError: It is larger than the limit.
        UnavailableError: It cannot be read.
    """
    file = await anyio.to_thread.run_sync(_open, url, limit_bytes)
    size_bytes = 0
    with file:
        while piece := await anyio.to_thread.run_sync(_read_piece, file, url):
            size_bytes += len(piece)
            if size_bytes > limit_bytes:  # it grew while we read
                raise TooLargeError(strip_secrets(url), limit_bytes=limit_bytes)
            sink(piece)
    return size_bytes


async def check_folder(url: str) -> None:
    """Check that a folder has anything in it: a medium that is gone has lost nothing.

    Raises:
        UnavailableError: It is not there, empty, or cannot be read.
    """
    if not await anyio.to_thread.run_sync(_has_entries, url):
        raise UnavailableError(
            f"{strip_secrets(url)}: nothing is there", hint="is its medium mounted?"
        )


def _has_entries(url: str) -> bool:
    try:
        with os.scandir(file_path(url)) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


async def file_size(url: str) -> int:
    """Return the size of a file.

    Raises:
        NotFoundError: There is no such file.
        UnavailableError: It cannot be read.
    """
    with await anyio.to_thread.run_sync(_open, url, None) as file:
        return os.fstat(file.fileno()).st_size


def _open(url: str, limit_bytes: int | None) -> BinaryIO:
    with _file_failures(url):
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        descriptor = os.open(file_path(url), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _check_file(os.fstat(descriptor), url, limit_bytes)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb", buffering=0)


def _check_file(status: os.stat_result, url: str, limit_bytes: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnavailableError(f"{strip_secrets(url)}: no regular file")
    if limit_bytes is not None and status.st_size > limit_bytes:
        raise TooLargeError(strip_secrets(url), limit_bytes=limit_bytes)


def _read_piece(file: BinaryIO, url: str) -> bytes:
    with _file_failures(url):
        return file.read(_PIECE_BYTES)


@contextmanager
def _file_failures(url: str) -> Iterator[None]:
    shown = strip_secrets(url)
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"{shown}: no such file") from None
    except PermissionError as exc:
        raise UpstreamStatusError(f"{shown}: {exc.strerror}", status=403) from exc
    except OSError as exc:
        raise UnavailableError(f"{shown}: {exc.strerror}") from exc
