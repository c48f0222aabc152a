from __future__ import annotations

import time

import pytest

from gosync.errors import (
    NotFoundError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from tests.unit.upstream.scriptserver import (
    ScriptServer,
    answer,
    stalling,
)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_definite_no_is_not_asked_for_again(
    fetcher: Fetcher, server: ScriptServer, status: int
) -> None:
    url = server.script("/a", answer(b"gone", status=status))
    with pytest.raises(NotFoundError):
        await fetcher.get(url, limit_bytes=100)
    assert len(server.requests) == 1


async def test_a_404_that_timed_out_is_no_no_and_asked_for_again(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = b"not found: example.com/m@v1.0.0: fetch timed out\n"
    url = server.script("/a", answer(body, status=404), answer(b"now"))
    assert (await fetcher.get(url, limit_bytes=100)).body == b"now"
    with pytest.raises(UpstreamTimeoutError):
        await fetcher.get(
            server.script("/b", answer(body, status=404)), limit_bytes=100
        )


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_status_is_asked_for_again(
    fetcher: Fetcher, server: ScriptServer, status: int
) -> None:
    url = server.script("/a", answer(b"", status=status), answer(b"now"))
    assert (await fetcher.get(url, limit_bytes=100)).body == b"now"


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 418, 451])
async def test_any_other_status_is_dont_know_and_final(
    fetcher: Fetcher, server: ScriptServer, status: int
) -> None:
    url = server.script("/a", answer(b"", status=status))
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(url, limit_bytes=100)
    assert caught.value.status == status
    assert len(server.requests) == 1


async def test_a_bearable_retry_after_is_waited_for(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    busy = answer(b"", status=429, headers={"Retry-After": "1"})
    url = server.script("/a", busy, answer(b"now"))
    patient = HttpOptions(
        retries=1, retry_delay_seconds=0.01, max_retry_delay_seconds=2
    )
    begun = time.monotonic()
    async with Fetcher(patient, environment={}) as waiting:
        assert (await waiting.get(url, limit_bytes=100)).body == b"now"
    assert time.monotonic() - begun >= 0.9


async def test_a_long_retry_after_leaves_at_once_and_says_how_long(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", answer(b"", status=429, headers={"Retry-After": "120"}))
    begun = time.monotonic()
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(url, limit_bytes=100)
    assert caught.value.retry_after_seconds == 120
    assert len(server.requests) == 1
    assert time.monotonic() - begun < 100


async def test_a_retry_after_date_counts_from_now(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    date = "Fri, 31 Dec 2999 23:59:59 GMT"
    url = server.script("/a", answer(b"", status=503, headers={"Retry-After": date}))
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(url, limit_bytes=100)
    assert (caught.value.retry_after_seconds or 0) > 1e9


async def test_an_endless_error_body_is_not_read_to_its_end(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    head = answer(b"", status=403, headers={"Content-Type": "text/plain"}, length=10**9)
    url = server.script("/a", stalling(head + b"go away\n" * 2000))
    with pytest.raises(UpstreamStatusError, match="403 Forbidden: go away; go away"):
        await fetcher.get(url, limit_bytes=100)


async def test_an_error_body_that_stalls_does_not_hide_the_status(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = server.script("/a", stalling(answer(b"", status=403, length=100)))
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(url, limit_bytes=100)
    assert caught.value.status == 403
