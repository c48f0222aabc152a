"""Sources with real servers: who is asked, who is left alone, and never a wrong no."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from gosync.errors import (
    NotFetchedError,
    NotFoundError,
    SourceDownError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.gomod.module import ModuleVersion
from gosync.upstream.breaker import NEVER_OPEN, BreakerState
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.source import Source, make_source
from gosync.upstream.sources import Sources
from tests.unit.upstream.scriptserver import ScriptServer, answer

PATIENT = HttpOptions(  # open for longer than a test takes
    timeout_seconds=60, retries=0, retry_delay_seconds=600, max_retry_delay_seconds=600
)
BRIEF = HttpOptions(  # open for 10 ms
    timeout_seconds=60, retries=0, retry_delay_seconds=0.02, max_retry_delay_seconds=1
)


async def fail(source: Source, count: int, path: str = "dead") -> None:
    for _ in range(count):
        with pytest.raises(UnavailableError):
            await source.get(path, limit_bytes=10)


async def test_one_that_takes_no_connection_is_left_alone(server: ScriptServer) -> None:
    server.stop()
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await fail(source, 5)
        assert source.circuit.state is BreakerState.OPEN
        requests = fetcher.traffic.requests
        with pytest.raises(SourceDownError, match="cannot connect") as caught:
            await source.get("x", limit_bytes=10)
        assert fetcher.traffic.requests == requests
        assert not isinstance(caught.value, NotFoundError)
        assert caught.value.exit_code == UnavailableError.exit_code


async def test_dead_modules_alone_stop_nobody(server: ScriptServer) -> None:
    server.script("/good", answer(b"x"))
    server.script("/dead", answer(b"", status=500))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await fail(source, 30)  # before it answered anything, its own URL is asked
        assert (await source.get("good", limit_bytes=10)).body == b"x"
        await fail(source, 30)
        assert (await source.get("good", limit_bytes=10)).body == b"x"
        assert source.circuit.state is BreakerState.CLOSED
        assert source.circuit.health.failures == 60


async def test_one_whose_known_answer_fails_too_is_left_alone(
    server: ScriptServer,
) -> None:
    server.script("/good", answer(b"x"), answer(b"", status=502))
    server.script("/dead", answer(b"", status=502))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await source.get("good", limit_bytes=10)
        await fail(source, 5)
        assert server.targets == ["/good", *["/dead"] * 5, "/good"]
        await fail(source, 20)
        assert len(server.targets) == 7


async def test_a_pause_that_is_asked_for_holds_for_everything(
    server: ScriptServer,
) -> None:
    later = answer(b"", status=429, headers={"Retry-After": "70"})
    server.script("/good", answer(b"x"), answer(b"x"), later)
    server.script("/limited", later)
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        await source.get("good", limit_bytes=10)
        for _ in range(2):
            with pytest.raises(UpstreamStatusError):
                await source.get("limited", limit_bytes=10)
        with pytest.raises(SourceDownError) as caught:
            await source.get("b", limit_bytes=10)
        asked = caught.value.retry_after_seconds
        assert asked is not None
        assert 60 < asked <= 70
        # The first time the limit was the module's own.
        assert server.targets == ["/good", *["/limited", "/good"] * 2]


async def test_one_that_is_never_left_alone_needs_no_witness(
    server: ScriptServer,
) -> None:
    later = answer(b"", status=429, headers={"Retry-After": "70"})
    server.script("/limited", later)
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher, NEVER_OPEN)
        await fail(source, 20, "limited")
        assert server.targets == ["/limited"] * 20


async def test_one_probe_goes_first_and_the_others_wait_for_it(
    server: ScriptServer,
) -> None:
    url, port = server.url, int(server.url.rpartition(":")[2])
    server.stop()
    async with Fetcher(BRIEF, environment={}) as fetcher:
        source = make_source(url, fetcher)
        await fail(source, 5)
        again = ScriptServer(port=port)
        try:
            again.script("/good", answer(b"x"))
            await anyio.sleep(0.02)
            assert source.circuit.state is BreakerState.HALF_OPEN
            got: list[bytes] = []

            async def ask() -> None:
                got.append((await source.get("good", limit_bytes=10)).body)

            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(ask)
        finally:
            again.stop()
        assert got == [b"x"] * 8
        assert source.circuit.breaker.until is None


async def test_after_a_bar_the_next_one_is_asked_at_once_and_no_is_never_made_up(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    server.stop()
    mv = ModuleVersion("example.com/m", "v1.0.0")
    other_server.script("/example.com/m/@v/v1.0.0.mod", answer(b"module m\n"))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        bar = parse_goproxy(f"{server.url}|{other_server.url}")
        client = ProxyClient(Sources(bar, fetcher))
        for _ in range(20):
            assert (await client.mod(mv)).data == b"module m\n"
        assert fetcher.traffic.requests == 25  # five of them in vain
        with pytest.raises(SourceDownError):  # the other says no: nobody knows
            await client.mod(ModuleVersion("example.com/m", "v2.0.0+incompatible"))
        asked = len(other_server.requests)
        comma = parse_goproxy([server.url, other_server.url])
        client = ProxyClient(Sources(comma, fetcher))
        for _ in range(8):
            with pytest.raises(UnavailableError):
                await client.mod(mv)
        assert len(other_server.requests) == asked


async def test_a_folder_whose_medium_is_gone_passes_on_and_says_no_to_nobody(
    fetcher: Fetcher, server: ScriptServer, tmp_path: Path
) -> None:
    folder = tmp_path / "medium"
    mv = ModuleVersion("example.com/m", "v1.0.0")
    server.script("/example.com/m/@v/v1.0.0.mod", answer(b"module m\n"))
    both = parse_goproxy([folder.as_uri(), server.url])
    assert (await ProxyClient(Sources(both, fetcher)).mod(mv)).data == b"module m\n"
    client = ProxyClient(Sources(parse_goproxy(folder.as_uri()), fetcher))
    with pytest.raises(NotFetchedError, match="nothing is there"):
        await client.mod(mv)
    folder.mkdir()
    (folder / "example.com").mkdir()
    with pytest.raises(NotFoundError) as caught:
        await client.mod(mv)
    assert not isinstance(caught.value, NotFetchedError)


async def test_one_that_is_named_twice_has_one_health(fetcher: Fetcher) -> None:
    sources = Sources(parse_goproxy("https://a/b/|https://c"), fetcher)
    assert sources.at("https://a/b/") is sources.at("https://a/b")
    assert sources.at("https://a/b") is not sources.at("https://c")


FILE, GONE = "m.example/@v/v1.0.0.info", "m.example/@v/v1.1.0.info"
CONTROL = "/m.example/@v/v0.0.0-00010101000000-000000000000.info"


@pytest.mark.parametrize(
    ("control", "means_no"), [(403, True), (404, False), (500, False)]
)
async def test_403_is_a_no_of_one_that_says_it_of_whatever_is_not_there(
    server: ScriptServer, control: int, *, means_no: bool
) -> None:
    server.script(f"/{FILE}", answer(b"x"))
    server.script(f"/{GONE}", answer(b"", status=403))
    server.script(CONTROL, answer(b"", status=control))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        with pytest.raises(UpstreamStatusError):  # nothing is known of it yet
            await source.get(GONE, limit_bytes=10)
        await source.get(FILE, limit_bytes=10)
        for _ in range(2):
            with pytest.raises((NotFoundError, UpstreamStatusError)) as caught:
                await source.get(GONE, limit_bytes=10)
            assert isinstance(caught.value, NotFoundError) == means_no
        is_clear = control != 500
        assert server.targets.count(CONTROL) == (1 if is_clear else 2)
        assert ("403-for-404" in source.circuit.gaps) == means_no


async def test_what_was_learned_of_403_is_unlearned(server: ScriptServer) -> None:
    server.script(f"/{FILE}", answer(b"x"))
    server.script(f"/{GONE}", answer(b"", status=403))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        source = make_source(server.url, fetcher)
        source.circuit.gaps.add("403-for-404")  # of an earlier run
        with pytest.raises(NotFoundError):
            await source.get(GONE, limit_bytes=10)
        await source.get(FILE, limit_bytes=10)
        with pytest.raises(UpstreamStatusError):  # the control is answered by 404
            await source.get(GONE, limit_bytes=10)
        assert not source.circuit.gaps


async def test_after_a_comma_another_is_asked_for_what_is_forbidden_as_absent(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script(f"/{FILE}", answer(b'{"Version": "v1.0.0"}'))
    server.script(f"/{GONE}", answer(b"", status=403))
    server.script(CONTROL, answer(b"", status=403))
    other_server.script(f"/{GONE}", answer(b'{"Version": "v1.1.0"}'))
    async with Fetcher(PATIENT, environment={}) as fetcher:
        proxies = parse_goproxy(f"{server.url},{other_server.url}")
        client = ProxyClient(Sources(proxies, fetcher))
        await client.info(ModuleVersion("m.example", "v1.0.0"))
        got = await client.info(ModuleVersion("m.example", "v1.1.0"))
    assert got.info.version == "v1.1.0"
