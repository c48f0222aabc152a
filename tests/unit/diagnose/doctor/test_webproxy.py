"""Web proxies that work: absolute URLs for http, CONNECT and SOCKS for https."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from gosync.diagnose.doctor.webproxy import parse_web_proxy, web_proxy_for
from tests.simulator.standard import NO_GO_MOD
from tests.unit.diagnose.doctor.scene import SUBJECT, Asked, Scene
from tests.unit.diagnose.doctor.test_worlds import diagnose, scene
from tests.unit.upstream.scriptserver import answer

__all__ = ["scene"]

_ELSEWHERE = "192.0.2.7"  # RFC 5737: nobody is there


@pytest.mark.parametrize(
    ("environment", "url", "shown"),
    [
        ({"HTTPS_PROXY": "web.example:3128"}, "https", "http://web.example:3128"),
        ({"https_proxy": "http://web.example"}, "https", "http://web.example:80"),
        ({"HTTPS_PROXY": "https://web.example"}, "https", "https://web.example:443"),
        (
            {"HTTPS_PROXY": "socks5h://web.example"},
            "https",
            "socks5h://web.example:1080",
        ),
        ({"HTTPS_PROXY": "http://u:p@web.example:1"}, "https", "http://web.example:1"),
        ({"HTTP_PROXY": "web.example"}, "http", "http://web.example:80"),
        ({"HTTP_PROXY": "web.example", "REQUEST_METHOD": "GET"}, "http", None),
        ({"HTTP_PROXY": "web.example"}, "https", None),
        ({"HTTPS_PROXY": "web.example", "NO_PROXY": "a.example"}, "https", None),
        ({"HTTPS_PROXY": "http://"}, "https", None),
    ],
)
def test_which_proxy_stands_before_a_host(environment, url, shown):
    found = web_proxy_for(environment, url, "a.example", 443)
    assert (found.shown if found else None) == shown
    assert "u:p" not in repr(found)


@pytest.mark.parametrize("text", ["http://[::1", "http://a.example:port", ""])
def test_what_is_no_url_of_a_proxy(text):
    assert parse_web_proxy(text, "HTTPS_PROXY") is None


def test_http_is_asked_with_whole_urls_and_a_login(scene: Scene) -> None:
    server = scene.script()
    base = "http://goproxy.corp.example"
    for name, body in (
        ("list", b"v1.2.3\n"),
        ("v1.2.3.info", b'{"Version":"v1.2.3"}'),
    ):
        server.script(f"{base}/{NO_GO_MOD}/@v/{name}", answer(body))
    env = {
        "GOPROXY": base,
        "GOSUMDB": "off",
        "HTTP_PROXY": server.url.replace("//", "//ann:s3cret@"),
    }

    diagnosis, _ = diagnose(scene, Asked(env))

    assert diagnosis.conclusion.cause == "http.404"  # of the .mod, which is not there
    assert all(each.target.startswith(f"{base}/") for each in server.requests)
    logins = {each.headers.get("proxy-authorization") for each in server.requests}
    assert logins == {"Basic YW5uOnMzY3JldA=="}
    assert "s3cret" not in str(diagnosis)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_https_goes_through_a_tunnel(scheme, scene: Scene) -> None:
    server, ca = scene.tls(addresses=(_ELSEWHERE,))
    server.script(f"/{SUBJECT.replace('@', '/@v/')}.info", answer(status=403))
    port = _tunnel(scene.closing, scheme, server.port)
    env = {
        "GOPROXY": f"https://{_ELSEWHERE}",
        "GOSUMDB": "off",
        "HTTPS_PROXY": f"{scheme}://127.0.0.1:{port}",
        "SSL_CERT_FILE": str(ca),
    }

    diagnosis, _ = diagnose(scene, Asked(env))

    assert diagnosis.conclusion.cause == "http.403"
    assert [each.name for each in diagnosis.stages][1:6] == [
        *("dns", "tcp", "proxy", "tls", "http")
    ]


def _tunnel(closing: ExitStack, scheme: str, to: int) -> int:
    """Start a web proxy whose every tunnel leads to one port of loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    closing.callback(listener.close)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                if scheme == "http":
                    while b"\r\n\r\n" not in client.recv(65536):
                        pass
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    client.recv(3)
                    client.sendall(b"\5\0")
                    client.recv(300)
                    client.sendall(b"\5\0\0\1" + bytes(6))
                server = socket.create_connection(("127.0.0.1", to))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_relay, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def _relay(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError), here:
        while data := here.recv(65536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
