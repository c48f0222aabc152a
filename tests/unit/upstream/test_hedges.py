"""Two mirrors and real sockets: what is slow, silent or dead costs little."""

from __future__ import annotations

import socket
from contextlib import closing
from functools import partial

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.errors import NotFoundError, UnavailableError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.upstream import sources as sources_module
from gosync.upstream.breaker import BreakerState
from gosync.upstream.budget import HEDGES
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.hedge import Due, ask_hedged
from gosync.upstream.http import Fetcher
from gosync.upstream.lanes import Lanes
from gosync.upstream.limit import Limit
from gosync.upstream.options import HttpOptions
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.route import Order, Routing
from gosync.upstream.sources import Sources
from tests.unit.upstream.scriptserver import ScriptServer, answer, stalling

MV = ModuleVersion("example.com/m", "v1.0.0")
MOD = "/example.com/m/@v/v1.0.0.mod"
PATIENT = HttpOptions(timeout_seconds=30, retries=0, retry_delay_seconds=20)


async def test_the_first_answer_counts_and_the_other_is_given_up() -> None:
    given_up = []

    async def never() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            given_up.append(1)
        raise AssertionError

    async def soon() -> str:
        return "soon"

    got = await ask_hedged(never, soon, due=[Due(0)])
    assert (got.answer, got.by_second, given_up) == ("soon", True, [1])


async def test_a_failure_lets_the_other_one_go_on() -> None:
    failed = anyio.Event()

    async def fail() -> str:
        failed.set()
        raise NotFoundError("no")

    async def after_that() -> str:
        await failed.wait()
        await anyio.lowlevel.checkpoint()
        return "yes"

    got = await ask_hedged(after_that, fail, due=[Due(0)])
    assert (got.answer, got.by_second) == ("yes", False)
    assert isinstance(got.second_error, NotFoundError)
    both = await ask_hedged(fail, after_that, due=[Due(30)])
    assert both.answer is None, "it failed before the second one was due"
    assert isinstance(both.first_error, NotFoundError)


async def test_no_second_one_is_sent_where_there_may_be_none_when_it_is_due() -> None:
    due = anyio.Event()

    def may_send() -> bool:
        due.set()
        return False

    async def after_that() -> str:
        await due.wait()
        await anyio.lowlevel.checkpoint()
        return "yes"

    async def never() -> str:
        raise AssertionError

    got = await ask_hedged(after_that, never, due=[Due(0, may_send)])
    assert (got.answer, got.by_second) == ("yes", False)
    assert got.second_error is None


async def test_questions_that_began_together_share_the_hedges(
    server: ScriptServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "hedge_delay_seconds", lambda *_, **__: 0)
    is_over, are_all_out, asked = anyio.Event(), anyio.Event(), []

    async def ask() -> str:
        asked.append(1)
        if len(asked) == most:
            are_all_out.set()
        await is_over.wait()
        return "yes"

    most = 40 + int(HEDGES.reserve)
    async with Fetcher(PATIENT, environment={}) as fetcher:
        sources = Sources(parse_goproxy(server.url), fetcher)
        source = sources.at(server.url)
        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(sources.ask_one, source, ask)
            with anyio.fail_after(60):
                await are_all_out.wait()
            await anyio.sleep(0.05)  # all timers are due by now
            is_over.set()
    assert len(asked) == most


async def test_what_neither_expects_comes_out_as_it_is() -> None:
    async def break_down() -> str:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await ask_hedged(break_down, break_down, due=[Due(30)])


async def test_a_silent_mirror_is_left_alone_and_costs_a_pass_little(
    server: ScriptServer,
) -> None:
    for number in range(60):
        server.script(f"/example.com/m{number}/@v/v1.0.0.mod", answer(b"module m\n"))
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        bar = f"{url}|{server.url}"
        async with Fetcher(PATIENT, environment={}) as fetcher:
            sources = Sources(parse_goproxy(bar), fetcher)
            client = ProxyClient(sources)
            numbers = iter(range(60))

            async def work() -> None:
                for number in numbers:
                    await client.mod(ModuleVersion(f"example.com/m{number}", "v1.0.0"))

            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(work)
            first = sources.at(url)
            assert first.circuit.state is BreakerState.OPEN
            assert first.circuit.health.slow <= 24
            assert len(server.requests) == 60
            assert fetcher.traffic.requests <= 60 + 24 + 8, "a few probes"


