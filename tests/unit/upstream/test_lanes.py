"""Lanes: no more at once than the limit, in turn, and no lane is lost."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from gosync.clock import SystemClock
from gosync.errors import NotFoundError, UnavailableError, UpstreamStatusError
from gosync.upstream.breaker import BreakerState
from gosync.upstream.http import Fetcher
from gosync.upstream.lanes import Lanes
from gosync.upstream.options import HttpOptions
from gosync.upstream.source import make_source
from tests.unit.upstream.scriptserver import ScriptServer, answer

BUSY = UpstreamStatusError("busy", status=503)


async def test_no_more_at_once_than_the_limit_and_all_get_their_turn() -> None:
    lanes, most, done = Lanes(3, SystemClock()), 0, 0

    async def work() -> None:
        nonlocal most, done
        async with lanes.lane():
            most = max(most, lanes.in_flight)
            await anyio.lowlevel.checkpoint()
            done += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(work)
    assert (most, done, lanes.in_flight) == (3, 50, 0)


async def test_refusals_for_load_narrow_and_answers_widen() -> None:
    lanes = Lanes(8, SystemClock())
    for _ in range(4):  # as many as a line loses by itself say nothing
        assert lanes.limit.slots == 8
        with pytest.raises(UpstreamStatusError):
            async with lanes.lane():
                raise BUSY
    assert lanes.limit.slots == 7
    for _ in range(2):
        with pytest.raises(NotFoundError):
            async with lanes.lane():
                raise NotFoundError("no")
    assert lanes.limit.slots == 7, "nobody needs more"
    async with anyio.create_task_group() as tasks:

        async def work() -> None:
            async with lanes.lane():
                await anyio.lowlevel.checkpoint()

        for _ in range(32):
            tasks.start_soon(work)
    assert lanes.limit.slots == 8


async def test_who_is_cancelled_in_line_takes_no_lane_away() -> None:
    lanes = Lanes(1, SystemClock())

    async def work() -> None:
        async with lanes.lane():
            await anyio.lowlevel.checkpoint()

    async with lanes.lane():
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(work)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert lanes.in_flight == 1
    async with lanes.lane():
        assert lanes.in_flight == 1


async def test_with_one_lane_a_witness_still_gets_through(server: ScriptServer) -> None:
    server.script("/good", answer(b"x"))
    server.script("/dead", answer(b"", status=502))
    options = HttpOptions(retries=0, concurrency=1)

    async with Fetcher(options, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await source.get("good", limit_bytes=10)
        for _ in range(5):
            with pytest.raises(UpstreamStatusError):
                await source.get("dead", limit_bytes=10)
        assert server.targets.count("/good") == 2


async def test_refusals_for_load_open_nothing_while_fewer_at_once_may_help(
    server: ScriptServer,
) -> None:
    server.script("/full", answer(b"", status=503))
    options = HttpOptions(retries=0, concurrency=2, retry_delay_seconds=20)
    async with Fetcher(options, environment={}) as fetcher:
        source = make_source(server.url, fetcher)

        async def fail(times: int) -> None:
            for _ in range(times):
                with pytest.raises(UnavailableError):
                    await source.get("full", limit_bytes=10)

        await fail(1)
        assert source.circuit.health.failures_in_row == 0
        await fail(6)
        assert source.circuit.health.failures == 7
        assert source.circuit.breaker.until is None, "its own URL answers"
        server.script("/", answer(b"", status=503))
        await fail(6)
        assert source.circuit.state is BreakerState.OPEN, "one at a time is too much"
