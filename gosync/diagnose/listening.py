"""Runs a command of go, hands on what it prints, and keeps it for an explanation.

``-x`` is added where it makes go tell which URLs it asks (``go mod download``, ``get``,
``tidy``, ``graph``); those lines are kept and not handed on, so that one sees what one
would see without it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, BinaryIO, Final

import msgspec

from gosync.diagnose.blocks import is_trace
from gosync.diagnose.cleaning import clean_line
from gosync.diagnose.recognising import MOST_BYTES
from gosync.errors import OutputError, UsageError

_TELLING: Final = {("mod", "download"), ("mod", "tidy"), ("mod", "graph"), ("get",)}


class HeardRun(msgspec.Struct, frozen=True):
    """A command that ended.

    Attributes:
        exit_code: The command's; 128 and the signal's number where one ended it.
        log: What it printed, both streams, the end of it.
    """

    exit_code: int
    log: bytes


def listen(command: Sequence[str], *, stdout: BinaryIO, stderr: BinaryIO) -> HeardRun:
    """Run a command and hand on what it prints.

    Args:
        command: Its name and arguments.
        stdout: Where its standard output goes.
        stderr: Where its standard error goes.

    Raises:
        UsageError: there is no such command.
    """
    asked = with_trace(command)
    is_traced = len(asked) > len(command)
    try:
        process = subprocess.Popen(  # noqa: S603 - the user typed it
            asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as exc:
        raise UsageError(f"{command[0]}: {exc.strerror or exc}") from None
    assert process.stdout is not None
    assert process.stderr is not None
    said, errors = _Kept(stdout), _Kept(stderr, hides_trace=is_traced)
    reader = threading.Thread(target=said.take, args=(process.stdout,), daemon=True)
    with process:
        reader.start()
        errors.take(process.stderr)
        reader.join()
        code = process.wait()
    return HeardRun(code if code >= 0 else 128 - code, errors.log + b"\n" + said.log)


def with_trace(command: Sequence[str]) -> list[str]:
    """Return a command line, with -x where that makes go tell what it asks."""
    words = list(command)
    name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    for telling in _TELLING:
        end = 1 + len(telling)
        if name == "go" and tuple(words[1:end]) == telling and "-x" not in words:
            return [*words[:end], "-x", *words[end:]]
    return words


class _Kept:
    """The end of a stream that is handed on line by line."""

    def __init__(self, onto: BinaryIO, *, hides_trace: bool = False) -> None:
        self._onto = onto
        self._hides_trace = hides_trace
        self._lines: deque[bytes] = deque()
        self._size = 0

    def take(self, stream: IO[bytes]) -> None:
        """Read a stream to its end."""
        for line in iter(lambda: stream.readline(65536), b""):
            self._keep(line)
            if not (self._hides_trace and is_trace(clean_line(line))):
                self._hand_on(line)

    def _hand_on(self, line: bytes) -> None:
        """Write a line; once its reader has gone, the command is heard to its end."""
        with suppress(OutputError):
            self._onto.write(line)
            self._onto.flush()

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        while self._size > MOST_BYTES:
            self._size -= len(self._lines.popleft())

    @property
    def log(self) -> bytes:
        """What was kept."""
        return b"".join(self._lines)


def standard_streams(*, is_json: bool) -> tuple[BinaryIO, BinaryIO]:
    """Return where a command's output goes: with --json, stdout is the document's."""
    out = sys.stderr.buffer if is_json else sys.stdout.buffer
    return out, sys.stderr.buffer
