"""Sealing of access records: whole days of logs, kept packed, each under its seal.

Below the store's ``access/``::

    000002-2026-11-27.seal.json         the seal (``seals``)
    000002-2026-11-27.seal.json.sig     its signature, where a key is configured
    000002-2026-11-27.log.zst           the lines

The lines are durable before their seal has its name, the signature too; where each log
stands is in the seals alone. So a run that is killed leaves at most lines that nobody
names, which the next one writes again. A day is sealed once it is over. A line that
was written after the first one of a later day is of that day. After
``keep_days`` the lines go; the seals stay, so that the chain does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from gosync.access.files import STANDARD_INPUT, read_blocks
from gosync.access.ledger import log_digest
from gosync.access.lines import LogReader
from gosync.access.seals import (
    DaySeal,
    SealedSource,
    chain_problems,
    digest_of,
    format_seal,
    parse_seal,
)
from gosync.access.times import parse_log_time
from gosync.access.zstd import PackedLines, unpacked_lines
from gosync.clock import format_time
from gosync.errors import MalformedError, RejectedError, UsageError
from gosync.signing.keys import PublicKey, SecretKey
from gosync.store.durable import disk_errors, make_folder, replace_file, sync_folder
from gosync.store.layout import ACCESS

_SEAL: Final = ".seal.json"
_LINES: Final = ".log.zst"
_SIGNATURE: Final = ".sig"
_MAX_LINE_BYTES: Final = 1 << 20
_UNNAMED: Final = re.compile(r"[0-9a-f]{16}|\..*")
_NO_DAY: Final = "1970-01-01"


class ProvenPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a day, and what is wrong with it.

    Attributes:
        number: Its seal's number.
        lines: How many lines it has.
        sha256: Their digest.
        signed: Whether a key was asked for, and signed it; None where none was.
        kept: Whether the lines are still here.
        problem: What is wrong, "" for nothing.
    """

    number: int
    lines: int
    sha256: str
    signed: bool | None
    kept: bool
    problem: str


