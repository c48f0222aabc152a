"""What ``/index`` answers: Go's module index over what the tree has.

    GET /index[?since=TIME][&limit=N][&include=all]

answers with lines of the tree's index files (``folder.indexfiles``), oldest first, from
a time on, that time included; at most N, and never more than 2000. ``include=all`` adds
what was here once and is no more. Who is at the end of a page goes on with the last
line's time stamp. Times before the first line and after the last are none's fault.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import msgspec

from gosync.clock import format_time
from gosync.errors import MalformedError, UsageError
from gosync.folder.indexfiles import IndexKind, IndexLine, format_lines
from gosync.folder.indexreading import lines_from
from gosync.gomod.info import parse_time
from gosync.serve.accesslog import Outcome
from gosync.serve.answer import Answer, text_answer

MOST_LINES: Final = 2000
_MAX_QUERY: Final = 512
_BRIEF: Final = "public, max-age=10"
_TYPE: Final = "application/json"


class IndexQuery(msgspec.Struct, frozen=True):
    """What of the index is asked for.

    Attributes:
        since: From when on, as the index writes times; "" for its beginning.
        limit: At most so many lines.
        include_all: Whether what is gone is told too.
    """

    since: str = ""
    limit: int = MOST_LINES
    include_all: bool = False


def parse_index_query(text: str) -> IndexQuery:
    """Parse the query of ``/index``.

    Raises:
        UsageError: it is none, with what is wrong with it.
    """
    if len(text) > _MAX_QUERY:
        raise UsageError("the query is too long")
    # A plus sign of a time zone often comes unescaped.
    found = {key: values[-1] for key, values in parse_qs(text).items()}
    since = found.get("since", "").replace(" ", "+")
    limit = found.get("limit", str(MOST_LINES))
    include = found.get("include", "")
    if not limit.isascii() or not limit.isdecimal() or int(limit) < 1:
        raise UsageError("limit is no number from 1 on")
    if include not in ("", "all"):
        raise UsageError('include is neither empty nor "all"')
    try:
        since = format_time(parse_time(since)) if since else ""
    except MalformedError as exc:
        raise UsageError("since is no RFC 3339 time") from exc
    return IndexQuery(since, min(int(limit), MOST_LINES), include == "all")


def index_answer(tree: Path, query: str) -> Answer:
    """Return the answer to a request of ``/index``; it reads files.

    Raises:
        OSError: if the tree cannot be read.
    """
    try:
        asked = parse_index_query(query)
    except UsageError as exc:
        return text_answer(HTTPStatus.BAD_REQUEST, f"{exc}\n", Outcome.REFUSED)
    body = format_lines(islice(_lines(tree, asked), asked.limit))
    headers = [("content-type", _TYPE), ("cache-control", _BRIEF)]
    return Answer(HTTPStatus.OK, headers, body)


def _lines(tree: Path, asked: IndexQuery) -> Iterator[IndexLine]:
    whole = lines_from(tree, IndexKind.WHOLE, asked.since)
    if not asked.include_all:
        return whole
    gone = lines_from(tree, IndexKind.GONE, asked.since)
    return heapq.merge(whole, gone, key=attrgetter("timestamp"))
