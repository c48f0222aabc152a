"""What a small request costs the client: processor time, 1, 8 and 32 at once.

nginx answers on loopback with a go.mod of 450 bytes; what is measured is the client's
own process. One module of one mirror through the whole of it: route, lanes, breaker,
hedge, HTTP.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator

import anyio

from gosync.gomod.module import ModuleVersion
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx

_MV = ModuleVersion("example.com/m", "v1.0.0")
_LEAST_PER_SECOND = 1_400


def ask_small(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    root = setting.room("small")
    folder = root / "example.com/m/@v"
    folder.mkdir(parents=True)
    (folder / "v1.0.0.mod").write_bytes(b"module x\n" * 50)
    for width in (1, 8, 32):
        with nginx(root, setting.room(f"small-nginx-{width}")) as (url, _):
            spent = [
                anyio.run(_ask, url, setting.sizes.asked, width)
                for _ in range(setting.runs)
            ]
        yield within(
            f"processor time of a small request, {width} at once",
            [1e3 * each for each in spent],
            limit=1e3 / _LEAST_PER_SECOND,
            unit="ms",
        )


async def _ask(url: str, requests: int, width: int) -> float:
    """Return the seconds of processor time that one request took."""
    options = HttpOptions(timeout_seconds=60)
    async with Fetcher(options, environment={}) as fetcher:
        client = ProxyClient(Sources(parse_goproxy(url), fetcher))
        await client.mod(_MV)
        numbers = iter(range(requests))

        async def work() -> None:
            for _ in numbers:
                await client.mod(_MV)

        before = _spent()
        async with anyio.create_task_group() as tasks:
            for _ in range(width):
                tasks.start_soon(work)
        return (_spent() - before) / requests


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
