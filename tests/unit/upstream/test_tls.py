"""Certificates, credentials, and HTTP/2 with a real server."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from msgspec.structs import replace

from gosync.errors import (
    ConfigError,
    GosyncError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from tests.unit.upstream.conftest import QUICK, Sinks, trusting
from tests.unit.upstream.scriptserver import ScriptServer, answer, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOE = "Basic " + base64.b64encode(b"joe:tiger").decode()


async def test_a_certificate_that_nobody_vouches_for_is_final(
    tls_server: ScriptServer,
) -> None:
    url = tls_server.script("/a", answer(b"hello"))
    patient = replace(QUICK, retry_delay_seconds=600, max_retry_delay_seconds=600)
    async with Fetcher(patient, environment={}) as fetcher:
        with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            await fetcher.get(url, limit_bytes=10, retries=20)
    assert not tls_server.requests


async def test_the_operators_own_authority_is_trusted(
    tls_fetcher: Fetcher, tls_server: ScriptServer
) -> None:
    url = tls_server.script("/a", answer(b"hello"))
    assert (await tls_fetcher.get(url, limit_bytes=10)).body == b"hello"


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_an_authority_file_that_is_none_is_a_wrong_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    async with Fetcher(HttpOptions(ca_file=str(file)), environment={}) as asking:
        with pytest.raises(ConfigError, match=r"ca\.pem"):
            await asking.get("https://127.0.0.1:1/", limit_bytes=10)


async def test_a_url_s_user_becomes_basic_authentication(
    tls_fetcher: Fetcher, tls_server: ScriptServer
) -> None:
    url = tls_server.script("/a", answer(b"hello")).replace("//", "//joe:tig%65r@")
    got = await tls_fetcher.get(url, limit_bytes=10)
    assert tls_server.requests[0].headers["authorization"] == JOE
    assert "joe" not in got.url
    assert "tig" not in repr(got)


async def test_netrc_s_login_goes_to_its_host_over_https(
    certificate: tuple[Path, Path], tls_server: ScriptServer, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login joe password tiger\n")
    url = tls_server.script("/a", answer(b"hello"))
    environment = {"NETRC": str(netrc)}
    async with Fetcher(trusting(certificate), environment=environment) as asking:
        await asking.get(url, limit_bytes=10)
        await asking.get(url.replace("127.0.0.1", "localhost"), limit_bytes=10)
    first, second = tls_server.requests
    assert first.headers["authorization"] == JOE
    assert "authorization" not in second.headers


async def test_netrc_s_login_never_goes_over_plain_http(
    server: ScriptServer, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login joe password tiger\n")
    url = server.script("/a", answer(b"hello"))
    async with Fetcher(environment={"HOME": str(tmp_path)}) as asking:
        await asking.get(url, limit_bytes=10)
    assert "authorization" not in server.requests[0].headers


async def test_a_login_stays_with_its_origin_when_redirected(
    certificate: tuple[Path, Path], tls_server: ScriptServer, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(
        "machine 127.0.0.1 login joe password tiger\n"
        "machine localhost login eve password other\n"
    )
    elsewhere = tls_server.url.replace("127.0.0.1", "localhost") + "/c"
    url = tls_server.script("/a", redirect("/b"))
    tls_server.script("/b", redirect(elsewhere.replace("//", "//eve:x@")))
    tls_server.script("/c", redirect(tls_server.url + "/d"))
    tls_server.script("/d", answer(b"hello"))
    environment = {"NETRC": str(netrc)}
    async with Fetcher(trusting(certificate), environment=environment) as asking:
        assert (await asking.get(url, limit_bytes=10)).body == b"hello"
    sent = [request.headers.get("authorization") for request in tls_server.requests]
    assert sent == [JOE, JOE, None, JOE]


async def test_a_refusal_that_echoes_our_secrets_does_not_show_them(
    tls_fetcher: Fetcher, tls_server: ScriptServer
) -> None:
    echo = answer(
        f"you are joe, tiger, {JOE}".encode(),
        status=401,
        headers={"Content-Type": "text/plain", "WWW-Authenticate": JOE},
    )
    url = tls_server.script("/a", echo).replace("//", "//joe:tiger@")
    with pytest.raises(UpstreamStatusError) as caught:
        await tls_fetcher.get(url, limit_bytes=10)
    text = str(caught.value) + repr(caught.value)
    assert "you are joe, ***, Basic ***" in text
    assert "tiger" not in text
    assert JOE.split()[1] not in text
    assert "netrc" in str(caught.value.hint)


async def test_no_failure_shows_a_password(certificate: tuple[Path, Path]) -> None:
    gone = ScriptServer()
    gone.stop()
    for scheme in ("https", "file"):
        url = f"{scheme}://joe:tiger@127.0.0.1:{gone.port}/a?key=secret"
        async with Fetcher(trusting(certificate), environment={}) as asking:
            with pytest.raises(GosyncError) as caught:
                await asking.get(url, limit_bytes=10)
        assert "tiger" not in str(caught.value)
        assert "secret" not in str(caught.value)


# --- HTTP/2


@pytest.fixture(scope="module")
def http2_url(certificate: tuple[Path, Path]) -> Iterator[str]:
    """A granian that speaks HTTP/2 over TLS."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi",
        "--host", "127.0.0.1", "--port", str(port), "--no-log",
        "--ssl-certificate", str(certificate[0]), "--ssl-keyfile", str(certificate[1]),
        "tests.unit.upstream.http2_app:app",
    ]  # fmt: skip
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process)
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    context = ssl._create_unverified_context()
    for _ in range(1200):
        assert process.poll() is None
        try:
            raw = socket.create_connection(("127.0.0.1", port), timeout=1)
            with raw, context.wrap_socket(raw):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("granian did not start")


async def test_http2_is_spoken_where_it_is_offered(
    tls_fetcher: Fetcher, http2_url: str
) -> None:
    got = await tls_fetcher.get(f"{http2_url}/version", limit_bytes=10)
    assert got.body == b"2"
    assert got.served.framed
    assert got.headers["content-type"] == "text/plain"


async def test_http1_is_spoken_where_http2_is_not_wanted(
    certificate: tuple[Path, Path], http2_url: str
) -> None:
    options = HttpOptions(http2=False, ca_file=str(certificate[0]))
    async with Fetcher(options, environment={}) as asking:
        got = await asking.get(f"{http2_url}/version", limit_bytes=10)
    assert got.body == b"1.1"


async def test_http2_carries_large_bodies_limits_and_refusals(
    tls_fetcher: Fetcher, http2_url: str
) -> None:
    sinks = Sinks()
    url = f"{http2_url}/bytes/3000000"
    got = await tls_fetcher.download(url, sinks, limit_bytes=3_000_000)
    assert (len(sinks.got), got.served.size_bytes) == (3_000_000, 3_000_000)
    with pytest.raises(TooLargeError):
        await tls_fetcher.get(url, limit_bytes=1000)
    with pytest.raises(UpstreamStatusError, match="503"):
        await tls_fetcher.get(f"{http2_url}/status/503", limit_bytes=1000)
    got = await tls_fetcher.get(f"{http2_url}/version", limit_bytes=10)
    assert got.body == b"2"


async def test_http2_serves_many_workers_at_once(
    tls_fetcher: Fetcher, http2_url: str
) -> None:
    async def work(number: int) -> None:
        for _ in range(5):
            url = f"{http2_url}/bytes/{number}"
            got = await tls_fetcher.get(url, limit_bytes=1000)
            assert len(got.body) == number

    async with anyio.create_task_group() as tasks:
        for number in range(16):
            tasks.start_soon(work, number)
