from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from gosync.errors import (
    MalformedError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
)
from gosync.upstream.index import PAGE_LIMIT_BYTES, IndexClient
from gosync.upstream.indexpage import IndexEvent, IndexPage, earlier, time_key
from tests.unit.upstream.scriptserver import ScriptServer, answer

if TYPE_CHECKING:
    import socket

    from gosync.upstream.http import Fetcher


def event(number: int, *, at: str | None = None) -> IndexEvent:
    clock = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    stamp = at or f"2026-01-01T{clock}Z"
    return IndexEvent(f"example.com/m{number}", "v1.0.0", stamp)


def ndjson(*events: IndexEvent) -> bytes:
    return b"".join(
        json.dumps(
            {"Path": each.path, "Version": each.version, "Timestamp": each.timestamp}
        ).encode()
        + b"\n"
        for each in events
    )


def serve_feed(server: ScriptServer, events: list[IndexEvent]) -> str:
    """Answer as the index does: inclusive since, in the given order."""

    def reply(connection: socket.socket) -> None:
        query = parse_qs(urlsplit(server.requests[-1].target).query)
        since = time_key(query["since"][0]) if "since" in query else ""
        chosen = [each for each in events if time_key(each.timestamp) >= since]
        connection.sendall(answer(ndjson(*chosen[: int(query["limit"][0])])))

    return server.script("/index", reply)


async def read(client: IndexClient, since: str = "", wanted=None) -> list[IndexPage]:
    return [page async for page in client.pages(since, wanted=wanted)]


