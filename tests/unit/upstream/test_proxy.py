from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gosync.errors import (
    MalformedError,
    NotFetchedError,
    NotFoundError,
    TooLargeError,
)
from gosync.gomod.module import ModuleVersion
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.proxy import (
    INFO_LIMIT_BYTES,
    LIST_LIMIT_BYTES,
    MOD_LIMIT_BYTES,
    ZIP_LIMIT_BYTES,
    ProxyClient,
)
from gosync.upstream.sources import Sources
from tests.unit.upstream.conftest import Sinks
from tests.unit.upstream.scriptserver import (
    ScriptServer,
    answer,
    closing,
    redirect,
)

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher

PATH = "example.com/Some/m"
BASE = "/example.com/%21some/m"
MV = ModuleVersion(PATH, "v1.2.3-Rc.1")
FILE = f"{BASE}/@v/v1.2.3-%21rc.1"
INFO = b'{"Version":"v1.2.3-Rc.1","Time":"2026-01-02T03:04:05Z"}'


@pytest.fixture
def client(fetcher: Fetcher, server: ScriptServer) -> ProxyClient:
    return ProxyClient(Sources(parse_goproxy(server.url), fetcher))


async def test_every_kind_has_its_place(
    client: ProxyClient, server: ScriptServer
) -> None:
    server.script(f"{BASE}/@v/list", answer(b"v1.2.3-Rc.1\r\nv1.0.0 x\n\njunk\nv1\n"))
    server.script(f"{BASE}/@latest", answer(INFO))
    server.script(f"{FILE}.info", answer(INFO))
    server.script(f"{FILE}.mod", answer(b"module example.com/Some/m\n"))
    server.script(f"{FILE}.zip", answer(b"PK..."))
    listed = await client.versions(PATH)
    assert listed.versions == ("v1.0.0", "v1.2.3-Rc.1")
    assert listed.data.startswith(b"v1.2.3-Rc.1\r\n")
    assert (await client.latest(PATH)).info.version == MV.version
    answered = await client.info(MV)
    assert (answered.info.version, answered.data) == (MV.version, INFO)
    assert (await client.mod(MV)).data == b"module example.com/Some/m\n"
    sinks = Sinks()
    served = await client.zip(MV, sinks)
    assert (sinks.got, served.size_bytes, served.status) == (b"PK...", 5, 200)
    assert served.url == f"{server.url}{FILE}.zip"
    assert await client.head_zip(MV) == 5
    assert [request.method for request in server.requests] == ["GET"] * 5 + ["HEAD"]


async def test_an_info_about_another_version_is_malformed(
    client: ProxyClient, server: ScriptServer
) -> None:
    server.script(f"{FILE}.info", answer(b'{"Version":"v1.2.4"}'))
    with pytest.raises(MalformedError, match=r"v1\.2\.4"):
        await client.info(MV)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("main", "v0.0.0-20260102030405-abcdefabcdef"), ("v1.2", "v1.2.9"),
     ("v2.0.0", "v2.0.0+incompatible")],
)  # fmt: skip
async def test_the_name_of_a_revision_is_answered_with_a_version(
    client: ProxyClient, server: ScriptServer, asked: str, answered: str
) -> None:
    body = f'{{"Version":"{answered}"}}'.encode()
    server.script(f"{BASE}/@v/{asked}.info", answer(body))
    assert (await client.info(ModuleVersion(PATH, asked))).info.version == answered


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"Version":"v1.2.3-Rc.1","Time":""}', b"{}", b"[]", INFO + b"x",
     b'{"Version":"../../etc"}', b"\xff\xfe"],
)  # fmt: skip
async def test_what_is_no_info_is_malformed(
    client: ProxyClient, server: ScriptServer, body: bytes
) -> None:
    server.script(f"{FILE}.info", answer(body))
    server.script(f"{BASE}/@latest", answer(body))
    with pytest.raises(MalformedError):
        await client.info(MV)
    if not body.endswith(b'""}'):
        with pytest.raises(MalformedError):
            await client.latest(PATH)


async def test_html_is_no_list(client: ProxyClient, server: ScriptServer) -> None:
    server.script(f"{BASE}/@v/list", answer(b"  \n<!DOCTYPE html><title>v1.0.0"))
    with pytest.raises(MalformedError):
        await client.versions(PATH)


