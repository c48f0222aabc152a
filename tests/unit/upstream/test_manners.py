"""Sources that want to be asked as ``go`` asks: found out once, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from gosync.errors import GosyncError, PageError, UpstreamStatusError
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.source import make_source
from tests.unit.upstream.scriptserver import Reply, Request, ScriptServer, answer

if TYPE_CHECKING:
    import socket

LIST, INFO = "m.example/@v/list", "m.example/@v/v1.0.0.info"
OPTIONS = HttpOptions(retries=0, timeout_seconds=60)
FORBIDDEN = answer(b"", status=403)
PAGE = answer(b"<!doctype html><title>hello</title>")


def wants_agent(request: Request) -> bool:
    return request.headers.get("user-agent") == "Go-http-client/1.1"


def wants_query(request: Request) -> bool:
    return wants_agent(request) and request.target.endswith("?go-get=1")


def nothing_helps(request: Request) -> bool:
    del request
    return False


def picky(
    server: ScriptServer, pleases: Callable[[Request], bool], refusal: bytes
) -> Reply:
    def reply(connection: socket.socket) -> None:
        good = answer(b"v1.0.0\n")
        connection.sendall(good if pleases(server.requests[-1]) else refusal)

    return reply


@pytest.mark.parametrize("refusal", [FORBIDDEN, PAGE], ids=["403", "page"])
@pytest.mark.parametrize(
    ("pleases", "gaps"),
    [
        (wants_agent, {"go-user-agent"}),
        (wants_query, {"go-user-agent", "go-get-query"}),
        (nothing_helps, set()),
    ],
)
async def test_one_that_refuses_is_asked_as_go_asks(
    server: ScriptServer,
    pleases: Callable[[Request], bool],
    gaps: set[str],
    refusal: bytes,
) -> None:
    for path in (LIST, INFO):
        server.script(f"/{path}", picky(server, pleases, refusal))
    async with Fetcher(OPTIONS, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        for _ in range(2):
            if gaps:
                got = await source.get(LIST, limit_bytes=100)
                assert (got.body, got.url) == (b"v1.0.0\n", f"{server.url}/{LIST}")
            else:
                with pytest.raises((UpstreamStatusError, PageError)):
                    await source.get(LIST, limit_bytes=100)
        assert source.circuit.gaps == gaps
        asked = len(server.requests)
        assert asked == {0: 4, 1: 4, 2: 5}[len(gaps)], "what helps is found out once"

        again = make_source(server.url, fetcher)  # in another run
        again.circuit.gaps = set(gaps)
        if gaps:
            await again.get(INFO, limit_bytes=100)
            assert len(server.requests) == asked + 1


async def test_one_that_answers_is_asked_in_no_other_manner(
    server: ScriptServer,
) -> None:
    server.script(f"/{LIST}", answer(b"v1.0.0\n"))
    server.script(f"/{INFO}", FORBIDDEN)
    async with Fetcher(OPTIONS, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await source.get(LIST, limit_bytes=100)
        with pytest.raises(GosyncError):
            await source.get(INFO, limit_bytes=100)
    agents = {each.headers["user-agent"] for each in server.requests}
    assert agents == {OPTIONS.user_agent}
