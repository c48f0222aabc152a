from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from gosync.errors import (
    ConfigError,
    GosyncError,
    MalformedError,
    NotFetchedError,
    NotFoundError,
    OfflineError,
    SecurityError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.gomod.module import ModuleVersion
from gosync.upstream.credentials import Credentials
from gosync.upstream.goproxy import ProxyEntry, parse_goproxy
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from tests.unit.upstream.scriptserver import ScriptServer, answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gosync.upstream.http import Fetcher

MV = ModuleVersion("example.com/m", "v1.0.0")


def shape(value: str | Sequence[str]) -> list[tuple[str, bool, bool]]:
    return [
        (entry.url, entry.fall_back_on_error, entry.is_last)
        for entry in parse_goproxy(value).entries
    ]


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("https://a", [("https://a", False)]),
        ("https://a,https://b", [("https://a", False), ("https://b", False)]),
        ("https://a|https://b", [("https://a", True), ("https://b", False)]),
        (
            " https://a , http://b | file:///c ",
            [("https://a", False), ("http://b", True), ("file:///c", False)],
        ),
        ("https://a|", [("https://a", True)]),
        (",,https://a,,", [("https://a", False)]),
        ("https://a,direct,https://b", [("https://a", False), ("direct", False)]),
        ("off,https://a", [("off", False)]),
        ("https://a|off|https://b", [("https://a", True), ("off", True)]),
        ("proxy.example.com", [("https://proxy.example.com", False)]),
        ("proxy.example.com/x,b:8", None),
        (["https://a", "https://b"], [("https://a", False), ("https://b", False)]),
        (["https://a|https://b", "direct"],
         [("https://a", True), ("https://b", False), ("direct", False)]),
    ],
)  # fmt: skip
def test_a_list_is_read_as_go_reads_it(value, want) -> None:
    if want is None:
        want = [("https://proxy.example.com/x", False), ("https://b:8", False)]
    got = shape(value)
    assert [entry[:2] for entry in got] == want
    assert [entry[2] for entry in got] == [False] * (len(want) - 1) + [True]


@pytest.mark.parametrize(
    "value",
    ["", " ", ",|,", [], "proxy", "/srv/proxy", "ftp://a", "https://", "https://a?b",
     "http://joe:tiger@a", "file://host/a", "https://a,none"],
)  # fmt: skip
def test_a_list_that_makes_no_sense_is_a_wrong_configuration(value) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_goproxy(value)
    assert "tiger" not in str(caught.value)


def test_an_entry_does_not_show_its_secrets() -> None:
    (entry,) = parse_goproxy("https://joe:tiger@a/b").entries
    assert "tiger" not in f"{entry!r} {entry.url}"
    assert entry.address.login == Credentials("joe", "tiger")
    assert entry.shown_url == "https://a/b"


def client_of(value: str | list[str], fetcher: Fetcher) -> ProxyClient:
    return ProxyClient(Sources(parse_goproxy(value), fetcher))


NO = NotFoundError("no")
UNKNOWN = NotFetchedError("unknown")
BUSY = UpstreamStatusError("busy", status=429)
LATE = UpstreamTimeoutError("late")
LARGE = TooLargeError("x", limit_bytes=1)
WRONG = MalformedError("info", "x", "y")


@pytest.mark.parametrize(
    ("separators", "outcomes", "want", "asked"),
    [
        (",,", ["yes"], "yes", 1),
        (",,", [NO, "yes"], "yes", 2),
        (",,", [NO, NO, "yes"], "yes", 3),
        (",,", [UNKNOWN, "yes"], "yes", 2),
        (",,", [BUSY], BUSY, 1),
        (",,", [LATE], LATE, 1),
        (",,", [WRONG], WRONG, 1),
        (",,", [NO, BUSY], BUSY, 2),
        (",,", [NO, NO, NO], NO, 3),
        (",,", [NO, UNKNOWN, NO], UNKNOWN, 3),
        ("|,", [BUSY, "yes"], "yes", 2),
        ("|,", [WRONG, "yes"], "yes", 2),
        ("|,", [LARGE, NO, "yes"], "yes", 3),
        ("|,", [BUSY, NO, NO], BUSY, 3),
        ("|,", [BUSY, LATE], LATE, 2),
        ("||", [BUSY, LATE, NO], LATE, 3),
        (",|", [BUSY], BUSY, 1),
        (",|", [NO, BUSY, "yes"], "yes", 3),
    ],
)
async def test_which_entry_is_asked_next(
    fetcher, separators, outcomes, want, asked
) -> None:
    names = ["https://a", "https://b", "https://c"]
    value = "".join(itertools.chain(*zip(names, [*separators, ""], strict=True)))
    calls: list[ProxyEntry] = []

    async def ask(entry: ProxyEntry) -> str:
        outcome = outcomes[len(calls)]
        calls.append(entry)
        if isinstance(outcome, GosyncError):
            raise outcome
        return str(outcome)

    if isinstance(want, GosyncError):
        with pytest.raises(type(want)) as caught:
            await Sources(parse_goproxy(value), fetcher).first_answer(ask)
        assert caught.value is want
    else:
        assert await Sources(parse_goproxy(value), fetcher).first_answer(ask) == want
    assert len(calls) == asked


