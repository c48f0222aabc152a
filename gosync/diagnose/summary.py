"""Failures of many logs, counted by class, host and module.

A fleet's CI leaves a folder of logs. What fails most, and where, is seen in a table of
them: a class's failures in one log are counted once for each module.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.diagnose.recognising import MOST_BYTES, Recogniser
from gosync.errors import UsageError


class FailureCount(msgspec.Struct, frozen=True, rename={"failure_class": "class"}):
    """How often one class was met with one host and module.

    Attributes:
        failure_class: The class ("class" in JSON); "" for what has none.
        host: The host; "" where the logs name none.
        module: The module; "" where they name none.
        logs: In how many logs.
        failures: How many lines.
    """

    failure_class: str
    host: str
    module: str
    logs: int
    failures: int


class LogSummary(msgspec.Struct, frozen=True):
    """What the logs of a folder tell.

    Attributes:
        logs: How many files were read.
        failed: How many of them have a failure.
        counts: The most frequent first.
        unread: Files that could not be read.
    """

    logs: int
    failed: int
    counts: tuple[FailureCount, ...]
    unread: tuple[str, ...]

    @property
    def has_unnamed(self) -> bool:
        """Whether a failure has no class."""
        return any(not each.failure_class for each in self.counts)


def summarise(folder: Path, recogniser: Recogniser) -> LogSummary:
    """Return what the logs below a folder tell; hidden files are left out.

    Raises:
        UsageError: it is no folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder")
    lines: dict[tuple[str, str, str], int] = defaultdict(int)
    met: dict[tuple[str, str, str], set[Path]] = defaultdict(set)
    unread: list[str] = []
    count = 0
    for path in _files(folder):
        try:
            log = _tail(path)
        except OSError as exc:
            unread.append(f"{path.relative_to(folder)}: {exc.strerror or exc}")
            continue
        count += 1
        for key in _keys(recogniser, log):
            lines[key] += 1
            met[key].add(path)
    counts = [FailureCount(*key, len(met[key]), each) for key, each in lines.items()]
    counts.sort(key=lambda one: (-one.logs, -one.failures, one.failure_class))
    failed = len({path for paths in met.values() for path in paths})
    return LogSummary(count, failed, tuple(counts), tuple(unread))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and not path.is_symlink():
            yield path


def _tail(path: Path) -> bytes:
    """Return a log's end; one whose name says so is unpacked, up to the same size."""
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return file.read(MOST_BYTES)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MOST_BYTES))
        return file.read(MOST_BYTES)


def _keys(recogniser: Recogniser, log: bytes) -> Iterator[tuple[str, str, str]]:
    reading = recogniser.read(log)
    for one in reading.failures:
        yield (
            one.failure.name,
            one.places.get("host", ""),
            one.places.get("module", ""),
        )
    for _ in reading.unnamed:
        yield "", "", ""
