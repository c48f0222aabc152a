"""Failures in a log: which lines may be one, each with those that belong to it. Pure.

A block is a line that has one of the catalogue's anchors, and the lines after it that
go on with it: indented ones, and the one after a line that ends in a colon. When the
anchor itself is in an indented line, the block begins with the line that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from gosync.diagnose.cleaning import clean_line

_MOST_LINES = 40
_MOST_CHARACTERS = 6000
_JSON = re.compile(r'\s*"(?:Error|Err)": ("(?:[^"\\]|\\.)*"),?')
# With -x go tells each request, failed or not; what counts is said afterwards.
_TOLD = re.compile(
    r"-> unzip |# (?:get|head|post) https?://|\d+\.\d+s # |cd /|WORK=|mkdir -p "
    r"|This download does NOT match "  # of a message that began before
)
_PROGRESS = (b"downloading ", b"finding ", b"extracting ", b"added ", b"upgraded ")


class FailureBlock(msgspec.Struct, frozen=True):
    """Lines that may tell of one failure.

    Attributes:
        text: The lines as go printed them, parted by newlines.
        start: Where the first begins in the log, in bytes.
        end: Where the last ends.
    """

    text: str
    start: int
    end: int

    @property
    def line(self) -> str:
        """The first line."""
        return self.text.partition("\n")[0]


def find_blocks(log: bytes, anchors: Iterable[str]) -> Iterator[FailureBlock]:
    """Yield the blocks of a log (see ``without_escapes``) in its order, none twice."""
    end = -1
    seen: set[bytes] = set()
    for start in sorted(_line_starts(log, anchors)):
        if start < end:
            continue
        block = _block_at(log, start, end)
        end = block.end
        raw = log[block.start : block.end]
        text = block.text.encode("utf-8", "replace")
        if text not in seen and raw:
            seen.add(text)
            yield block


def _line_starts(log: bytes, anchors: Iterable[str]) -> set[int]:
    found: set[int] = set()
    for anchor in anchors:
        needle = anchor.encode()
        at = log.find(needle)
        while at >= 0:
            if needle != b"go: " or _is_said_by_go(log, at):
                found.add(log.rfind(b"\n", 0, at) + 1)
                at = log.find(b"\n", at)  # once a line, however long that is
            at = log.find(needle, at + 1) if at >= 0 else -1
    return found


def _is_said_by_go(log: bytes, at: int) -> bool:
    """Whether ``go: `` here is the program's name, and no progress follows."""
    before = log[at - 1 : at]
    return not before.isalnum() and not log.startswith(_PROGRESS, at + 4)


def _block_at(log: bytes, start: int, after: int) -> FailureBlock:
    """Return the block that the line at a place belongs to."""
    for _ in range(_MOST_LINES):
        if start <= max(after, 0) or not _goes_on(clean_line(_raw_line(log, start))):
            break
        start = log.rfind(b"\n", 0, start - 1) + 1
    first = clean_line(_raw_line(log, start))
    lines, at = [first], start + len(_raw_line(log, start)) + 1
    size = len(first)
    while at < len(log) and len(lines) < _MOST_LINES and size < _MOST_CHARACTERS:
        raw = _raw_line(log, at)
        line = clean_line(raw)
        if not (_goes_on(line) or (line and lines[-1].endswith(":"))):
            break
        lines.append(line)
        size += len(line)
        at += len(raw) + 1
    return FailureBlock(_said("\n".join(lines)), start, min(at, len(log)))


def _goes_on(line: str) -> bool:
    return line[:1] in {"\t", " "} and not _JSON.match(line)


def _raw_line(log: bytes, start: int) -> bytes:
    end = log.find(b"\n", start)
    return log[start:] if end < 0 else log[start:end]


def is_trace(line: str) -> bool:
    """Whether a line is of those that ``-x`` adds."""
    return _TOLD.match(line) is not None


def _said(text: str) -> str:
    """Return what a block says: of JSON the error, of what -x tells nothing."""
    if is_trace(text):
        return ""
    match = _JSON.match(text)
    if match is None:
        return text
    try:
        return "go: " + msgspec.json.decode(match[1].encode(), type=str)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