async def test_a_slow_answer_is_overtaken_by_the_next_mirror(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script(MOD, stalling(b""))
    other_server.script(MOD, answer(b"module m\n"))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        sources = Sources(bar, fetcher)
        assert (await ProxyClient(sources).mod(MV)).data == b"module m\n"
        assert sources.at(server.url).circuit.health.slow == 1


async def test_a_no_of_the_second_is_no_answer(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script(MOD, stalling(b"", seconds=1.5))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        with pytest.raises(UnavailableError):  # the first might have known
            await ProxyClient(Sources(bar, fetcher)).mod(MV)
        assert other_server.targets == [MOD], "the walk does not ask it again"


async def test_an_authoritative_no_is_final(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script(MOD, answer(b"", status=500))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        routing = Routing(authoritative=other_server.url)
        with pytest.raises(NotFoundError):
            await ProxyClient(Sources(bar, fetcher, routing)).mod(MV)
        comma = parse_goproxy([other_server.url, server.url])
        with pytest.raises(NotFoundError):
            await ProxyClient(Sources(comma, fetcher, routing)).mod(MV)
        assert len(server.requests) == 1


@pytest.mark.parametrize("marked", [False, True])
async def test_private_names_are_asked_of_private_mirrors_alone(
    server: ScriptServer, other_server: ScriptServer, marked
) -> None:
    ours, public = (other_server, server) if marked else (server, other_server)
    ours.script(MOD, stalling(b"", seconds=1.2), answer(b"module m\n"))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        routing = Routing(
            Order.FASTEST,
            PatternSet(["example.com"]),
            (other_server.url,) if marked else (),
        )
        client = ProxyClient(Sources(bar, fetcher, routing))
        with pytest.raises(UnavailableError):
            await client.mod(MV)
        assert (await client.mod(MV)).data == b"module m\n"
        with pytest.raises(NotFoundError):
            await client.versions("example.com/other")
        assert public.requests == []


async def test_the_faster_mirror_is_asked_once_both_are_known(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    def late(connection: socket.socket) -> None:
        connection.settimeout(0.05)
        try:
            connection.recv(1)
        except TimeoutError:
            connection.sendall(answer(b"module m\n"))

    server.script(MOD, late)
    other_server.script(MOD, answer(b"module m\n"))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        sources = Sources(bar, fetcher, Routing(Order.FASTEST))
        client = ProxyClient(sources)
        for _ in range(30):
            await client.mod(MV)
        assert len(server.requests) < len(other_server.requests)


async def test_what_waits_in_our_own_line_is_not_asked_twice() -> None:
    lanes, asked = Lanes(1, SystemClock()), 0

    async def ask() -> str:
        async with lanes.lane():
            return "yes"

    def may_send() -> bool:
        nonlocal asked
        asked += 1
        return True

    async def release_later() -> None:
        await anyio.sleep(0.3)  # long after it is due
        release.set()

    async def hold(*, task_status: TaskStatus[None]) -> None:
        async with lanes.lane():
            task_status.started()
            await release.wait()

    release = anyio.Event()
    async with anyio.create_task_group() as tasks:
        await tasks.start(hold)
        tasks.start_soon(release_later)
        got = await ask_hedged(ask, ask, due=[Due(0, may_send)], once_sent=True)
    assert (got.answer, got.by_second, asked) == ("yes", False, 0)


async def test_a_second_request_goes_before_what_waits_in_line() -> None:
    lanes, order, both_wait = Lanes(1, SystemClock()), [], anyio.Event()

    async def first() -> str:
        async with lanes.lane():
            await both_wait.wait()
            lanes.limit = Limit(2, 2.0)
        await anyio.sleep_forever()
        raise AssertionError

    async def wait_in_line() -> None:
        async with lanes.lane():
            order.append("other")

    async def second() -> str:
        both_wait.set()
        async with lanes.lane():
            order.append("second")
        return "yes"

    async with anyio.create_task_group() as tasks:

        def may_send() -> bool:
            tasks.start_soon(wait_in_line)
            return True

        got = await ask_hedged(first, second, due=[Due(0.05, may_send)], once_sent=True)
    assert (got.by_second, order) == (True, ["second", "other"])


async def test_where_hedges_are_spent_what_is_lost_is_asked_again_late(
    server: ScriptServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "hedge_delay_seconds", lambda *_, **__: 0)
    monkeypatch.setattr(sources_module, "first_wait_seconds", lambda *_, **__: 0.1)
    monkeypatch.setattr(sources_module, "HEDGES", replace(HEDGES, saved=0))
    lost = stalling(b"", seconds=60)
    server.script("/lost", lost, lost, answer(b"here"))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        sources = Sources(parse_goproxy(server.url), fetcher)
        source = sources.at(server.url)
        ask = partial(fetcher.get, f"{server.url}/lost", limit_bytes=10)
        with anyio.fail_after(25):
            assert (await sources.ask_one(source, ask)).body == b"here"
    assert len(server.requests) == 3
