"""Misses of a store's server, on their way to be requests in its catalog.

    STORE/serve/missing.jsonl      where workers note what they answered 403 or 404
    STORE/serve/missing-ID.jsonl   set aside, to be read and removed (``recording``)

The lines are the access log's, in its JSON format. Each worker notes at most
MOST_LINES between two flushes of a minute, so that a flood of misses fills no disk;
what is above that is not counted.
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec

from gosync.serve.accesslog import AccessEntry, AccessLog

NOTED: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})
MOST_LINES: Final = 5_000
_NAME: Final = "missing.jsonl"
_ASIDE: Final = "missing-*.jsonl"
_MINUTE_SECONDS: Final = 60.0


class MissingSpec(msgspec.Struct, frozen=True):
    """Where misses are noted.

    Attributes:
        folder: The store's runtime folder.
        anonymous: Whether nobody's address is.
    """

    folder: Path
    anonymous: bool = False


class MissingLog:
    """One worker's end of the file."""

    def __init__(self, spec: MissingSpec) -> None:
        """Open it.

        Raises:
            OSError: it cannot be opened.
        """
        self._anonymous = spec.anonymous
        self._log = AccessLog(str(spec.folder / _NAME), "json")
        self._left = MOST_LINES
        self._until = 0.0

    def add(self, entry: AccessEntry) -> None:
        """Take a request whose status is one of NOTED."""
        if self._left <= 0:
            return
        self._left -= 1
        if self._anonymous:
            entry = msgspec.structs.replace(entry, client="-", user="")
        self._log.add(entry)

    def flush(self, monotonic: float) -> None:
        """Append what was taken; a new minute makes room for as much again."""
        self._log.flush()
        if monotonic >= self._until:
            self._left, self._until = MOST_LINES, monotonic + _MINUTE_SECONDS

    def close(self) -> None:
        """Append what is left and close it."""
        self._log.close()


def set_aside(folder: Path) -> list[Path]:
    """Set what was noted aside, and return all that is set aside.

    Raises:
        OSError: the folder cannot be written.
    """
    log = folder / _NAME
    if log.is_file() and log.stat().st_size:
        log.rename(folder / _ASIDE.replace("*", secrets.token_hex(8)))
    return noted(folder)


def noted(folder: Path) -> list[Path]:
    """Return the files that are set aside."""
    return sorted(folder.glob(_ASIDE))