async def test_pages_follow_each_other_without_repeating_or_losing_events(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    feed = [event(number) for number in range(25)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=10)
    pages = await read(client)
    assert [each for page in pages for each in page.events] == feed
    assert [page.full for page in pages] == [True, True, False]
    assert [len(page.events) for page in pages] == [10, 9, 6]
    assert pages[-1].last == feed[-1].timestamp
    assert server.targets == [
        "/index?limit=10",
        "/index?since=2026-01-01T00:00:09Z&limit=10",
        "/index?since=2026-01-01T00:00:18Z&limit=10",
    ]


async def test_events_of_one_moment_survive_a_page_s_end(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    same = "2026-01-01T00:00:05.5Z"
    feed = [event(1), event(2)]
    feed += [event(number, at=same) for number in range(10, 14)]
    feed += [event(20), event(21)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=5)
    pages = await read(client)
    assert [each for page in pages for each in page.events] == feed


async def test_a_poll_with_nothing_new_is_one_request(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    feed = [event(number) for number in range(5)]
    client = IndexClient(serve_feed(server, feed), fetcher)
    (page,) = await read(client, feed[-1].timestamp)
    assert page.events == (feed[-1],), "since is inclusive"
    (page,) = await read(client, "2027-01-01T00:00:00Z")
    assert (page.events, page.last) == ((), "2027-01-01T00:00:00Z")
    assert len(server.requests) == 2


async def test_out_of_order_rows_move_the_cursor_to_the_newest(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = ndjson(event(3), event(9), event(1))
    client = IndexClient(server.script("/index", answer(body)), fetcher)
    (page,) = await read(client)
    assert page.last == event(9).timestamp
    assert len(page.events) == 3


async def test_a_full_page_of_one_moment_is_handed_out_and_then_an_error(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    same = "2026-01-01T00:00:05Z"
    feed = [event(number, at=same) for number in range(30)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=10)
    pages = client.pages(same)
    assert (await anext(pages)).events == tuple(feed[:10])
    with pytest.raises(UnavailableError, match="does not get past") as caught:
        await anext(pages)
    assert caught.value.hint
    assert len(server.requests) == 1


async def test_a_full_page_of_one_moment_is_passed_if_it_lies_ahead(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    same = "2026-01-01T00:00:05Z"
    feed = [event(number, at=same) for number in range(10)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=10)
    with pytest.raises(UnavailableError):
        await read(client, "2025-01-01T00:00:00Z")
    assert len(server.requests) == 2


DIRTY = [
    b"not json",
    b"[1,2]",
    b"null",
    b'{"Path":"example.com/a"}',
    b'{"Path":1,"Version":"v1.0.0","Timestamp":"2026-01-01T00:00:00Z"}',
    b'{"Path":"../../etc","Version":"v1.0.0","Timestamp":"2026-01-01T00:00:00Z"}',
    b'{"Path":"example.com/a","Version":"1.0","Timestamp":"2026-01-01T00:00:00Z"}',
    b'{"Path":"example.com/a","Version":"v2.0.0","Timestamp":"2026-01-01T00:00:00Z"}',
    b'{"Path":"example.com/a","Version":"v1.0.0","Timestamp":"yesterday"}',
    b'{"Path":"example.com/a","Version":"v1.0.0","Timestamp":""}',
    b'{"Path":"example.com/\xff","Version":"v1.0.0","Timestamp":"2026-01-01T00:00:00Z"}',
    b'{"Path":"example.com/a","Version":"v1.0.0","Timestamp":"2026-01-01T00:00:00Z"',
]


async def test_dirty_rows_are_counted_and_skipped(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = b"\n".join([*DIRTY, b"", b"  ", ndjson(event(7))])
    client = IndexClient(server.script("/index", answer(body)), fetcher)
    (page,) = await read(client)
    assert page.events == (event(7),)
    assert sum(page.skipped.values()) == len(DIRTY)
    assert page.skipped["index row: not an event"] == 7
    assert not page.full


async def test_unknown_keys_crlf_and_a_missing_last_newline_are_fine(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    row = ndjson(event(1)).replace(b"{", b'{"Extra":[1],', 1)
    body = row.rstrip() + b"\r\n" + ndjson(event(2)).rstrip()
    client = IndexClient(server.script("/index", answer(body)), fetcher)
    (page,) = await read(client)
    assert page.events == (event(1), event(2))
    assert not page.skipped


async def test_a_full_page_of_dirt_still_moves_on(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    bad = [IndexEvent("nodot/m", "v1.0.0", f"2026-01-01T00:00:0{n}Z") for n in range(5)]
    feed = [*bad, event(9)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=5)
    pages = await read(client)
    assert pages[0].full
    assert [each for page in pages for each in page.events] == [event(9)]


async def test_only_wanted_modules_are_checked_and_handed_out(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    feed = [event(1), IndexEvent("bad path", "x", event(2).timestamp), event(3)]
    client = IndexClient(serve_feed(server, feed), fetcher)
    (page,) = await read(client, wanted=lambda lines: {event(3).path})
    assert (page.events, page.seen, page.skipped) == ((event(3),), 3, {})


async def test_include_all_and_a_query_of_its_own_are_sent(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/index", answer(b"")) + "?token=x"
    client = IndexClient(url, fetcher, include_all=True)
    await read(client, "2026-01-01T01:00:00+01:00")
    assert server.targets == [
        "/index?token=x&since=2026-01-01T01:00:00%2B01:00&limit=2000&include=all"
    ]


async def test_failures_of_the_whole_page_are_errors(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    client = IndexClient(f"{server.url}/index", fetcher)
    with pytest.raises(NotFoundError):
        await read(client)
    server.script("/index", answer(b"<html>"))
    with pytest.raises(MalformedError):
        await read(client)
    server.script("/index", answer(b"", length=PAGE_LIMIT_BYTES + 1))
    with pytest.raises(TooLargeError):
        await read(client)
    with pytest.raises(MalformedError):
        await read(client, "yesterday")


async def test_reading_may_stop_early(fetcher: Fetcher, server: ScriptServer) -> None:
    feed = [event(number) for number in range(25)]
    client = IndexClient(serve_feed(server, feed), fetcher, page_limit=10)
    async with aclosing(client.pages("")) as pages:
        async for page in pages:
            assert len(page.events) == 10
            break
    assert len(server.requests) == 1


async def test_a_later_reading_begins_a_little_before_the_newest_event(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    feed = [event(number) for number in range(0, 3000, 10)]
    client = IndexClient(serve_feed(server, feed), fetcher)
    (page,) = await read(client)
    assert page.last == "2026-01-01T00:49:50Z"
    assert page.overlap == "2026-01-01T00:39:50Z"
    feed += [event(number) for number in range(3000, 3900)]
    (page,) = await read(client)
    assert page.overlap == feed[-500].timestamp
    (page,) = await read(IndexClient(serve_feed(server, []), fetcher))
    assert page.overlap == ""


def test_times_compare_by_moment_and_not_by_text() -> None:
    times = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000000001Z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00.500001Z",
        "2026-01-01T00:00:00.51Z",
        "2026-01-01T02:00:01+02:00",
    ]
    assert sorted(times, key=time_key) == times
    assert time_key("2026-01-01T01:00:00+01:00") == time_key("2026-01-01T00:00:00Z")


def test_an_overlap_reaches_back() -> None:
    assert earlier("2026-01-01T00:00:00.25Z", seconds=60) == "2025-12-31T23:59:00.25Z"
    assert earlier("0001-01-01T00:00:00Z", seconds=60) == "0001-01-01T00:00:00Z"
    with pytest.raises(MalformedError):
        earlier("x", seconds=60)
