"""Parsing of what upstreams served, away from the event loop.

What is large is parsed in a worker thread, so that signals, time-outs and other
requests go on meanwhile. A cancelled run need not wait for the end of it: a parser
that takes long calls ``look_up`` now and then, which ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from anyio import from_thread, to_thread

from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.upstream.answer import Sink

T = TypeVar("T")

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
    return await to_thread.run_sync(parse)


def look_up() -> None:
    """End the parser that calls this in a worker thread whose run was cancelled."""
    try:
        from_thread.check_cancelled()
    except RuntimeError:
        return  # no worker thread: what is small is parsed where it arrived


def check_no_page(mv: ModuleVersion, data: bytes, *, what: str = ".mod") -> None:
    """Check that a file is no page of HTML: a captive portal's, so no finding.

    Raises:
        MalformedError: it is one.
    """
    if data[:_PAGE_BYTES].lstrip()[:1] == b"<":
        raise MalformedError(what, f"{mv}", "a page of HTML")


def no_page_sink(mv: ModuleVersion, new_sink: Callable[[], Sink]) -> Sink:
    """Return a sink for a ``.zip`` that refuses a page of HTML before it begins.

    For where another source is at hand, whose zip may be one.
    """
    sink: Sink | None = None

    def write(data: bytes) -> None:
        nonlocal sink
        if sink is None:
            check_no_page(mv, data, what=".zip")
            sink = new_sink()
        sink(data)

    return write
