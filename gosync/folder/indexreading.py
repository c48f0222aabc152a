"""A tree's index, read from a folder: its lines from a time on, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from gosync.errors import MalformedError
from gosync.folder.indexfiles import (
    INDEX_FOLDER,
    IndexKind,
    IndexLine,
    IndexPart,
    parse_index_name,
    parse_lines,
)


def lines_from(root: Path, kind: IndexKind, since: str = "") -> Iterator[IndexLine]:
    """Yield the lines of a kind from a time on, that time included; oldest first.

    What cannot be read as lines is left out.

    Args:
        root: The tree, or what has its index.
        kind: Which lines.
        since: As the lines have their times; "" for the beginning.

    Raises:
        OSError: if a file cannot be read.
    """
    parts = sorted(_parts(root, kind))
    for part, after in zip_longest(parts, parts[1:]):
        if part.day < since[:10] or _begins_before(root, after, since):
            continue
        for line in _read(root, part):
            if line.timestamp >= since:
                yield line


def _begins_before(root: Path, part: IndexPart | None, since: str) -> bool:
    """Return whether all that is asked for is in this file or later ones."""
    if part is None or part.day != since[:10]:
        return False
    lines = _read(root, part)
    return bool(lines) and lines[0].timestamp <= since


def _parts(root: Path, kind: IndexKind) -> Iterator[IndexPart]:
    try:
        entries = list((root / INDEX_FOLDER / kind.folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        part = parse_index_name(f"{kind.folder}{entry.name}")
        if part is not None:
            yield part


def _read(root: Path, part: IndexPart) -> list[IndexLine]:
    try:
        return parse_lines((root / part.path).read_bytes())
    except (FileNotFoundError, MalformedError):  # it went since; or it is not ours
        return []
