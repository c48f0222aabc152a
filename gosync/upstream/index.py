"""The module index: what a proxy has seen, in the order in which it saw it.

    GET INDEX?since=TIME&limit=2000[&include=all]

answers with one JSON object a line, ``{"Path", "Version", "Timestamp"}``, at most
2000 and oldest first. ``since`` is inclusive, so that the events of a page's last
moment come again with the next page; those are dropped here. A page that is not
full is the last one.

The feed is dirty and its order is not promised. A row that is no event (bad JSON,
no module path, a version that does not fit, a time that is no RFC 3339) is counted
with its reason and skipped. A full page whose times do not get past ``since`` would
come again forever: its rows are handed out, then that is an error.

Times are kept as they were served, since that is what the index understands, and
compared by :func:`time_key`: their fractions differ in length, so text does not
sort. Memory holds one page. Limits: 8 MiB a page; of a longer answer than asked
for, every row counts; a path, version or time that is too long for any use counts as
no event. Pages are read apart from the event loop.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from gosync.clock import shift
from gosync.errors import MalformedError, UnavailableError
from gosync.gomod import module, semver
from gosync.gomod.info import format_time, parse_time
from gosync.gomod.lengths import MAX_PATH_BYTES, MAX_VERSION_BYTES
from gosync.pattern import compile_on_use
from gosync.upstream.options import MIB
from gosync.upstream.reading import look_up, parse_apart
from gosync.upstream.urls import strip_secrets

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher

PAGE_LIMIT: Final = 2000
PAGE_LIMIT_BYTES: Final = 8 * MIB
OVERLAP_SECONDS: Final = 600
OVERLAP_ROWS: Final = 500
_TIME_CHARACTERS: Final = 64
_LOOK_UP_EVERY: Final = 1024
_COMMON_MAJORS: Final = ("v0.", "v1.")  # of a path without a major version
_LINE: Final = compile_on_use(rb"[^\n]+")
_UTC_TIME: Final = compile_on_use(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?Z",
    re.ASCII,
)
# As many of these as there may be, one a line; like _UTC_TIME in all else.
_UTC_TIMES: Final = compile_on_use(
    r"(?:\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z\n)*+",
    re.ASCII,
)


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
        seen: How many events came, wanted or not.
        skipped: How many rows were no events, by reason.
        full: Whether there may be more.
        last: The newest time so far, as served: the next ``since``.
        overlap: Where a later reading should begin, "" for an empty page: ten
            minutes or OVERLAP_ROWS rows before ``last``, whichever is later,
            because rows may still come in behind it.
    """

    events: tuple[IndexEvent, ...]
    seen: int
    skipped: Mapping[str, int]
    full: bool
    last: str
    overlap: str


class IndexClient:
    """Reads the index, page by page."""

    def __init__(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        page_limit: int = PAGE_LIMIT,
        include_all: bool = False,
    ) -> None:
        """Prepare to ask.

        Args:
            url: The index's URL.
            fetcher: Does the asking.
            page_limit: How many rows to ask for; the index gives 2000 at most.
            include_all: Whether to ask for versions that are gone, too.
        """
        self._url = url
        self._fetcher = fetcher
        self._page_limit = page_limit
        self._include_all = include_all

    async def refresh(self) -> None:
        """Look whether anything is new, where pages alone do not tell."""

    async def pages(
        self,
        since: str,
        *,
        wanted: Callable[[str], bool] | None = None,
        horizon: str | None = None,
    ) -> AsyncGenerator[IndexPage, None]:
        """Yield the pages from a time on, the events at that time included.

        Whoever may stop before the end closes it with ``contextlib.aclosing``.

        Args:
            since: RFC 3339, or "" for the beginning.
            wanted: Says of a module path whether its events are of use; rows of
                other modules are neither checked nor handed out.
            horizon: A time that no honest row is later than. Rows beyond it are
                events, but do not move ``last``: one row from the far future
                must not make us miss everything until then.

        Raises:
            UnavailableError: The index gave no answer, or cannot get past one
                moment.
            NotFoundError: There is no index at the URL.
            MalformedError: ``since`` is no time, or the answer is HTML.
            TooLargeError: A page exceeds its limit.
        """
        if since:
            time_key(since)
        before: frozenset[IndexEvent] = frozenset()
        while True:
            body = await self._page(since)
            read = partial(
                _read_page,
                body,
                since,
                before,
                wanted=wanted,
                limit=self._page_limit,
                horizon_key=time_key(horizon) if horizon else None,
            )
            page, before = await parse_apart(read, len(body))
            yield page
            if not page.full:
                return
            if not _is_later(page.last, since):
                raise self._stuck(since, page.last)
            since = page.last

    async def _page(self, since: str) -> bytes:
        """Return the bytes of a page."""
        answer = await self._fetcher.get(
            self._page_url(since), limit_bytes=PAGE_LIMIT_BYTES
        )
        return answer.body

    def _page_url(self, since: str) -> str:
        query = {"since": since} if since else {}
        query["limit"] = str(self._page_limit)
        if self._include_all:
            query["include"] = "all"
        separator = "&" if "?" in self._url else "?"
        return f"{self._url}{separator}{urlencode(query, safe=':')}"

    def _stuck(self, since: str, last: str) -> UnavailableError:
        return UnavailableError(
            f"{strip_secrets(self._url)}: a full page of {self._page_limit} rows does"
            f" not get past {last or since}",
            hint="modules named by exact path are still found by their list",
        )


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


