from __future__ import annotations

import pytest

from gosync.errors import ConfigError
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.http import Fetcher
from tests.unit.upstream.scriptserver import ScriptServer, answer

PROXIES = {"HTTP_PROXY": "proxy:3128", "https_proxy": "https://joe:tiger@secure:8080"}


def asked(environment: dict[str, str], scheme: str, host: str, port: int = 443):
    return ProxyEnvironment.parse(environment).proxy_for(scheme, host, port)


def test_each_scheme_has_its_proxy() -> None:
    assert asked(PROXIES, "http", "host") == "http://proxy:3128"
    assert asked(PROXIES, "https", "host") == "https://joe:tiger@secure:8080"
    assert asked({}, "https", "host") is None


def test_upper_case_wins() -> None:
    both = {"HTTP_PROXY": "http://upper", "http_proxy": "http://lower"}
    assert asked(both, "http", "host") == "http://upper"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1"]
)
def test_loopback_is_asked_directly(host: str) -> None:
    assert asked(PROXIES, "http", host) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("*", "host", 80, True),
        ("example.com", "example.com", 80, True),
        ("example.com", "a.EXAMPLE.com", 80, True),
        ("example.com", "notexample.com", 80, False),
        (".example.com", "example.com", 80, False),
        (".example.com", "a.example.com", 80, True),
        ("*.example.com", "example.com", 80, False),
        ("*.example.com", "a.b.example.com", 80, True),
        ("example.com:8080", "example.com", 8080, True),
        ("example.com:8080", "example.com", 80, False),
        ("a, ,b ,c", "b", 80, True),
        ("10.0.0.0/8", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("10.0.0.0/8", "example.com", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3:81", "10.1.2.3", 80, False),
        ("fe80::/16", "fe80::1", 80, True),
        ("2001:db8::1", "2001:db8::1", 80, True),
        ("[2001:db8::1]:80", "2001:db8::1", 80, True),
        ("[2001:db8::1]:80", "2001:db8::1", 81, False),
        ("10.0.0.0/99", "10.1.2.3", 80, False),
    ],
)
def test_no_proxy_names_what_is_asked_directly(
    no_proxy: str, host: str, port: int, *, direct: bool
) -> None:
    proxy = asked(PROXIES | {"NO_PROXY": no_proxy}, "http", host, port)
    assert (proxy is None) is direct


def test_a_cgi_ignores_what_a_header_may_have_set() -> None:
    assert asked(PROXIES | {"REQUEST_METHOD": "GET"}, "http", "host") is None


@pytest.mark.parametrize("value", ["ftp://joe:tiger@host", "http://host:x", "http://"])
def test_a_proxy_that_cannot_be_used_is_a_wrong_configuration(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Fetcher(environment={"HTTP_PROXY": value})
    assert "tiger" not in str(caught.value)


async def test_requests_go_through_the_proxy(server: ScriptServer) -> None:
    server.script("http://mirror.example/a", answer(b"hello"))
    proxy = server.url.replace("//", "//joe:tiger@")
    environment = {"HTTP_PROXY": proxy, "NO_PROXY": "direct.example"}
    async with Fetcher(environment=environment) as asking:
        got = await asking.get("http://mirror.example/a", limit_bytes=10)
    assert (got.body, got.url) == (b"hello", "http://mirror.example/a")
    (request,) = server.requests
    assert request.target == "http://mirror.example/a"
    assert request.headers["host"] == "mirror.example"
    assert request.headers["proxy-authorization"].startswith("Basic ")


async def test_the_process_s_environment_counts_by_default(
    server: ScriptServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.script("http://mirror.example/a", answer(b"hello"))
    async with Fetcher() as asking:
        got = await asking.get("http://mirror.example/a", limit_bytes=10)
    assert got.body == b"hello"
