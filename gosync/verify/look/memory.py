r"""Results of earlier runs, so that a long one goes on where it was stopped.

For gosync's own store it is in the catalog; for any other target in a state file,
JSON lines, of which the last one about a version counts::

    {"round": "begun", "at": "2026-01-02T03:04:05.000000Z"}
    {"path": "...", "version": "...", "verdict": "ok", "at": "...", "stamp": "..."}
    {"round": "ended", "at": "..."}

Lines that cannot be read (a torn last one) are as if they were not there; a round
is begun by writing the file anew, so it does not grow for ever.

A *round* is one look at everything. A run that ends before it is over, by a signal
or ``--max-duration``, leaves it open, and the next run goes on with it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.verified import VerifiedRow
from gosync.clock import format_time, parse_time
from gosync.errors import CatalogError, StoreError
from gosync.gomod.module import ModuleVersion
from gosync.store.durable import disk_errors, make_folder, replace_file
from gosync.verify.statefolder import read_own
from gosync.verify.verdicts import Verdict

STATE_FILE: Final = "verified.jsonl"
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK


class Remembered(msgspec.Struct, frozen=True):
    """The verdict of an earlier run on a version.

    Attributes:
        verdict: What.
        at: When.
        stamp: What its files looked like.
    """

    verdict: Verdict
    at: datetime
    stamp: str


class ToldVersion(NamedTuple):
    """A version of a target.

    Attributes:
        mv: The version.
        size_bytes: How many bytes its files have.
        said: What was said of it last, None for nothing.
    """

    mv: ModuleVersion
    size_bytes: int
    said: Remembered | None


class Memory(Protocol):
    """Where verdicts are kept between runs."""

    def open_round(self) -> datetime | None:
        """Return when a round began that did not end."""
        ...

    def known(
        self, versions: Callable[[], Mapping[ModuleVersion, int]]
    ) -> Iterator[ToldVersion]:
        """Yield each version of the target, and what was said of it last.

        Args:
            versions: Returns them all, with their sizes in bytes; not asked where the
                memory itself knows them.
        """
        ...

    def begin(self, now: datetime) -> None:
        """Begin a round."""
        ...

    def remember(self, said: Mapping[ModuleVersion, Remembered]) -> None:
        """Keep verdicts."""
        ...

    def end(self, now: datetime) -> None:
        """End the round."""
        ...


class CatalogMemory:
    """Verdicts about gosync's own store, in its catalog."""

    def __init__(self, file: Path) -> None:
        """Take the catalog's file, which is opened anew for each write."""
        self._file = file

    def open_round(self) -> datetime | None:
        """See Memory.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        with Catalog.open(self._file, create=False, readonly=True) as catalog:
            begun = catalog.verified.open_round()
        return parse_time(begun) if begun else None

    def known(
        self, versions: Callable[[], Mapping[ModuleVersion, int]]
    ) -> Iterator[ToldVersion]:
        """See Memory: what the catalog carries, page by page.

        Raises:
            CatalogError: if the catalog cannot be read.
        """
        del versions
        with Catalog.open(self._file, create=False, readonly=True) as catalog:
            for mv, size_bytes, row in catalog.verified.carried():
                said = None if row is None else _remembered(row)
                yield ToldVersion(mv, size_bytes, said)

    def begin(self, now: datetime) -> None:
        """See Memory.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        with Catalog.open(self._file, create=False) as catalog:
            catalog.verified.begin_round(format_time(now))

    def remember(self, said: Mapping[ModuleVersion, Remembered]) -> None:
        """See Memory.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        rows = [
            VerifiedRow(
                mv.path, mv.version, each.verdict, format_time(each.at), each.stamp
            )
            for mv, each in said.items()
        ]
        with Catalog.open(self._file, create=False) as catalog:
            catalog.verified.remember(rows)

    def end(self, now: datetime) -> None:
        """See Memory.

        Raises:
            CatalogError: if the catalog cannot be written.
        """
        with Catalog.open(self._file, create=False) as catalog:
            catalog.verified.end_round(format_time(now))


def _remembered(row: VerifiedRow) -> Remembered:
    try:
        return Remembered(Verdict(row.verdict), parse_time(row.verified_at), row.stamp)
    except ValueError as exc:
        raise CatalogError(f"verified {row.path}@{row.version}: {exc}") from exc


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of a state file."""

    at: str
    round: str = ""
    path: str = ""
    version: str = ""
    verdict: str = ""
    stamp: str = ""