def _is_later(a: str, b: str) -> bool:
    return bool(a) and (not b or time_key(a) > time_key(b))


def _read_page(
    body: bytes,
    since: str,
    before: frozenset[IndexEvent],
    *,
    wanted: Callable[[str], bool] | None,
    limit: int,
    horizon_key: str | None = None,
) -> tuple[IndexPage, frozenset[IndexEvent]]:
    """Return a page, and all its wanted events for the next page to drop."""
    skipped: Counter[str] = Counter()
    rows = _parse_rows(body, skipped)
    full = len(rows) + skipped.total() >= limit
    newest = _newest_of_plain(rows, since, horizon_key)
    events = None if newest is None else _plain_events(rows, wanted)
    if newest is None or events is None:
        newest, events = _check_rows(
            rows, since, skipped, wanted=wanted, horizon_key=horizon_key
        )
    fresh = tuple(event for event in events if event not in before)
    overlap = _overlap(rows, newest)
    page = IndexPage(fresh, len(rows), dict(skipped), full, newest, overlap)
    return page, frozenset(events)


def _newest_of_plain(
    rows: list[IndexEvent], since: str, horizon_key: str | None
) -> str | None:
    """Return the newest time where all are in UTC and none beyond the horizon.

    Looking at each row in turn takes four times as long. Without its Z a time is text
    that sorts, whatever the digits of its second.
    """
    if not rows:
        return since
    times = "\n".join([row.timestamp for row in rows]) + "\n"
    if times.count("\n") > len(rows) or not _UTC_TIMES.fullmatch(times):
        return None
    newest = max(times.replace("Z\n", "\n").split("\n")) + "Z"
    newest_key = time_key(newest)
    if horizon_key is not None and newest_key > horizon_key:
        return None
    return newest if not since or newest_key > time_key(since) else since


def _plain_events(
    rows: list[IndexEvent], wanted: Callable[[str], bool] | None
) -> list[IndexEvent] | None:
    """Return the wanted events where all fit their paths, None where one does not."""
    try:
        for row in rows:
            _check_row_lengths(row)
        if wanted is not None:
            rows = [row for row in rows if wanted(row.path)]
        if not semver.are_valid([row.version for row in rows]):
            return None
        for row in rows:
            module.check_lengths(row.path, row.version)
            major = _path_major(row.path)
            if major or not row.version.startswith(_COMMON_MAJORS):
                module.check_path_major(row.version, major)
    except MalformedError:
        return None
    return rows


def _check_rows(
    rows: list[IndexEvent],
    since: str,
    skipped: Counter[str],
    *,
    wanted: Callable[[str], bool] | None,
    horizon_key: str | None,
) -> tuple[str, list[IndexEvent]]:
    """Return the newest time and the wanted events, each row looked at by itself."""
    newest, newest_key = since, time_key(since) if since else ""
    events = []
    for number, row in enumerate(rows):
        if number % _LOOK_UP_EVERY == 0:
            look_up()
        try:
            _check_row_lengths(row)
            key = time_key(row.timestamp)
            beyond = horizon_key is not None and key > horizon_key
            if key > newest_key and not beyond:
                newest, newest_key = row.timestamp, key
            if wanted is None or wanted(row.path):
                _check_version(row.path, row.version)
                events.append(row)
        except MalformedError as exc:
            skipped[f"{exc.what}: {exc.reason}"] += 1
    return newest, events


def _check_row_lengths(row: IndexEvent) -> None:
    """Refuse what is too long for any use, before it is kept or compared."""
    if len(row.timestamp) > _TIME_CHARACTERS:
        raise MalformedError("time", row.timestamp, "too long")
    if len(row.path) > MAX_PATH_BYTES:
        raise MalformedError("module path", row.path, "too long")
    if len(row.version) > MAX_VERSION_BYTES:
        raise MalformedError("version", row.version, "too long")


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
