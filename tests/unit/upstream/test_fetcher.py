from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gosync.errors import (
    ConfigError,
    MalformedError,
    NotFoundError,
    TooLargeError,
    TruncatedError,
    UnavailableError,
)
from tests.unit.upstream.conftest import QUICK, Sinks
from tests.unit.upstream.scriptserver import (
    ScriptServer,
    answer,
    closing,
    redirect,
    resetting,
    stalling,
)

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher

HEAD_OF_10 = answer(b"", length=10)


async def test_a_document_comes_with_its_evidence(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script(
        "/a", answer(b"hello", headers={"ETag": "x", "Set-Cookie": "secret"})
    )
    got = await fetcher.get(url, limit_bytes=10)
    assert (got.status, got.body, got.url) == (200, b"hello", url)
    assert got.headers == {"etag": "x", "content-length": "5"}
    assert got.served.framed
    assert got.served.size_bytes == 5
    assert got.served.at.tzinfo is not None
    assert fetcher.traffic.requests == 1
    assert fetcher.traffic.received_bytes == 5


async def test_gosync_introduces_itself_and_asks_for_plain_bytes(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b""))
    await fetcher.get(url, limit_bytes=1, headers={"Disable-Module-Fetch": "true"})
    (request,) = server.requests
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "gosync/test",
        "accept-encoding": "identity",
        "disable-module-fetch": "true",
    }


async def test_one_connection_serves_request_after_request(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"hello"))
    for _ in range(5):
        await fetcher.get(url, limit_bytes=10)
    assert len(server._threads) == 2  # the listener's, and one connection's


async def test_a_server_that_closed_an_idle_connection_is_asked_again(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", closing(answer(b"hello")))
    for _ in range(3):
        assert (await fetcher.get(url, limit_bytes=10)).body == b"hello"


async def test_bytes_are_never_normalised_away_on_the_wire(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    for path in ("/%21q/@v/v1.5.3-%21p.mod", "/lookup/!q@v2.0.0+incompatible", "/~a"):
        await fetcher.get(server.script(path, answer(b"")), limit_bytes=1)
        assert server.targets[-1] == path


# --- limits


@pytest.mark.parametrize("size", [0, 9, 10])
async def test_a_body_within_the_limit_arrives(
    fetcher: Fetcher, server: ScriptServer, size: int
) -> None:
    url = server.script("/a", answer(b"x" * size))
    assert (await fetcher.get(url, limit_bytes=10)).body == b"x" * size


async def test_a_declared_size_beyond_the_limit_is_refused_unread(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", stalling(answer(b"", length=11)))
    sinks = Sinks()
    with pytest.raises(TooLargeError, match="larger than 10 bytes") as caught:
        await fetcher.download(url, sinks, limit_bytes=10)
    assert caught.value.limit_bytes == 10
    assert sinks.made == 0


async def test_an_undeclared_size_beyond_the_limit_stops_at_the_limit(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"x" * 1_000_000, framed=False))
    sinks = Sinks()
    with pytest.raises(TooLargeError):
        await fetcher.download(url, sinks, limit_bytes=1000)
    assert len(sinks.got) <= 1000
    assert len(server.requests) == 1, "no retry makes it smaller"


async def test_chunks_are_put_together(fetcher: Fetcher, server: ScriptServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    got = await fetcher.get(server.script("/a", chunked), limit_bytes=10)
    assert got.body == b"abcde"
    assert got.served.framed


# --- bodies that are not whole


@pytest.mark.parametrize(
    "cut",
    [
        closing(HEAD_OF_10 + b"12345"),
        resetting(HEAD_OF_10 + b"12345"),
        closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345"),
        closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"),
    ],
    ids=["closed", "reset", "within a chunk", "before the last chunk"],
)
async def test_a_body_shorter_than_declared_is_truncated_and_asked_for_again(
    fetcher: Fetcher, server: ScriptServer, cut
) -> None:
    url = server.script("/a", cut)
    with pytest.raises(TruncatedError):
        await fetcher.get(url, limit_bytes=100)
    assert len(server.requests) == 1 + QUICK.retries


async def test_a_retry_starts_the_body_anew(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", closing(HEAD_OF_10 + b"12345"), answer(b"abcdefghij"))
    sinks = Sinks()
    got = await fetcher.download(url, sinks, limit_bytes=100)
    assert (sinks.made, sinks.got) == (2, b"abcdefghij")
    assert got.served.size_bytes == 10
    assert (await fetcher.get(url, limit_bytes=100)).body == b"abcdefghij"


async def test_a_body_without_any_framing_says_so(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"half of so", framed=False))
    got = await fetcher.get(url, limit_bytes=100)
    assert got.body == b"half of so"
    assert not got.served.framed


async def test_a_declared_size_that_is_too_small_cuts_and_harms_no_later_request(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"1234567890", length=5))
    fine = server.script("/fine", answer(b"fine"))
    assert (await fetcher.get(url, limit_bytes=100)).body == b"12345"
    assert (await fetcher.get(fine, limit_bytes=100)).body == b"fine"


@pytest.mark.parametrize(
    "nonsense",
    [
        closing(b""),
        resetting(b""),
        closing(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        closing(b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"),
        closing(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"),
        closing(b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"),
        closing(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000),
    ],
    ids=["closed", "reset", "ssh", "negative", "two lengths", "no colon", "endless"],
)
async def test_what_is_no_answer_is_unavailable(
    fetcher: Fetcher, server: ScriptServer, nonsense
) -> None:
    url = server.script("/a", nonsense)
    with pytest.raises(UnavailableError) as caught:
        await fetcher.get(url, limit_bytes=100, retries=0)
    assert caught.value.exit_code == 75


async def test_nobody_at_home_is_unavailable(fetcher: Fetcher) -> None:
    server = ScriptServer()
    server.stop()
    with pytest.raises(UnavailableError, match="cannot connect"):
        await fetcher.get(f"{server.url}/a", limit_bytes=100)


# --- HEAD


async def test_head_gives_the_declared_size_alone(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"x" * 1234))
    got = await fetcher.head(url)
    assert (got.headers["content-length"], got.body) == ("1234", b"")
    assert server.requests[0].method == "HEAD"
    assert (await fetcher.get(url, limit_bytes=2000)).body == b"x" * 1234


async def test_head_follows_redirects_and_knows_a_no(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script("/b", answer(b"x" * 7))
    got = await fetcher.head(server.script("/a", redirect("/b")))
    assert got.headers["content-length"] == "7"
    with pytest.raises(NotFoundError):
        await fetcher.head(f"{server.url}/nothing")


# --- URLs


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nothing",
        "ftp://127.0.0.1/",
        "http://",
        "http:///a",
        "http://[::1/a",
        "https://127.0.0.1:99999/",
        "http://\0/",
    ],
)
async def test_what_is_no_url_is_malformed(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(MalformedError):
        await fetcher.get(url, limit_bytes=1)


async def test_a_password_never_goes_over_plain_http(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"")).replace("//", "//joe:tiger@")
    with pytest.raises(ConfigError) as caught:
        await fetcher.get(url, limit_bytes=1)
    assert "tiger" not in str(caught.value)
    assert not server.requests
