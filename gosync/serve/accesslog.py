r"""Access log of `gosync serve`: one line a request, in one of two formats.

``json``, the default: one JSON object a line, UTF-8, its keys always all there and in
this order; keys may be added behind them::

    time      when the answer was begun, RFC 3339 in UTC with milliseconds and a Z
    client    the peer's IP address, without its port; that of a reverse proxy, where
              one stands in front
    user      the name that credentials proved, "" without
    method    as it came: GET, HEAD or another one
    path      the request's path, percent-decoded, with its leading "/"; what is no
              UTF-8 or has control characters is escaped (\u000a)
    status    the HTTP status, a number
    bytes     bytes of the body that was begun; 0 for HEAD and 304
    seconds   until the answer was begun
    outcome   hit       answered from the tree or from what was held
              miss      answered once an upstream was asked, and what it said was proven
              stale     the upstream failed; answered from what was held
              negative  nobody has it, for certain: 404
              denied    not for this client or not for anybody: 401, 403
              limited   the client asks too much: 429
              refused   no request that a module proxy answers: 400, 405
              error     no answer could be had: 5xx
    kind      what was asked for: info, mod, zip, list, latest, query (a branch or a
              commit), lookup, tile, head (a database's latest), page, file, or "" for
              no path of a tree
    agent     the User-Agent header, cut to 200 characters
    id        a number of the request's, also in its answer's header X-Request-Id

    {"time":"2026-11-27T08:20:01.123Z","client":"10.0.0.7","user":"ada",
     "method":"GET","path":"/rsc.io/quote/@v/v1.5.2.mod","status":200,"bytes":55,
     "seconds":0.0004,"outcome":"hit","kind":"mod","agent":"Go-http-client/1.1",
     "id":"5f3a9c0d7e21-2a"}

``combined``: what nginx and Apache call so, for their tools::

    10.0.0.7 - ada [27/Nov/2026:08:20:01 +0000] "GET /rsc.io/quote/@v/v1.5.2.mod
    HTTP/1.1" 200 55 "-" "Go-http-client/1.1"

Lines are kept for at most a quarter of a second, and then appended by one write, so
that the workers' lines do not mix. A file that was moved away or removed is begun
anew at the next write: rotate it by renaming. A disk that takes no lines loses them,
and says so once; requests go on.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from gosync.text import printable

_log = logging.getLogger(__name__)
_AGENT_CHARACTERS: Final = 200
_PATH_CHARACTERS: Final = 2048
_KEPT_BYTES: Final = 256 << 10
_STANDARD_OUTPUT: Final = "-"


class Outcome(StrEnum):
    """How a request ended; see the module."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"
    NEGATIVE = "negative"
    DENIED = "denied"
    LIMITED = "limited"
    REFUSED = "refused"
    ERROR = "error"


class AccessEntry(msgspec.Struct, frozen=True, gc=False):
    """One request; the fields are the JSON format's keys, in their order."""

    time: str
    client: str
    user: str
    method: str
    path: str
    status: int
    bytes: int
    seconds: float
    outcome: Outcome
    kind: str
    agent: str
    id: str


def access_time(moment: datetime) -> str:
    """Return a time, in UTC, as the JSON format has it."""
    return f"{moment.replace(tzinfo=None).isoformat('T', 'milliseconds')}Z"


def format_json(entry: AccessEntry) -> bytes:
    """Return an entry as a line of JSON."""
    return msgspec.json.encode(entry) + b"\n"


def format_combined(entry: AccessEntry) -> bytes:
    """Return an entry as nginx and Apache write it."""
    moment = datetime.fromisoformat(entry.time)
    quoted = [
        text.replace("\\", "\\x5c").replace('"', "\\x22")
        for text in (entry.path, entry.agent)
    ]
    line = (
        f"{entry.client} - {entry.user.replace(' ', '_') or '-'}"
        f" [{moment:%d/%b/%Y:%H:%M:%S} +0000]"
        f' "{entry.method} {quoted[0]} HTTP/1.1" {entry.status} {entry.bytes}'
        f' "-" "{quoted[1] or "-"}"\n'
    )
    return line.encode()


FORMATS: Final = {"json": format_json, "combined": format_combined}


def logged_text(text: str, limit: int = _PATH_CHARACTERS) -> str:
    """Return what a client sent as a line may quote it."""
    cut = text[:limit]
    return cut if cut.isascii() and cut.isprintable() else printable(cut)


def logged_agent(text: str | None) -> str:
    """Return a User-Agent as a line quotes it."""
    return logged_text(text, _AGENT_CHARACTERS) if text else ""


class AccessLog:
    """One worker's end of the file; ``flush`` is to be called now and then."""

    def __init__(self, target: str, form: str) -> None:
        """Open it.

        Args:
            target: A file's path, or "-" for standard output.
            form: "json" or "combined".

        Raises:
            OSError: it cannot be opened.
        """
        self._path = None if target == _STANDARD_OUTPUT else Path(target)
        self._format = FORMATS[form]
        self._lines: list[bytes] = []
        self._bytes = 0
        self._lost = False
        self._file = self._open()

    def _open(self) -> int:
        if self._path is None:
            return os.dup(1)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self._path, flags, 0o640)

    def add(self, entry: AccessEntry) -> None:
        """Take an entry."""
        line = self._format(entry)
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= _KEPT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what was taken; a file that was moved away is begun anew."""
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines, self._bytes = [], 0
        try:
            self._reopen()
            while data:
                data = data[os.write(self._file, data) :]
            self._lost = False
        except OSError as exc:
            if not self._lost:
                _log.warning("%s: lines are lost: %s", self._path or "-", exc.strerror)
            self._lost = True

    def _reopen(self) -> None:
        if self._path is None:
            return
        here = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
            fresh = self._open()
            os.close(self._file)
            self._file = fresh

    def close(self) -> None:
        """Append what is left and close it."""
        self.flush()
        os.close(self._file)