async def test_evidence_of_misbehaviour_is_never_passed_over(fetcher: Fetcher) -> None:
    async def ask(_: ProxyEntry) -> str:
        raise SecurityError("forged")

    with pytest.raises(SecurityError):
        await Sources(parse_goproxy("https://a|https://b"), fetcher).first_answer(ask)


# --- with real servers, status by status

DEFINITE = [404, 410]
OTHER = [301, 400, 401, 403, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status", DEFINITE)
@pytest.mark.parametrize("separator", [",", "|"])
async def test_a_definite_no_leads_on_after_either(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer,
    status: int, separator: str,
) -> None:  # fmt: skip
    server.script("/example.com/m/@v/v1.0.0.mod", answer(b"", status=status))
    other_server.script("/example.com/m/@v/v1.0.0.mod", answer(b"module m\n"))
    client = client_of(f"{server.url}{separator}{other_server.url}", fetcher)
    assert (await client.mod(MV)).data == b"module m\n"


@pytest.mark.parametrize("status", OTHER)
async def test_any_other_status_leads_on_after_a_bar_only(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer, status: int
) -> None:
    server.script("/example.com/m/@v/v1.0.0.mod", answer(b"", status=status))
    other_server.script("/example.com/m/@v/v1.0.0.mod", answer(b"module m\n"))
    comma = client_of([server.url, other_server.url], fetcher)
    with pytest.raises(UpstreamStatusError) as caught:
        await comma.mod(MV)
    assert caught.value.status == status
    assert not other_server.requests
    server.requests.clear()
    bar = client_of(f"{server.url}|{other_server.url}", fetcher)
    assert (await bar.mod(MV)).data == b"module m\n"
    assert len(server.requests) == 1, "another proxy is better than patience"


async def test_a_dead_proxy_leads_on_after_a_bar_only(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    dead = ScriptServer()
    dead.stop()
    server.script("/example.com/m/@v/v1.0.0.mod", answer(b"module m\n"))
    with pytest.raises(UnavailableError):
        await client_of([dead.url, server.url], fetcher).mod(MV)
    bar = client_of(f"{dead.url}|{server.url}", fetcher)
    assert (await bar.mod(MV)).data == b"module m\n"


async def test_html_leads_on_after_a_bar_only(
    fetcher: Fetcher, server: ScriptServer, other_server: ScriptServer
) -> None:
    server.script("/example.com/m/@v/list", answer(b"<!doctype html>"))
    other_server.script("/example.com/m/@v/list", answer(b"v1.0.0\n"))
    with pytest.raises(MalformedError, match="HTML"):
        await client_of([server.url, other_server.url], fetcher).versions(MV.path)
    bar = client_of(f"{server.url}|{other_server.url}", fetcher)
    assert (await bar.versions(MV.path)).versions == ("v1.0.0",)


async def test_direct_is_the_end_and_off_is_a_barrier(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    with pytest.raises(NotFoundError):
        await client_of([server.url, "direct"], fetcher).mod(MV)
    with pytest.raises(OfflineError):
        await client_of([server.url, "off"], fetcher).mod(MV)
    server.script("/example.com/m/@v/v1.0.0.mod", answer(b"", status=500))
    bar = client_of(f"{server.url}|direct", fetcher)
    with pytest.raises(UpstreamStatusError):  # a "don't know" stays one
        await bar.mod(MV)


async def test_a_folder_can_be_a_proxy(
    fetcher: Fetcher, server: ScriptServer, tmp_path: Path
) -> None:
    folder = tmp_path / "example.com" / "!up" / "@v"
    folder.mkdir(parents=True)
    (folder / "list").write_bytes(b"v1.0.0\n")
    server.script("/example.com/%21up/@v/v2.0.0+incompatible.mod", answer(b"x"))
    client = client_of([f"file://{tmp_path}/", server.url], fetcher)
    got = await client.versions("example.com/Up")
    assert got.versions == ("v1.0.0",)
    assert got.served.url == f"file://{tmp_path}/example.com/%21up/@v/list"
    mv = ModuleVersion("example.com/Up", "v2.0.0+incompatible")
    assert (await client.mod(mv)).data == b"x"


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://a.example/m/@v/list", "https://a.example"),
        ("https://a.example/inner/m/@v/list", "https://a.example/inner/"),
        ("https://a.example.other/m/@v/list", None),
        ("", None),
    ],
)
def test_an_answer_came_from_the_entry_that_says_most(
    url: str, source: str | None
) -> None:
    proxies = parse_goproxy("https://user:secret@a.example,https://a.example/inner/")
    assert proxies.source_of(url) == source
