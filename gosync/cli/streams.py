"""Standard output and error that notice when what is written gets lost.

A result that a full disk did not take is an error of its own, with exit code 15; a
reader that has gone (``gosync list | head``) ends the command quietly, as a signal
would, but only after what was begun is brought to an end. Messages are dropped where
standard error cannot take them: work is not given up for want of a log.

SIGPIPE itself stays ignored: it would also come from an upstream's connection.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

from gosync.errors import ClosedPipeError, GosyncError, NoSpaceError, OutputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class ResultFile(io.FileIO):
    """Standard output; the first failure is raised, what comes later is dropped.

    Attributes:
        lost: Why something was not written, None where all was.
    """

    lost: GosyncError | None = None

    def write(self, data: Buffer, /) -> int:
        """Write some bytes.

        Raises:
            NoSpaceError: its disk is full.
            ClosedPipeError: its reader has gone.
            OutputError: it cannot be written for another reason.
        """
        if self.lost is not None:
            return memoryview(data).nbytes
        try:
            return super().write(data) or 0
        except OSError as error:
            self.lost = _lost(error)
            raise self.lost from error


class MessageFile(io.FileIO):
    """Standard error; what it does not take is dropped."""

    def write(self, data: Buffer, /) -> int:
        """Write some bytes, or none."""
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


def _lost(error: OSError) -> GosyncError:
    if error.errno == errno.EPIPE:
        return ClosedPipeError("standard output: nobody reads it any more")
    text = f"standard output: {error.strerror}; not all of the result was written"
    if error.errno in _NO_SPACE:
        return NoSpaceError(text, hint="free some space and run the command again")
    return OutputError(text, hint="run the command again, with an output that is open")


def open_streams() -> ResultFile:
    """Replace ``sys.stdout`` and ``sys.stderr``; return what tells of losses.

    A standard descriptor that is closed is opened first, to nowhere: a file of the
    store must never be opened as standard output. Standard input, if it was closed, is
    at its end.
    """
    closed = [number for number in range(3) if not _is_open(number)]
    for number in closed:
        # A write to what was only opened for reading fails, and so is told.
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
        assert _is_open(number)
    if _STDIN in closed:
        sys.stdin = io.TextIOWrapper(
            io.BufferedReader(io.FileIO(_STDIN, closefd=False))
        )
    results = ResultFile(_STDOUT, "w", closefd=False)
    sys.stdout = _text(results, sys.stdout)
    sys.stderr = _text(MessageFile(_STDERR, "w", closefd=False), sys.stderr)
    return results


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _text(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    """Return a text file with the encoding of the one before it."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def is_terminal() -> bool:
    """Return whether somebody is there to be asked; a stream that is closed is None."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)
