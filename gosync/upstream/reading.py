"""Parsing of what upstreams served, away from the event loop.

What is large is parsed in a worker thread, so that signals, time-outs and other
requests go on meanwhile. A cancelled run need not wait for the end of it: a parser
that takes long calls ``look_up`` now and then, which ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import anyio

from gosync.errors import PageError
from gosync.upstream.answer import Sink

T = TypeVar("T")

_PAGE: Final = re.compile(rb"\s*<(?:!doctype|html|head|\?xml)\b", re.IGNORECASE)
_PAGE_BYTES: Final = 4096  # of a page, what its first tag is looked for in
_AT_ONCE_BYTES: Final = 16 * 1024  # some milliseconds; a thread costs a tenth of one


async def parse_apart(parse: Callable[[], T], size_bytes: int) -> T:
    """Return what a parser makes of some bytes.

    Args:
        parse: The parser with its arguments; run in a thread if that pays.
        size_bytes: How much there is to parse.
    """
    if size_bytes <= _AT_ONCE_BYTES:
        return parse()
    return await anyio.to_thread.run_sync(parse)


def look_up() -> None:
    """End the parser that calls this in a worker thread whose run was cancelled."""
    try:
        anyio.from_thread.check_cancelled()
    except RuntimeError:
        return  # no worker thread: what is small is parsed where it arrived


def begins_with_tag(data: bytes) -> bool:
    """Whether it may be a page: no list, JSON, go.mod or zip begins so."""
    return data[:_PAGE_BYTES].lstrip()[:1] == b"<"


def is_whole_page(data: bytes) -> bool:
    """Whether it is surely a page, in whose place may be any bytes, like a tile's."""
    return _PAGE.match(data) is not None


def check_no_page(
    subject: object,
    data: bytes,
    *,
    what: str = ".mod",
    is_page: Callable[[bytes], bool] = begins_with_tag,
) -> None:
    """Check that a file is no page of HTML: a captive portal's, so no finding.

    Raises:
        PageError: it is one.
    """
    if is_page(data):
        error = PageError(what, f"{subject}", "a page of HTML")
        error.answer = data
        raise error


def no_page_sink(
    subject: object,
    new_sink: Callable[[], Sink],
    *,
    what: str = ".zip",
    is_page: Callable[[bytes], bool] = begins_with_tag,
) -> Sink:
    """Return a sink that refuses a page of HTML before it begins.

    Of zips where another source is at hand, whose zip may be one.
    """
    sink: Sink | None = None

    def write(data: bytes) -> None:
        nonlocal sink
        if sink is None:
            check_no_page(subject, data, what=what, is_page=is_page)
            sink = new_sink()
        sink(data)

    return write