class _Day:
    """Lines of one day, being packed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self.size_bytes = 0
        self.digest = hashlib.sha256()
        self.sources: dict[str, SealedSource] = {}
        self._file = PackedLines(path)

    def add(self, log: str, at: int, data: bytes) -> None:
        known = self.sources.get(log)
        start = at if known is None else known.start
        end = at + len(data)
        self.sources[log] = SealedSource(log=log, start=start, end=end)
        self._file.write(data)
        self.lines += data.count(b"\n")
        self.size_bytes += len(data)
        self.digest.update(data)

    def close(self) -> None:
        self._file.close()


class SealReport(msgspec.Struct, frozen=True, kw_only=True):
    """Days that were sealed; its fields are the JSON document's.

    Attributes:
        sealed: Their seals.
        forgotten: How many days' lines were forgotten.
    """

    sealed: list[DaySeal]
    forgotten: int


class ProofReport(msgspec.Struct, frozen=True, kw_only=True):
    """A day held against its seals; its fields are the JSON document's.

    Attributes:
        day: The day.
        ok: Whether it is what was sealed.
        parts: What was sealed of it.
        problems: What is wrong.
    """

    day: str
    ok: bool
    parts: list[ProvenPart]
    problems: list[str]


class AccessRecords:
    """The sealed days of a store."""

    def __init__(self, store: Path) -> None:
        """Find them.

        Args:
            store: The store's folder.
        """
        self._folder = store / ACCESS

    def seals(self) -> list[tuple[Path, bytes]]:
        """Return the seals' files in their order, with their bytes.

        Raises:
            StoreError: one cannot be read.
        """
        with disk_errors(self._folder):
            found = sorted(self._folder.glob(f"*{_SEAL}"))
            return [(path, path.read_bytes()) for path in found]

    def seal(
        self, logs: Iterable[str], now: datetime, key: SecretKey | None
    ) -> list[DaySeal]:
        """Seal the days of logs that are over and not sealed yet.

        Args:
            logs: The logs, the oldest first.
            now: The day that it is in is not over.
            key: Signs the seals, None for nobody.

        Raises:
            UsageError: a log is standard input, or cannot be read, or the chain of
                seals is broken.
            StoreError: the records cannot be written.
        """
        files = [data for _, data in self.seals()]
        problems = chain_problems(files)
        if problems:
            raise UsageError(
                f"{self._folder}: {problems[0]}",
                hint="keep the folder as evidence, and begin another one",
            )
        with disk_errors(self._folder):
            make_folder(self._folder)
            for path in self._folder.iterdir():  # what a killed run left
                if _UNNAMED.fullmatch(path.name):
                    path.unlink()
            days = self._gather(logs, _positions(files), now)
            return [self._put(days[day], day, files, now, key) for day in sorted(days)]

    def _gather(
        self, logs: Iterable[str], positions: dict[str, int], now: datetime
    ) -> dict[str, _Day]:
        """Pack what is new in the logs, by days."""
        days: dict[str, _Day] = {}
        today = now.date().isoformat()
        for name in logs:
            if name == STANDARD_INPUT:
                raise UsageError("standard input cannot be sealed", hint="name a log")
            digest = log_digest(name)
            if digest is None:
                continue
            at, day = positions.get(digest, 0), ""
            for said, data in days_of(name, at):
                day = max(day, said)
                if day >= today:
                    break
                if day not in days:
                    days[day] = _Day(self._folder / f".{day}{_LINES}")
                days[day].add(digest, at, data)
                at += len(data)
        for each in days.values():
            each.close()
        return days

    def _put(
        self,
        packed: _Day,
        day: str,
        files: list[bytes],
        now: datetime,
        key: SecretKey | None,
    ) -> DaySeal:
        seal = DaySeal(
            number=len(files) + 1,
            day=day,
            lines=packed.lines,
            bytes=packed.size_bytes,
            sha256=packed.digest.hexdigest(),
            previous=digest_of(files[-1]) if files else "",
            sources=list(packed.sources.values()),
            sealed_at=format_time(now),
        )
        data = format_seal(seal)
        packed.path.replace(self._folder / f"{seal.name}{_LINES}")
        if key is not None:
            signature = self._folder / f"{seal.name}{_SEAL}{_SIGNATURE}"
            replace_file(signature, key.sign(data), staging=self._folder)
        sync_folder(self._folder)
        path = self._folder / f"{seal.name}{_SEAL}"
        replace_file(path, data, staging=self._folder)
        files.append(data)
        return seal

    def forget(self, now: datetime, keep_days: float) -> int:
        """Remove the lines of days that are older; return of how many seals.

        Raises:
            StoreError: they cannot be removed.
        """
        oldest = (now - timedelta(days=keep_days)).date().isoformat()
        gone = 0
        with disk_errors(self._folder):
            for path in self._folder.glob(f"*{_LINES}"):
                _, _, day = path.name.removesuffix(_LINES).partition("-")
                if day and day < oldest:
                    path.unlink()
                    gone += 1
        return gone

    def prove(
        self, day: str, key: PublicKey | None
    ) -> tuple[list[ProvenPart], list[str]]:
        """Return a day's parts, and what is wrong with the whole chain.

        Args:
            day: The day.
            key: Must have signed each seal, None where nobody asks.

        Raises:
            StoreError: a file cannot be read.
        """
        seals = self.seals()
        problems = chain_problems([data for _, data in seals])
        parts = []
        for path, data in seals:
            signed = None if key is None else _is_signed(path, data, key)
            if signed is False:
                problems.append(f"{path.name}: not signed by the key")
            try:
                seal = parse_seal(data)
            except MalformedError:
                continue
            if seal.day == day:
                parts.append(self._prove(seal, signed))
        return parts, problems

    def _prove(self, seal: DaySeal, signed: bool | None) -> ProvenPart:  # noqa: FBT001 - what was found
        path = self._folder / f"{seal.name}{_LINES}"
        kept = path.exists()
        return ProvenPart(
            number=seal.number,
            lines=seal.lines,
            sha256=seal.sha256,
            signed=signed,
            kept=kept,
            problem=_problem(path, seal) if kept else "",
        )


def _problem(path: Path, seal: DaySeal) -> str:
    digest = hashlib.sha256()
    try:
        for data in unpacked_lines(path):
            digest.update(data)
    except RejectedError as exc:
        return str(exc)
    return "" if digest.hexdigest() == seal.sha256 else "its lines were changed"


def _is_signed(path: Path, data: bytes, key: PublicKey) -> bool:
    signature = path.with_name(f"{path.name}{_SIGNATURE}")
    try:
        return key.verify(data, signature.read_bytes())
    except (OSError, MalformedError):
        return False


def _positions(files: Iterable[bytes]) -> dict[str, int]:
    """Return how far each log was sealed."""
    ends: dict[str, int] = {}
    for data in files:
        for source in parse_seal(data).sources:
            ends[source.log] = max(ends.get(source.log, 0), source.end)
    return ends


def days_of(name: str, start: int) -> Iterator[tuple[str, bytes]]:
    """Yield whole lines of a log from a byte on, by runs of one day.

    A line without a time is of the day before it.

    Raises:
        UsageError: it is not there, or cannot be read.
    """
    reader, day = LogReader(), _NO_DAY
    try:
        for block in _whole_lines(read_blocks(name, skip_bytes=start)):
            for each, data in _split(reader, block, day):
                day = each
                yield day, data
    except RejectedError:
        return


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield all bytes up to the last line's end; a very long line comes in pieces."""
    rest = b""
    for block in blocks:
        whole, end, rest = (rest + block).rpartition(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            end, rest = end + rest, b""
        yield whole + end


def _split(reader: LogReader, block: bytes, day: str) -> Iterator[tuple[str, bytes]]:
    """Yield a block's lines by runs of one day; most blocks are of one."""
    if not block:
        return
    found = reader.lines(block)
    is_whole = found and len(found) == block.count(b"\n")
    if is_whole and _day(found[0][2]) == _day(found[-1][2]):
        yield _day(found[0][2]), block
        return
    for line in block.splitlines(keepends=True):
        rows = reader.lines(line)
        day = _day(rows[0][2]) if rows else day
        yield day, line


def _day(time: bytes) -> str:
    try:
        seconds = parse_log_time(time)
    except MalformedError:
        return _NO_DAY
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
