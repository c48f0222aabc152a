"""Pull-through from an upstream that fails 12.7 % of the time: who waits, who fails.

Requests come as they come, 500 a second; one in ten is for a version that is not here
yet (its .mod, .zip or .info), the others for files that are. The upstream takes 200 ms,
and resets, refuses, stalls or halves an answer in eight. The same is done without
retries, as other proxies do it. A failed request counts as 30 s, since somebody begins
his build anew. P95 is of the cold ones: of all, it is the median of these, which no
failure of one in eight moves.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from gosync.gomod.module import escape_path, escape_version
from tests.bench.serving import serving
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, faster, within
from tests.bench.upstream import nginx
from tests.simulator.line import Line, LineFaults

_PER_SECOND = 500
_COLD_EACH = 10
_FAILED_SECONDS = 30.0
_NONE_PERCENT = 0.001  # a figure of nothing would have no ratio
_BAD = LineFaults(
    resets=0.032, refusals=0.032, stalls=0.031, halves=0.032, median=0.2, p95=0.21
)


class Served(msgspec.Struct, frozen=True):
    """What became of the requests of one run.

    Attributes:
        count: How many requests there were.
        failed: The share that was not answered with 200.
        failed_warm: That of the requests for what is here.
        p95: The P95 of the cold ones, in seconds.
    """

    count: int
    failed: float
    failed_warm: float
    p95: float


def pull_badly(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    corpus = setting.small
    with nginx(corpus.root, setting.room("badpull-nginx"), workers=2) as (url, _):
        line = Line(_BAD, before=url.removeprefix("http://"))
        ours, plain = (_run(setting, corpus, line, retries) for retries in (5, 0))
    figure = f"{ours.count} requests, {_PER_SECOND} a second, 10 % cold, 12.7 % fail"
    yield within(
        f"{figure}: failed", [100 * ours.failed + _NONE_PERCENT], limit=0.9, unit="%"
    )
    yield within(
        f"{figure}: failed of what is here",
        [100 * ours.failed_warm + _NONE_PERCENT],
        limit=0.01,
        unit="%",
    )
    yield faster(
        f"{figure}: P95 of these",
        [(ours.p95, plain.p95)],
        peer="no retries",
        target=1 / 0.45,
    )


def _run(setting: Setting, corpus: Corpus, line: Line, retries: int) -> Served:
    folder = setting.room(f"badpull-{retries}")
    with line.serving() as upstream:
        (folder / "gosync.toml").write_text(
            f'[upstream]\nproxies = "{upstream.url}"\nsumdb = "{corpus.verifier_key}"\n'
            f"retries = {retries}\n"
            '[serve]\npull_through = true\naccess_log = "access.jsonl"\n'
            "[publish]\nupper_tiles = false\n"
        )
        with serving(folder) as (url, _):
            seconds = asyncio.run(_ask_all(url, corpus, setting.sizes.line_seconds))
    cold = seconds[::_COLD_EACH]
    warm = [each for n, each in enumerate(seconds) if n % _COLD_EACH]
    late = sorted(_FAILED_SECONDS if each is None else each for each in cold)
    return Served(
        len(seconds), _failed(seconds), _failed(warm), late[int(len(late) * 0.95)]
    )


def _failed(seconds: Sequence[float | None]) -> float:
    return sum(each is None for each in seconds) / max(1, len(seconds))


async def _ask_all(url: str, corpus: Corpus, seconds: float) -> list[float | None]:
    warm, *cold = _paths(corpus)
    while await _ask(url, warm) is None:
        pass
    waiting = iter(cold)
    begun = time.monotonic()
    tasks = []
    for number in range(min(int(seconds * _PER_SECOND), len(cold) * _COLD_EACH)):
        await asyncio.sleep(max(0.0, begun + number / _PER_SECOND - time.monotonic()))
        is_cold = number % _COLD_EACH == 0
        path = next(waiting, warm) if is_cold else warm
        tasks.append(asyncio.create_task(_ask(url, path)))
    return await asyncio.gather(*tasks)


def _paths(corpus: Corpus) -> Iterator[str]:
    kinds = itertools.cycle(("mod", "zip", "info"))
    for kind, name in zip(kinds, corpus.modules, strict=False):
        path, _, version = name.partition("@")
        yield f"/{escape_path(path)}/@v/{escape_version(version)}.{kind}"


async def _ask(url: str, path: str) -> float | None:
    """Return how long an answer took, None for a failure."""
    parts, begun = urlsplit(url), time.monotonic()
    try:
        async with asyncio.timeout(_FAILED_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.read(-1)
            writer.close()
    except OSError:  # a time-out is one
        return None
    return time.monotonic() - begun if answer[9:12] == b"200" else None
