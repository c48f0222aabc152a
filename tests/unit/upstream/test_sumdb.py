from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from gosync.errors import (
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.sumdb.names import Database
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.sources import Sources
from gosync.upstream.sumdb import SumDBRemote
from tests.unit.upstream.scriptserver import ScriptServer, answer

if TYPE_CHECKING:
    from pathlib import Path

    from gosync.upstream.http import Fetcher

NAME = "sum.example.com"
SUPPORTED = f"/sumdb/{NAME}/supported"
LATEST = f"/sumdb/{NAME}/latest"


def remote(fetcher: Fetcher, proxies: str, url: str | None = None) -> SumDBRemote:
    database = Database(NAME, f"{NAME}+hash+key", url)
    return SumDBRemote(database, Sources(parse_goproxy(proxies), fetcher))


async def test_a_proxy_that_supports_it_carries_everything(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script(SUPPORTED, answer(b""))
    server.script(LATEST, answer(b"head"))
    lookup = f"/sumdb/{NAME}/lookup/example.com/!up@v2.0.0+incompatible"
    server.script(lookup, answer(b"record"))
    sums = remote(fetcher, f"{server.url}/")
    assert (await sums.read("latest")).body == b"head"
    got = await sums.read("lookup/example.com/!up@v2.0.0+incompatible")
    assert got.body == b"record"
    assert server.targets == [SUPPORTED, LATEST, lookup]
    assert (await sums._decide()).shown_url == f"{server.url}/sumdb/{NAME}"


async def test_a_url_of_its_own_is_asked_without_asking_proxies(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script("/db/latest", answer(b"head"))
    sums = remote(fetcher, "https://proxy.invalid", f"{server.url}/db")
    assert (await sums.read("latest")).body == b"head"
    assert server.targets == ["/db/latest"]


async def test_a_definite_no_leads_to_the_next_proxy(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    other_server.script(SUPPORTED, answer(b"yes"))
    other_server.script(LATEST, answer(b"head"))
    sums = remote(fetcher, f"{server.url},{other_server.url}")
    assert (await sums.read("latest")).body == b"head"
    assert server.targets == [SUPPORTED]


@pytest.mark.parametrize("end", ["", ",direct", ",off", "|direct"])
async def test_the_end_of_the_list_is_the_database_itself(
    fetcher: Fetcher, server: ScriptServer, end: str
) -> None:
    sums = remote(fetcher, server.url + end)
    assert (await sums._decide()).shown_url == f"https://{NAME}"


async def test_a_front_page_is_no_support(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script(SUPPORTED, answer(b"\n<!doctype html>"))
    assert (await remote(fetcher, server.url)._decide()).shown_url == f"https://{NAME}"


@pytest.mark.parametrize("status", [403, 500])
async def test_any_other_answer_means_out_of_reach_for_now(
    fetcher: Fetcher, server: ScriptServer, status: int
) -> None:
    server.script(SUPPORTED, answer(b"", status=status))
    server.script(LATEST, answer(b"head"))
    sums = remote(fetcher, f"{server.url},direct")
    with pytest.raises(UpstreamStatusError):
        await sums.read("latest")
    server.script(SUPPORTED, answer(b""))
    assert (await sums.read("latest")).body == b"head", "the next request asks again"


async def test_after_a_bar_direct_is_reached_in_spite_of_errors(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script(SUPPORTED, answer(b"", status=500))
    sums = remote(fetcher, f"{server.url}|direct")
    assert (await sums._decide()).shown_url == f"https://{NAME}"
    with pytest.raises(UnavailableError):
        await remote(fetcher, f"{server.url}|off")._decide()


async def test_once_supported_there_is_no_way_around(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script(SUPPORTED, answer(b""))
    other_server.script(SUPPORTED, answer(b""))
    other_server.script(LATEST, answer(b"head"))
    with pytest.raises(NotFoundError):
        await remote(fetcher, f"{server.url},{other_server.url}").read("latest")
    assert not other_server.requests


async def test_those_that_a_bar_divides_stand_in_for_each_other(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    page = answer(b"<!DOCTYPE html><p>sign in", headers={"Content-Type": "text/html"})
    server.script(SUPPORTED, answer(b""))
    server.script(LATEST, answer(b"head"), page, answer(b"", status=500))
    other_server.script(SUPPORTED, answer(b""))
    other_server.script(LATEST, answer(b"head too"))
    sums = remote(fetcher, f"{server.url}|{other_server.url}")
    said = [(await sums.read("latest")).body for _ in range(3)]
    assert said == [b"head", b"head too", b"head too"]
    assert other_server.targets.count(SUPPORTED) == 1


async def test_many_readers_at_once_ask_for_support_once(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script(SUPPORTED, answer(b""))
    server.script(LATEST, answer(b"head"))
    sums = remote(fetcher, server.url)

    async def read() -> None:
        assert (await sums.read("latest")).body == b"head"

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(read)
    assert server.targets.count(SUPPORTED) == 1


async def test_tiles_and_answers_have_their_limits(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    url = f"{server.url}/db"
    server.script("/db/tile/8/0/000", answer(b"x" * 8192))
    server.script("/db/tile/8/0/001", answer(b"x" * 8193))
    server.script("/db/latest", answer(b"", length=1024 * 1024 + 1))
    sums = remote(fetcher, "off", url)
    assert len((await sums.read("tile/8/0/000")).body) == 8192
    with pytest.raises(TooLargeError):
        await sums.read("tile/8/0/001")
    with pytest.raises(TooLargeError):
        await sums.read("latest")
    with pytest.raises(TooLargeError):
        await sums.read("tile/8/0/000", limit_bytes=100)


async def test_a_folder_can_carry_it(fetcher: Fetcher, tmp_path: Path) -> None:
    folder = tmp_path / "sumdb" / NAME
    (folder / "lookup").mkdir(parents=True)
    (folder / "supported").write_bytes(b"")
    (folder / "lookup" / "!a@v1.0.0").write_bytes(b"record")
    sums = remote(fetcher, f"file://{tmp_path}")
    assert (await sums.read("lookup/!a@v1.0.0")).body == b"record"
    with pytest.raises(NotFoundError):
        await sums.read("latest")
