"""One page of the module index: its rows as events, those that are none counted.

A page is one JSON object a line, ``{"Path", "Version", "Timestamp"}``.

The feed is dirty and its order is not promised. A row that is no event (bad JSON,
no module path, a version that does not fit, a time that is no RFC 3339, a part that is
too long for any use) is counted with its reason and skipped. Nearly every page has none
such: it is looked at as a whole, and row by row where that finds anything.

Times are kept as they were served, since that is what the index understands, and
compared by :func:`time_key`: their fractions differ in length, so text does not sort.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Final

import msgspec

from gosync.clock import shift
from gosync.errors import MalformedError
from gosync.gomod import module, semver
from gosync.gomod.info import format_time, parse_time
from gosync.gomod.lengths import MAX_PATH_BYTES, MAX_VERSION_BYTES
from gosync.gomod.manyversions import uncommon
from gosync.gomod.patterns import PathFilter
from gosync.pattern import compile_on_use
from gosync.upstream.reading import look_up

OVERLAP_SECONDS: Final = 600
OVERLAP_ROWS: Final = 500
_TIME_CHARACTERS: Final = 64
_TO_A_SECOND: Final = len("2006-01-02T15:04:05")
_WITHOUT_ZONE: Final = itemgetter(slice(None, -1))  # sorts as time, all being in UTC
_AFTER_ANY: Final = "~"  # sorts behind a fraction and the Z
_LOOK_UP_EVERY: Final = 1024
_LINE: Final = compile_on_use(rb"[^\n]+")
_LEAP_YEAR: Final = (
    r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
)
_DATE: Final = (
    r"(?!0000)(?:\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    rf"|{_LEAP_YEAR}-02-29)"
)
_SECOND: Final = rf"{_DATE}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_UTC_TIME: Final = compile_on_use(rf"({_SECOND})(?:\.(\d{{1,9}}))?Z", re.ASCII)
# As many of these as there may be, one a line.
_UTC_TIMES: Final = compile_on_use(rf"(?:{_SECOND}(?:\.\d{{1,9}})?Z\n)*+", re.ASCII)


class IndexEvent(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={"path": "Path", "version": "Version", "timestamp": "Timestamp"},
):
    """A version that the index has seen.

    Attributes:
        path: The module path.
        version: The version; it fits the path.
        timestamp: When the proxy first had it, as served.
    """

    path: str
    version: str
    timestamp: str


class IndexPage(msgspec.Struct, frozen=True):
    """One answer of the index.

    Attributes:
        events: The wanted events, without those of the page before.
        rows: All rows that have a time, whether what they name is wanted or could be
            a version or not, without those of the page before.
        seen: How many events came, wanted or not.
        skipped: How many rows were no events, by reason.
        full: Whether there may be more.
        last: The newest time so far, as served: the next ``since``.
        overlap: Where a later reading should begin, "" for an empty page: ten
            minutes or OVERLAP_ROWS rows before ``last``, whichever is later,
            because rows may still come in behind it.
    """

    events: tuple[IndexEvent, ...]
    rows: Sequence[IndexEvent]
    seen: int
    skipped: Mapping[str, int]
    full: bool
    last: str
    overlap: str


def time_key(timestamp: str) -> str:
    """Return a time as text that sorts.

    Raises:
        MalformedError: It is no RFC 3339 time.
    """
    match = _UTC_TIME.fullmatch(timestamp)
    if match is None:
        in_utc = format_time(parse_time(timestamp))
        match = _UTC_TIME.fullmatch(in_utc)
        if match is None:
            raise MalformedError("time", timestamp, "out of range")
    return f"{match[1]}.{match[2] or '':0<9}"


def _overlap(rows: list[IndexEvent], newest: str) -> str:
    """Return where a later reading begins; see IndexPage."""
    if not newest:
        return ""
    begin = earlier(newest, seconds=OVERLAP_SECONDS)
    for row in rows[-OVERLAP_ROWS : -OVERLAP_ROWS + 1]:
        with suppress(MalformedError):
            begin = max(begin, row.timestamp, key=time_key)
    return begin


def earlier(timestamp: str, *, seconds: float) -> str:
    """Return a time some seconds before another, as RFC 3339.

    Polling from a little before the cursor finds events that were dated back.

    Raises:
        MalformedError: It is no RFC 3339 time.
    """
    return format_time(shift(parse_time(timestamp), -timedelta(seconds=seconds)))


def read_page(
    body: bytes,
    since: str,
    before: Sequence[IndexEvent],
    *,
    wanted: PathFilter | None,
    limit: int,
    horizon_key: str | None = None,
) -> tuple[IndexPage, Sequence[IndexEvent]]:
    """Return a page, and all its rows for the next page to drop."""
    skipped: Counter[str] = Counter()
    parsed = _parse_rows(body, skipped)
    full = len(parsed) + skipped.total() >= limit
    rows, newest = parsed, _newest_of_plain(parsed, since, horizon_key)
    if newest is None:
        newest, rows = _check_rows(parsed, since, skipped, horizon_key=horizon_key)
        known = frozenset(before)
        fresh = [row for row in rows if row not in known]
    else:
        fresh = _without_known(rows, before, since)
    events = valid_events(_wanted_rows(fresh, wanted), skipped)
    page = IndexPage(
        events=tuple(events),
        rows=fresh,
        seen=len(parsed),
        skipped=dict(skipped),
        full=full,
        last=newest,
        overlap=_overlap(rows, newest),
    )
    return page, rows


def _without_known(
    events: list[IndexEvent], before: Sequence[IndexEvent], since: str
) -> list[IndexEvent]:
    """Drop what the page before had; all times are in UTC and none beyond the horizon.

    Of that page nothing is later than since, so that few of these may come again.
    """
    if not before:
        return events
    end = time_key(since)[:_TO_A_SECOND] + _AFTER_ANY
    old = [event for event in events if event.timestamp <= end]
    begin = min((event.timestamp for event in old), default=end)[:_TO_A_SECOND]
    known = {event for event in before if event.timestamp >= begin}
    if known.isdisjoint(old):
        return events
    return [event for event in events if event.timestamp > end or event not in known]


def _newest_of_plain(
    rows: list[IndexEvent], since: str, horizon_key: str | None
) -> str | None:
    """Return the newest time where ``_check_rows`` would let all rows pass.

    That is where all times are in UTC and none is beyond the horizon. Looking at each
    row in turn takes four times as long.
    """
    if not rows:
        return since
    times = [row.timestamp for row in rows]
    if not (_are_times(times) and _are_short_lines(rows)):
        return None
    newest = max(times, key=_WITHOUT_ZONE)
    newest_key = time_key(newest)
    if horizon_key is not None and newest_key > horizon_key:
        return None
    return newest if not since or newest_key > time_key(since) else since


def _are_times(times: Sequence[str]) -> bool:
    lines = "\n".join([*times, ""])
    return (
        lines.count("\n") == len(times)
        and _UTC_TIMES.fullmatch(lines) is not None
        and max(map(len, times)) <= _TIME_CHARACTERS
    )


def _are_short_lines(rows: Sequence[IndexEvent]) -> bool:
    """Tell whether ``_check_row_texts`` finds nothing wrong with any row."""
    paths = [row.path for row in rows]
    versions = [row.version for row in rows]
    return (
        max(map(len, paths)) <= MAX_PATH_BYTES
        and max(map(len, versions)) <= MAX_VERSION_BYTES
        and "\n" not in "".join(paths)
        and "\n" not in "".join(versions)
    )


def _check_rows(
    parsed: list[IndexEvent],
    since: str,
    skipped: Counter[str],
    *,
    horizon_key: str | None,
) -> tuple[str, list[IndexEvent]]:
    """Return the newest time and the rows with a time, each looked at by itself."""
    newest, newest_key = since, time_key(since) if since else ""
    rows = []
    for number, row in enumerate(parsed):
        if number % _LOOK_UP_EVERY == 0:
            look_up()
        try:
            _check_row_texts(row)
            key = time_key(row.timestamp)
        except MalformedError as exc:
            skipped[f"{exc.what}: {exc.reason}"] += 1
            continue
        beyond = horizon_key is not None and key > horizon_key
        if key > newest_key and not beyond:
            newest, newest_key = row.timestamp, key
        rows.append(row)
    return newest, rows


def _wanted_rows(
    rows: Sequence[IndexEvent], wanted: PathFilter | None
) -> Sequence[IndexEvent]:
    if wanted is None:
        return rows
    found = wanted("\n".join([row.path for row in rows]))
    return [row for row in rows if row.path in found] if found else ()


def valid_events(rows: Sequence[IndexEvent], skipped: Counter[str]) -> list[IndexEvent]:
    """Return the rows whose versions fit their paths.

    Args:
        rows: Of a page, or kept ones.
        skipped: Counts the others, by reason.
    """
    events = list(rows)
    odd = uncommon([row.path for row in rows], [row.version for row in rows])
    for number in sorted(odd, reverse=True):
        try:
            _check_version(rows[number].path, rows[number].version)
        except MalformedError as exc:
            skipped[f"{exc.what}: {exc.reason}"] += 1
            del events[number]
    return events


def _check_row_texts(row: IndexEvent) -> None:
    """Refuse what is too long for any use, or of several lines, before it is kept."""
    if len(row.timestamp) > _TIME_CHARACTERS:
        raise MalformedError("time", row.timestamp, "too long")
    if len(row.path) > MAX_PATH_BYTES:
        raise MalformedError("module path", row.path, "too long")
    if len(row.version) > MAX_VERSION_BYTES:
        raise MalformedError("version", row.version, "too long")
    if "\n" in row.path or "\n" in row.version:
        raise MalformedError("index row", row.path, "more than one line")


_rows = msgspec.json.Decoder(IndexEvent)


def _parse_rows(body: bytes, skipped: Counter[str]) -> list[IndexEvent]:
    """Parse NDJSON: at once where all is well, else row by row."""
    if body.lstrip()[:1] == b"<":
        raise MalformedError("index page", body[:80].decode("latin-1"), "HTML")
    try:
        return _rows.decode_lines(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    rows = []
    for number, match in enumerate(_LINE.finditer(body)):
        if number % _LOOK_UP_EVERY == 0:
            look_up()
        if match[0].strip():
            try:
                rows.append(_rows.decode(match[0]))
            except (msgspec.DecodeError, UnicodeDecodeError):
                skipped["index row: not an event"] += 1
    return rows


def _check_version(path: str, version: str) -> None:
    """Check as ``module.check`` does; the index repeats its paths a lot."""
    module.check_lengths(path, version)
    if not semver.is_valid(version):
        raise MalformedError("version", version, "not a semantic version")
    module.check_path_major(version, _path_major(path))


@lru_cache(maxsize=65536)
def _path_major(path: str) -> str:
    module.check_path(path)
    return module.split_path_version(path)[1]