async def test_an_empty_list_is_an_answer(
    client: ProxyClient, server: ScriptServer
) -> None:
    server.script(f"{BASE}/@v/list", answer(b""))
    assert (await client.versions(PATH)).versions == ()


async def test_every_kind_has_its_limit(
    client: ProxyClient, server: ScriptServer
) -> None:
    def larger(limit_bytes: int) -> bytes:
        return answer(b"", length=limit_bytes + 1)

    server.script(f"{BASE}/@v/list", larger(LIST_LIMIT_BYTES))
    server.script(f"{BASE}/@latest", larger(INFO_LIMIT_BYTES))
    server.script(f"{FILE}.info", larger(INFO_LIMIT_BYTES))
    server.script(f"{FILE}.mod", larger(MOD_LIMIT_BYTES))
    server.script(f"{FILE}.zip", larger(ZIP_LIMIT_BYTES))
    for call in (
        lambda: client.versions(PATH),
        lambda: client.latest(PATH),
        lambda: client.info(MV),
        lambda: client.mod(MV),
        lambda: client.zip(MV, Sinks()),
    ):
        with pytest.raises(TooLargeError):
            await call()


@pytest.mark.parametrize(
    "path", ["", "../x", "example.com/../m", "example.com//m", "/m"]
)
async def test_a_path_that_is_none_is_never_asked_for(
    client: ProxyClient, server: ScriptServer, path: str
) -> None:
    for call in (client.versions, client.latest):
        with pytest.raises(MalformedError):
            await call(path)
    for version in ("v1.0.0", "../v1", "a/b"):
        with pytest.raises(MalformedError):
            await client.mod(ModuleVersion(path, version))
    assert not server.requests


async def test_a_zip_starts_anew_at_each_try_and_each_proxy(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    cut = closing(answer(b"PK-half", length=100))
    server.script(f"{FILE}.zip", cut)
    other_server.script(f"{FILE}.zip", cut, answer(b"PK-whole"))
    client = ProxyClient(
        Sources(parse_goproxy(f"{server.url}|{other_server.url}"), fetcher)
    )
    sinks = Sinks()
    await client.zip(MV, sinks)
    assert (sinks.made, sinks.got) == (4, b"PK-whole")


async def test_disabled_fetching_is_said_and_its_no_is_unknown(
    client: ProxyClient, server: ScriptServer
) -> None:
    with pytest.raises(NotFetchedError):
        await client.mod(MV, fetch_disabled=True)
    assert server.requests[-1].headers["disable-module-fetch"] == "true"
    with pytest.raises(NotFoundError) as caught:
        await client.mod(MV)
    assert not isinstance(caught.value, NotFetchedError)
    assert "disable-module-fetch" not in server.requests[-1].headers


async def test_hosts_that_have_it_are_asked_below_cached_only(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    client = ProxyClient(
        Sources(parse_goproxy(f"{server.url}/base/"), fetcher),
        cached_only_hosts=frozenset({"127.0.0.1"}),
    )
    server.script(f"/base/cached-only{FILE}.mod", answer(b"cached"))
    server.script(f"/base{FILE}.mod", answer(b"fetched"))
    assert (await client.mod(MV, fetch_disabled=True)).data == b"cached"
    assert (await client.mod(MV)).data == b"fetched"


async def test_a_redirected_zip_says_where_it_came_from(
    client: ProxyClient, server: ScriptServer, other_server: ScriptServer
) -> None:
    there = other_server.script("/bucket/1", answer(b"PK"))
    server.script(f"{FILE}.zip", redirect(f"{there}?sig=secret"))
    assert (await client.zip(MV, Sinks())).url == there


async def test_the_size_of_a_compressed_answer_is_unknown(
    client: ProxyClient, server: ScriptServer
) -> None:
    encoded = answer(b"x" * 9, headers={"Content-Encoding": "gzip"})
    server.script(f"{FILE}.zip", encoded)
    assert await client.head_zip(MV) is None


async def test_a_refused_answer_goes_along_with_its_error_as_evidence(
    client: ProxyClient, server: ScriptServer
) -> None:
    body = b'{"Version":"v9.9.9"}'
    server.script(f"{FILE}.info", answer(body))
    with pytest.raises(MalformedError) as caught:
        await client.info(MV)
    assert caught.value.answer == body
    served = caught.value.served
    assert served is not None
    assert served["url"] == f"{server.url}{FILE}.info"
    assert served["status"] == 200
