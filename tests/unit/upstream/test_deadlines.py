from __future__ import annotations

import time

import anyio
import pytest
from msgspec.structs import replace

from gosync.errors import (
    UpstreamTimeoutError,
)
from gosync.upstream.http import Fetcher
from tests.unit.upstream.conftest import QUICK
from tests.unit.upstream.scriptserver import (
    ScriptServer,
    answer,
    dripping,
    stalling,
)

HEAD_OF_10 = answer(b"", length=10)


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\n", HEAD_OF_10, HEAD_OF_10 + b"12"]
)
async def test_a_stalled_answer_ends_at_the_read_deadline(
    hasty_fetcher: Fetcher, server: ScriptServer, sent: bytes
) -> None:
    url = server.script("/a", stalling(sent))
    begun = time.monotonic()
    with pytest.raises(UpstreamTimeoutError):
        await hasty_fetcher.get(url, limit_bytes=100, retries=0)
    assert time.monotonic() - begun > 0.4


async def test_a_dripping_body_ends_at_the_total_deadline(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    drip = dripping(answer(b"", length=100), body=b"x" * 100, every_seconds=0.1)
    url = server.script("/a", drip)
    begun = time.monotonic()
    with pytest.raises(UpstreamTimeoutError, match=r"not finished within 0\.8 s"):
        await fetcher.get(url, limit_bytes=100, total_seconds=0.8)
    assert time.monotonic() - begun > 0.7
    assert len(server.requests) == 1


@pytest.mark.long
async def test_a_slow_body_within_its_deadlines_arrives(server: ScriptServer) -> None:
    """All of it takes longer than one piece may."""
    drip = dripping(answer(b"", length=60), body=b"slow" * 15, every_seconds=0.1)
    patient = replace(QUICK, timeout_seconds=5)
    async with Fetcher(patient, environment={}) as fetcher:
        got = await fetcher.get(server.script("/a", drip), limit_bytes=100)
    assert got.body == b"slow" * 15


async def test_the_total_deadline_spans_all_tries(
    hasty_fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", stalling(b""))
    with pytest.raises(UpstreamTimeoutError) as caught:
        await hasty_fetcher.get(url, limit_bytes=100, total_seconds=0.8, retries=1000)
    assert len(server.requests) < 10
    assert isinstance(caught.value.__cause__, UpstreamTimeoutError)


async def test_an_interrupted_request_leaves_a_fetcher_that_works(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    slow = server.script("/slow", stalling(HEAD_OF_10))
    fine = server.script("/fine", answer(b"fine"))
    with anyio.move_on_after(0.2) as scope:
        await fetcher.get(slow, limit_bytes=100)
    assert scope.cancelled_caught
    assert (await fetcher.get(fine, limit_bytes=100)).body == b"fine"


async def test_many_requests_at_once_each_get_their_own_answer(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    got: dict[int, bytes] = {}

    async def ask(number: int) -> None:
        url = server.script(f"/{number}", answer(str(number).encode()))
        got[number] = (await fetcher.get(url, limit_bytes=100)).body

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(ask, number)
    assert got == {number: str(number).encode() for number in range(40)}
