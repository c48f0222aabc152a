"""Mirrors that lose and refuse requests: what gets through, how late, at what price.

Two mirrors of 440 and 400 requests a second, each with 1 % resets and 1 % stalls, and
a third one that never answers are asked for small files, 500 a second, as they come.
Beside gosync's own way stand go's, which asks the first mirror once, and retries over
the same two mirrors without limit and breaker.

Then a sync through one line that fails 12.7 % of answers in four ways, with latencies
whose P95 is 2 s: beside the same without the client's limit, hedges and resumed zips
where what stalls never comes, and beside what ``go mod download`` gets through it where
it comes late, since go would wait for ever.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from statistics import median

import anyio
import msgspec
from msgspec.structs import replace

from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.retry import RetryPolicy, with_retries
from gosync.upstream.route import Order, Routing
from gosync.upstream.sources import Sources
from tests.bench.measure import GOSYNC, Cost, run
from tests.bench.setting import Setting
from tests.bench.table import Row, beside, faster, within
from tests.bench.upstream import nginx, write_config
from tests.simulator.goclient import GoClient
from tests.simulator.line import Line, LineFaults, ServedLine

_MV = ModuleVersion("example.com/m", "v1.0.0")
_MOD = "/example.com/m/@v/v1.0.0.mod"
_PER_SECOND = 500
_AT_ANY_PRICE = HttpOptions(retries=0, concurrency=10_000)
_BAD = LineFaults(
    resets=0.032,
    refusals=0.032,
    stalls=0.031,
    halves=0.032,
    median=0.25,
    p95=2.0,
)
_LOST = replace(_BAD, stall_seconds=3600)
_PLAIN = (sys.executable, "-m", "tests.bench.plainclient")


class Outcome(msgspec.Struct, frozen=True):
    """What became of one run's requests.

    Attributes:
        answered: The share that was answered.
        p95: Of these, how late the late ones were, in seconds.
        sent: How many requests went out for each.
    """

    answered: float
    p95: float
    sent: float


def bad_mirrors(setting: Setting) -> Iterator[Row]:
    """Measure both."""
    yield from _policies(setting)
    yield from _sync(setting)


def _policies(setting: Setting) -> Iterator[Row]:
    seconds = setting.sizes.line_seconds
    with ExitStack() as stack:

        def serve(faults: LineFaults) -> ServedLine:
            return stack.enter_context(Line(faults).serving())

        rates = [serve(LineFaults(capacity=440, resets=0.01, stalls=0.01, seed=1))]
        rates += [serve(LineFaults(capacity=400, resets=0.01, stalls=0.01, seed=2))]
        mirrors = [serve(LineFaults(silent=True)), *rates]
        runs = [
            [anyio.run(_measure, way, mirrors, seconds) for way in _WAYS]
            for _ in range(setting.runs)
        ]
    figure = f"{int(seconds * _PER_SECOND)} requests, {_PER_SECOND} a second"
    go, _, ours = ([each[way] for each in runs] for way in range(3))
    yield beside(
        f"{figure}: answered",
        100 * min(each.answered for each in ours),
        100 * median(each.answered for each in go),
        unit="%",
        peer="one mirror, once",
    )
    yield within(
        f"{figure}: not answered",
        [1e-9 + 1 - each.answered for each in ours],
        limit=1e-8,
        unit="of 1",
    )
    yield within(
        f"{figure}: sent for each",
        [each.sent for each in ours],
        limit=1.2,
        unit="times",
    )
    yield within(
        f"{figure}: P95, of retries without limit and breaker",
        [ours.p95 / retries.p95 for _, retries, ours in runs],
        limit=0.65,
        unit="times",
    )


async def _measure(
    way: Callable[[Fetcher, list[ServedLine]], Callable[[], Awaitable[object]]],
    mirrors: list[ServedLine],
    seconds: float,
) -> Outcome:
    before = _sent(mirrors)
    latencies: list[float] = []
    count = int(seconds * _PER_SECOND)
    is_ours = way is _ours
    options = HttpOptions(concurrency=64) if is_ours else _AT_ANY_PRICE
    async with Fetcher(options, environment={}) as fetcher:
        ask = way(fetcher, mirrors)

        async def ask_one() -> None:
            begin = time.monotonic()
            try:
                await ask()
            except GosyncError:
                return
            latencies.append(time.monotonic() - begin)

        begin = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                due = begin + number / _PER_SECOND - time.monotonic()
                await anyio.sleep(max(0.0, due))
                tasks.start_soon(ask_one)
    late = sorted(latencies)[int(0.95 * len(latencies))]
    return Outcome(len(latencies) / count, late, (_sent(mirrors) - before) / count)


def _sent(mirrors: list[ServedLine]) -> int:
    return sum(each.counts()["all"] for each in mirrors)


def _as_go(
    fetcher: Fetcher, mirrors: list[ServedLine]
) -> Callable[[], Awaitable[object]]:
    return partial(fetcher.get, mirrors[1].url + _MOD, limit_bytes=1_000)


def _retrying(
    fetcher: Fetcher, mirrors: list[ServedLine]
) -> Callable[[], Awaitable[object]]:
    policy = RetryPolicy(retries=3, delay_seconds=0.5, max_delay_seconds=30)

    async def ask_both() -> object:
        try:
            return await fetcher.get(mirrors[1].url + _MOD, limit_bytes=1_000)
        except GosyncError:
            return await fetcher.get(mirrors[2].url + _MOD, limit_bytes=1_000)

    return partial(with_retries, ask_both, policy)


def _ours(
    fetcher: Fetcher, mirrors: list[ServedLine]
) -> Callable[[], Awaitable[object]]:
    proxies = parse_goproxy("|".join(each.url for each in mirrors))
    client = ProxyClient(Sources(proxies, fetcher, Routing(Order.FASTEST)))
    return partial(client.mod, _MV)


_WAYS = (_as_go, _retrying, _ours)


def _sync(setting: Setting) -> Iterator[Row]:
    corpus = setting.shaped
    modules = corpus.modules
    with nginx(corpus.root, setting.room("line-nginx")) as (url, _):

        def behind(faults: LineFaults) -> Line:
            return Line(faults, before=url.removeprefix("http://"))

        def sync(command: tuple[str, ...], name: str, faults: LineFaults) -> Cost:
            folder = setting.room(name)
            with behind(faults).serving() as line:
                config = write_config(
                    folder, url=line.url, sumdb=corpus.verifier_key, modules=modules
                )
                words = (*command, "sync", "--config", str(config), "--json")
                return run(words, cwd=folder)

        lost = sync(GOSYNC, "line-lost", _LOST), sync(_PLAIN, "line-plain", _LOST)
        ours = sync(GOSYNC, "line-gosync", _BAD)
        report = msgspec.json.decode(ours.output)
        assert report["versions_admitted"] == len(modules), report
        assert not report["failed"], report["failed"]
        with (
            behind(_BAD).serving() as line,
            GoClient(
                setting.room("line-go"), goproxy=line.url, gosumdb=corpus.verifier_key
            ) as client,
        ):
            begin = time.monotonic()
            got = _download(client, modules)
            seconds = time.monotonic() - begin
    figure = f"a sync of {len(modules)} versions, 12.7 % of answers fail"
    yield faster(
        f"{figure}, what stalls for ever",
        [(lost[0].wall_seconds, lost[1].wall_seconds)],
        peer="without limit, hedges, resuming",
        target=2,
    )
    yield beside(
        f"{figure}: versions",
        100 * report["versions_admitted"] / len(modules),
        100 * (got + 1e-9) / len(modules),
        unit="%",
        peer="go mod download",
    )
    yield faster(
        figure, [(ours.wall_seconds, seconds)], peer="go mod download", target=3
    )


def _download(client: GoClient, modules: tuple[str, ...]) -> int:
    """Return how many versions go has after one attempt."""
    command = [str(client.go), "mod", "download", *modules]
    subprocess.run(command, cwd=client.work, env=client.env, check=False)
    return len(list(client.modcache.rglob("*.ziphash")))