class StateFile:
    """Verdicts about a target that is not gosync's, in a file."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when there is something to keep."""
        self._file = folder / STATE_FILE
        self._said: dict[ModuleVersion, Remembered] = {}

    def open_round(self) -> datetime | None:
        """See Memory.

        Raises:
            StoreError: if the file cannot be read.
        """
        return self.load()[1]

    def known(
        self, versions: Callable[[], Mapping[ModuleVersion, int]]
    ) -> Iterator[ToldVersion]:
        """See Memory: of the versions that are there."""
        for mv, size_bytes in versions().items():
            yield ToldVersion(mv, size_bytes, self._said.get(mv))

    def load(self) -> tuple[Mapping[ModuleVersion, Remembered], datetime | None]:
        """Return what was said, and when a round began that did not end.

        Raises:
            StoreError: if the file cannot be read.
        """
        with disk_errors(self._file):
            data = read_own(self._file)
        begun: datetime | None = None
        for line in data.splitlines():
            try:
                begun = self._take(msgspec.json.decode(line, type=_Line), begun)
            except (msgspec.DecodeError, ValueError, OverflowError):
                continue
        return dict(self._said), begun

    def _take(self, line: _Line, begun: datetime | None) -> datetime | None:
        """Take a line, and return when the open round began."""
        at = parse_time(line.at)
        if line.round:
            return at if line.round == "begun" else None
        mv = ModuleVersion(line.path, line.version)
        self._said[mv] = Remembered(Verdict(line.verdict), at, line.stamp)
        return begun

    def begin(self, now: datetime) -> None:
        """See Memory.

        Raises:
            StoreError: if the file cannot be written.
        """
        make_folder(self._file.parent)
        lines = [_line_of(*each) for each in sorted(self._said.items(), key=_key)]
        lines.append(_Line(round="begun", at=format_time(now)))
        replace_file(self._file, _encode(lines), staging=self._file.parent)

    def remember(self, said: Mapping[ModuleVersion, Remembered]) -> None:
        """See Memory.

        Raises:
            StoreError: if the file cannot be written.
        """
        self._append(_line_of(*each) for each in said.items())

    def end(self, now: datetime) -> None:
        """See Memory.

        Raises:
            StoreError: if the file cannot be written.
        """
        self._append([_Line(round="ended", at=format_time(now))])

    def _append(self, lines: Iterable[_Line]) -> None:
        with disk_errors(self._file):
            handle = os.open(self._file, _APPEND | os.O_CLOEXEC, 0o644)
        with disk_errors(self._file), os.fdopen(handle, "ab") as file:
            self._require_own(os.fstat(handle))
            file.write(b"\n" + _encode(lines))  # a torn line before it ends here
            file.flush()
            os.fsync(handle)

    def _require_own(self, found: os.stat_result) -> None:
        """Check that nobody else's file is written to, under a name of ours."""
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise StoreError(f"{self._file}: is no file of its own")


def _line_of(mv: ModuleVersion, said: Remembered) -> _Line:
    return _Line(
        path=mv.path,
        version=mv.version,
        verdict=said.verdict.value,
        at=format_time(said.at),
        stamp=said.stamp,
    )


def _key(item: tuple[ModuleVersion, Remembered]) -> ModuleVersion:
    return item[0]


def _encode(lines: Iterable[_Line]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
