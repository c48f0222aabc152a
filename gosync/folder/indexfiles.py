"""Files of a tree's index: what came into the tree, and when. Pure.

    index/DAY.jsonl          versions that are here whole
    index/mod/DAY.jsonl      versions of which the ``.mod`` alone is here
    index/gone/DAY.jsonl     what was here whole, and is no more
    index/files.json         all of these: name, number of lines, SHA-256
    index/state.json         the SHA-256 of files.json: one small file to look at

A line is an event of Go's module index, ``{"Path", "Version", "Timestamp"}``, and DAY,
``2026-11-27``, its time stamp's, in UTC. Time stamps are the publish's that named the
version first; no two are the same, and each is later than all before it, so that
whoever read up to one misses nothing. They have six digits of a second always: text
sorts as time. A day of more than LINES_PER_FILE lines goes on in ``DAY.2.jsonl``, and
so on.
What is gone lies in the file of the same name that it was in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from gosync.clock import format_time, parse_time, shift
from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

INDEX_FOLDER: Final = "index"
INDEX_STATE: Final = f"{INDEX_FOLDER}/state.json"
INDEX_FILES: Final = f"{INDEX_FOLDER}/files.json"
LINES_PER_FILE: Final = 10_000
MAX_FILE_BYTES: Final = 16 << 20
_SCHEMA: Final = 1
_STEP: Final = timedelta(microseconds=1)
_NAME: Final = compile_on_use(
    r"(?:(mod|gone)/)?(\d{4}-\d{2}-\d{2})(?:\.([2-9]|[1-9]\d{1,5}))?\.jsonl", re.ASCII
)
_DAY_CHARACTERS: Final = len("2026-11-27")


class IndexKind(StrEnum):
    """What the lines of a file say."""

    WHOLE = "whole"
    MOD = "mod"
    GONE = "gone"

    @property
    def folder(self) -> str:
        """The beginning of its files' names, below ``index``."""
        return "" if self is IndexKind.WHOLE else f"{self}/"


class IndexPart(NamedTuple):
    """A file of lines; they sort by time inside a kind.

    Attributes:
        kind: What its lines say.
        day: The day of their time stamps.
        number: Which of that day's, from 1.
    """

    kind: IndexKind
    day: str
    number: int

    @property
    def name(self) -> str:
        """Its name below ``index``."""
        number = "" if self.number == 1 else f".{self.number}"
        return f"{self.kind.folder}{self.day}{number}.jsonl"

    @property
    def path(self) -> str:
        """Its path in the tree."""
        return f"{INDEX_FOLDER}/{self.name}"


class IndexLine(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"path": "Path", "version": "Version", "timestamp": "Timestamp"},
):
    """A version, and when it came into the tree.

    Attributes:
        path: The module path.
        version: The version.
        timestamp: When, in UTC, six digits of a second.
    """

    path: str
    version: str
    timestamp: str

    @property
    def day(self) -> str:
        """The day of its time stamp."""
        return self.timestamp[:_DAY_CHARACTERS]


_LINES: Final = msgspec.json.Decoder(IndexLine)


class IndexFile(msgspec.Struct, frozen=True):
    """What ``files.json`` says of one file.

    Attributes:
        name: Its name below ``index``.
        lines: How many lines it has.
        sha256: Its digest, in hex.
    """

    name: str
    lines: int
    sha256: str


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """What ``state.json`` says.

    Attributes:
        schema: Of this file.
        files: The digest of ``files.json``.
        last: The newest time stamp that was ever given, "" for none.
        store: The id of the store that it was published from.
        seq: That store's last change that the index has.
    """

    schema: int = _SCHEMA
    files: str = ""
    last: str = ""
    store: str = ""
    seq: int = -1


class _Files(msgspec.Struct, frozen=True):
    files: list[IndexFile]


def parse_index_name(name: str) -> IndexPart | None:
    """Return which file of lines a name below ``index`` is, None for another one."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    kind = IndexKind(match[1] or "whole")
    return IndexPart(kind, match[2], int(match[3] or "1"))


def is_index_file(path: str) -> bool:
    """Return whether a path of a tree is one of the index's."""
    if path in (INDEX_STATE, INDEX_FILES):
        return True
    folder, _, name = path.partition("/")
    return folder == INDEX_FOLDER and parse_index_name(name) is not None


def format_lines(lines: Iterable[IndexLine]) -> bytes:
    """Return the bytes of a file of lines."""
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def parse_lines(data: bytes) -> list[IndexLine]:
    """Parse a file of lines.

    Raises:
        MalformedError: some line is none.
    """
    try:
        return _LINES.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedError(
            "index file", data[:80].decode("latin-1"), str(exc)
        ) from exc


def digest_of(data: bytes) -> str:
    """Return the digest by which ``files.json`` and ``state.json`` name bytes."""
    return sha256(data).hexdigest()


def format_files(files: Iterable[IndexFile]) -> bytes:
    """Return the bytes of ``files.json``: a line for each file."""
    rows = b",\n".join(msgspec.json.encode(each) for each in files)
    return b'{"files":[\n' + rows + b"\n]}\n"


def parse_files(data: bytes) -> list[IndexFile]:
    """Parse ``files.json``; names that are no file of lines are left out.

    Raises:
        MalformedError: it is none.
    """
    try:
        files = msgspec.json.decode(data, type=_Files).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError("index/files.json", "", str(exc)) from exc
    return [each for each in files if parse_index_name(each.name) is not None]


def format_state(state: IndexState) -> bytes:
    """Return the bytes of ``state.json``."""
    return msgspec.json.encode(state) + b"\n"


def parse_state(data: bytes) -> IndexState:
    """Parse ``state.json``.

    Raises:
        MalformedError: it is none, or of a newer gosync.
    """
    try:
        state = msgspec.json.decode(data, type=IndexState)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError("index/state.json", "", str(exc)) from exc
    if state.schema != _SCHEMA:
        raise MalformedError("index/state.json", str(state.schema), "another schema")
    return state


class TimeStamps:
    """Gives time stamps, each later than all before it."""

    def __init__(self, last: str, now: datetime) -> None:
        """Begin after the last one that was given, "" for none, and not before now."""
        self._next = now.astimezone(UTC)
        if last:
            self._next = max(self._next, shift(parse_time(last), _STEP))

    def next(self) -> str:
        """Return the next one."""
        given, self._next = self._next, shift(self._next, _STEP)
        return format_time(given)
