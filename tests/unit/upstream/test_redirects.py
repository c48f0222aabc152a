from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gosync.errors import NotFoundError, UpstreamStatusError
from gosync.upstream.redirects import MAX_REDIRECTS
from tests.unit.upstream.scriptserver import ScriptServer, answer, redirect, stalling

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_shows_in_the_evidence(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer, status: int
) -> None:
    there = other_server.script("/there", answer(b"hello"))
    url = server.script("/a", redirect(f"{there}?signature=secret", status=status))
    got = await fetcher.get(url, limit_bytes=10, headers={"X-Asked": "yes"})
    assert (got.body, got.url) == (b"hello", there)
    assert other_server.targets == ["/there?signature=secret"]
    assert other_server.requests[0].headers["x-asked"] == "yes"
    assert other_server.requests[0].headers["host"] == there.split("/")[2]
    assert fetcher.traffic.requests == 2


@pytest.mark.parametrize(
    ("location", "want"),
    [("there", "/a/there"), ("/there", "/there"), ("../there#x", "/there")],
)
async def test_a_relative_redirect_starts_where_it_was_given(
    fetcher: Fetcher, server: ScriptServer, location: str, want: str
) -> None:
    server.script(want, answer(b"hello"))
    url = server.script("/a/here", redirect(location))
    assert (await fetcher.get(url, limit_bytes=10)).body == b"hello"


async def test_ten_redirects_are_followed(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    for number in range(MAX_REDIRECTS):
        server.script(f"/{number}", redirect(f"/{number + 1}"))
    server.script(f"/{MAX_REDIRECTS}", answer(b"there"))
    assert (await fetcher.get(f"{server.url}/0", limit_bytes=10)).body == b"there"


async def test_a_redirect_loop_ends_and_is_not_tried_again(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", redirect("/b"))
    server.script("/b", redirect("/a"))
    with pytest.raises(UpstreamStatusError, match="stopped after 10 redirects"):
        await fetcher.get(url, limit_bytes=10)
    assert len(server.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "javascript:1",
        "http://",
        "//[::1",
        "http://127.0.0.1:99999/",
        "https:",
        "mailto:a@b",
    ],
)
async def test_a_redirect_to_anything_but_http_is_refused(
    fetcher: Fetcher, server: ScriptServer, location: str
) -> None:
    url = server.script("/a", redirect(location))
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(url, limit_bytes=10)
    assert caught.value.status == 302


async def test_a_redirect_to_nowhere_is_a_status(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"", status=302))
    with pytest.raises(UpstreamStatusError, match="302"):
        await fetcher.get(url, limit_bytes=10)


async def test_a_redirect_whose_body_stalls_is_followed_all_the_same(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    there = other_server.script("/there", answer(b"hello"))
    head = answer(b"", status=302, headers={"Location": there}, length=10**9)
    url = server.script("/a", stalling(head))
    assert (await fetcher.get(url, limit_bytes=10)).body == b"hello"


async def test_a_redirect_from_https_to_http_is_refused(
    tls_fetcher: Fetcher, tls_server: ScriptServer, server: ScriptServer
) -> None:
    there = server.script("/there", answer(b"hello"))
    url = tls_server.script("/a", redirect(there))
    with pytest.raises(UpstreamStatusError, match="from https to insecure"):
        await tls_fetcher.get(url, limit_bytes=10)
    assert not server.requests


async def test_a_redirect_from_http_to_https_is_followed(
    tls_fetcher: Fetcher, tls_server: ScriptServer, server: ScriptServer
) -> None:
    there = tls_server.script("/there", answer(b"hello"))
    url = server.script("/a", redirect(there))
    assert (await tls_fetcher.get(url, limit_bytes=10)).body == b"hello"


@pytest.mark.parametrize(
    ("location", "want"),
    [
        ("/x//there", "/x//there"),
        ("x//there", "/a/b/x//there"),
        ("..//there", "/a//there"),
        ("../../../there", "/there"),
        ("./there/.", "/a/b/there/"),
        ("/x/../there/..", "/"),
        ("/x/%2e%2E/there%2Fhere", "/x/%2e%2E/there%2Fhere"),
        ("?b=c", "/a/b/here?b=c"),
        ("/there?b=//../c", "/there?b=//../c"),
    ],
)
async def test_a_relative_redirect_is_resolved_as_the_standard_says(
    fetcher: Fetcher, server: ScriptServer, location: str, want: str
) -> None:
    server.script("/a/b/here", redirect(location))
    with pytest.raises((NotFoundError, UpstreamStatusError)):
        await fetcher.get(f"{server.url}/a/b/here", limit_bytes=10)
    assert server.targets[1] == want
