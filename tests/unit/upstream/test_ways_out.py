"""Ways out through web proxies: each kind, and what each does wrong, by its name."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.errors import UnavailableError
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions, TlsVersion, Trust
from tests.simulator.proxies import ConnectProxy, SocksProxy
from tests.simulator.tls import make_server_context
from tests.unit.upstream.scriptserver import ScriptServer, answer

HOST = "mirror.example"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[ScriptServer, Path]]:
    """A server that is mirror.example to whoever comes through a proxy."""
    context, authority = make_server_context(tmp_path, names=(HOST,))
    server = ScriptServer(context)
    server.script("/a", answer(b"hello"))
    yield server, authority
    server.stop()


def fetcher(authority: Path | None, environment: dict[str, str], **options) -> Fetcher:
    told = HttpOptions(
        retries=0,
        timeout_seconds=20,
        ca_file=None if authority is None else str(authority),
        **options,
    )
    return Fetcher(told, environment=environment)


async def ask(asking: Fetcher, host: str = HOST) -> bytes:
    async with asking:
        return (await asking.get(f"https://{host}/a", limit_bytes=10)).body


@pytest.mark.parametrize("login", ["", "joe:t1ger%40"])
@pytest.mark.parametrize("over_tls", [False, True])
async def test_connect_carries_tls_with_the_host_s_own_name(
    secure, tmp_path: Path, login, over_tls
) -> None:
    server, authority = secure
    seen: list[str] = []
    server.tls.sni_callback = lambda _, name, __: seen.append(name)
    context, both = None, authority
    if over_tls:
        folder = tmp_path / "proxy"
        folder.mkdir()
        context, own = make_server_context(folder, issuer="the proxy's own")
        both = tmp_path / "both.pem"
        both.write_bytes(authority.read_bytes() + own.read_bytes())
    proxy = ConnectProxy(server.port, tls=context, login=login.replace("%40", "@"))
    with proxy.serving():
        url = proxy.url.replace("//", f"//{login}@") if login else proxy.url
        got = await ask(fetcher(both, {"HTTPS_PROXY": url}))
    assert (got, proxy.asked, seen) == (b"hello", [f"{HOST}:443"], [HOST])


@pytest.mark.parametrize("login", ["", "joe:tiger"])
async def test_socks_is_given_the_name(secure, login) -> None:
    server, authority = secure
    with (proxy := SocksProxy(server.port, login=login)).serving():
        url = proxy.url.replace("//", f"//{login}@") if login else proxy.url
        assert await ask(fetcher(authority, {"HTTPS_PROXY": url})) == b"hello"
    assert proxy.asked == [f"{HOST}:443"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"login": "joe:tiger"}, "answers 407"),
        ({"refusal": "403 Forbidden"}, "answers 403 Forbidden"),
        ({"hangs_up": True}, "gives no tunnel"),
        ({"inject": b"<html>pay first</html>" * 20}, "no TLS"),
    ],
)
async def test_what_a_web_proxy_does_wrong_is_told_as_that(secure, wrong, told) -> None:
    server, authority = secure
    with (proxy := ConnectProxy(server.port, **wrong)).serving():
        secret = proxy.url.replace("//", "//eve:s3cret@")
        with pytest.raises(UnavailableError) as caught:
            await ask(fetcher(authority, {"HTTPS_PROXY": secret}))
    said = str(caught.value)
    assert f"the web proxy {proxy.url} " in said
    assert told in said
    assert "s3cret" not in said


async def test_a_web_proxy_that_is_away_is_told_as_that(secure) -> None:
    _, authority = secure
    with (proxy := ConnectProxy(1)).serving():
        url = proxy.url
    with pytest.raises(UnavailableError, match=r"web proxy \S+ takes no connection"):
        await ask(fetcher(authority, {"HTTPS_PROXY": url}))


async def test_a_web_proxy_that_opens_tls_is_named_and_believed_once_it_is_known(
    secure, tmp_path: Path
) -> None:
    _, authority = secure
    folder = tmp_path / "interceptor"
    folder.mkdir()
    context, own = make_server_context(folder, names=(HOST,), issuer="Corp Inspection")
    interceptor = ScriptServer(context)
    interceptor.script("/a", answer(b"hello"))
    der = ssl.PEM_cert_to_DER_cert(own.read_text())
    try:
        with (proxy := ConnectProxy(interceptor.port)).serving():
            environment = {"HTTPS_PROXY": proxy.url}
            with pytest.raises(UnavailableError) as caught:
                await ask(fetcher(authority, environment))
            assert await ask(fetcher(own, environment)) == b"hello"
    finally:
        interceptor.stop()
    assert "issued by CN=Corp Inspection" in str(caught.value)
    assert hashlib.sha256(der).hexdigest() in str(caught.value)
    assert "upstream.ca_file" in str(caught.value.hint)


async def test_a_host_is_reached_at_the_address_that_is_configured(secure) -> None:
    server, authority = secure
    asking = fetcher(authority, {}, resolve={HOST: "127.0.0.1"})
    assert await ask(asking, f"{HOST}:{server.port}") == b"hello"


async def test_a_client_certificate_says_who_we_are(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for folder in (theirs, ours):
        folder.mkdir()
    context, authority = make_server_context(theirs)
    _, certificate = make_server_context(ours)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate)
    server = ScriptServer(context)
    server.script("/a", answer(b"hello"))
    host = f"127.0.0.1:{server.port}"
    own = {"client_cert": str(certificate), "client_key": str(ours / "key.pem")}
    try:
        assert await ask(fetcher(authority, {}, **own), host) == b"hello"
        with pytest.raises(UnavailableError):
            await ask(fetcher(authority, {}), host)
    finally:
        server.stop()


async def test_an_older_tls_than_allowed_is_not_spoken(tmp_path: Path) -> None:
    context, authority = make_server_context(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = ScriptServer(context)
    server.script("/a", answer(b"hello"))
    host = f"127.0.0.1:{server.port}"
    try:
        assert await ask(fetcher(authority, {}), host) == b"hello"
        newest = fetcher(authority, {}, tls_min=TlsVersion.TLS_1_3)
        with pytest.raises(UnavailableError):
            await ask(newest, host)
    finally:
        server.stop()


async def test_the_system_s_store_and_an_own_authority_go_together(secure) -> None:
    server, authority = secure
    system = fetcher(authority, {}, trust=Trust.SYSTEM, resolve={HOST: "127.0.0.1"})
    assert await ask(system, f"{HOST}:{server.port}") == b"hello"
