"""Broken worlds as a real go meets them: what it prints is named, and nothing else is.

None of these is among the labelled logs that the catalogue was written with; each runs
with the newest go, in the second tier with the older ones too.
"""

from __future__ import annotations

import pytest

from tests.go.brokenproxy import (
    CLOSE,
    GOOD,
    HTML,
    RESET,
    always,
    but,
    module_files,
    response,
)
from tests.go.brokenworld import BrokenWorld, assert_named, cells

_DOWNLOAD = "mod download a.example/m@v1.0.0"
_GET = "get a.example/m@v1.0.0"
_MODULE = "module app.example/app\n\ngo 1.20\n"
_IMPORTS = 'package main\n\nimport _ "{}"\n\nfunc main() {{}}\n'
_ZIP = GOOD["/a.example/m/@v/v1.0.0.zip"]
_SUMDB = {"GOSUMDB": "sum.golang.org"}
_WEB = {"GOPROXY": "https://goproxy.corp.example"}
_DIRECT = {"GOPROXY": "direct", "GIT_TERMINAL_PROMPT": "0"}
_FROM_GITHUB = "mod download github.com/corp/x@v1.0.0"


def _over_git(port_or_url: str) -> dict[str, str]:
    """Return the environment in which git asks there for what GitHub has."""
    return {
        **_DIRECT,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{port_or_url}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }


def _conflicting(path: str) -> bytes:
    needs = "module a.example/n\n\nrequire a.example/m v1.1.0\n"
    tree = {
        **module_files("a.example/m", "v1.1.0"),
        **GOOD,
        **module_files("a.example/n", "v1.0.0", {"go.mod": needs}),
    }
    found = tree.get(path)
    return response("404 Not Found") if found is None else response("200 OK", found)


def _login_page(path: str) -> bytes:
    if path == "/login":
        return response("200 OK", HTML)
    return response("302 Found", b"", "Location: /login")


_GIT = _over_git("http://127.0.0.1:{PORT}/")
_PROXIED = {**_WEB, "HTTPS_PROXY": "http://127.0.0.1:{PORT}"}
_WORLDS = [
    BrokenWorld("410", "http.410", always(response("410 Gone", b"gone"))),
    BrokenWorld("429", "http.429", always(response("429 Too Many Requests"))),
    BrokenWorld("503", "http.5xx", always(response("503 Service Unavailable"))),
    BrokenWorld("520", "http.5xx", always(response("520 Unknown"))),
    BrokenWorld("400", "http.400", always(response("400 Bad Request", b"no"))),
    BrokenWorld("451", "http.403", always(response("451 Unavailable", b"no"))),
    BrokenWorld("418", "http.other", always(response("418 I'm a teapot"))),
    BrokenWorld(
        "407", "proxy.auth", always(response("407 Proxy Authentication Required"))
    ),
    BrokenWorld(
        "a web page for .info",
        "http.captive_portal",
        but(info=response("200 OK", HTML)),
    ),
    BrokenWorld(
        "a web page for list",
        "version.no_match",
        but(list=response("200 OK", HTML)),
        "list -m -versions a.example/m",
    ),
    BrokenWorld(
        "a web page for a zip", "download.bad_zip", but(zip=response("200 OK", HTML))
    ),
    BrokenWorld("an empty .info", "protocol.info_json", but(info=response("200 OK"))),
    BrokenWorld(
        "another version's .info",
        "protocol.info_version",
        but(info=response("200 OK", b'{"Version":"v1.9.0"}')),
    ),
    BrokenWorld(
        "a short zip",
        "download.truncated",
        but(zip=response("200 OK", _ZIP, length=99999)),
    ),
    BrokenWorld("an early end", "network.eof", always(CLOSE)),
    BrokenWorld("a reset", "network.reset", always(RESET)),
    BrokenWorld("no HTTP", "network.eof", always(b"SSH-2.0-OpenSSH_9\r\n")),
    BrokenWorld(
        "a redirect to nowhere", "http.redirects", always(response("302 Found"))
    ),
    BrokenWorld("a login page", "http.captive_portal", _login_page),
    BrokenWorld(
        "http at an https port",
        "tls.plain_http",
        env={"GOPROXY": "https://127.0.0.1:{PORT}"},
    ),
    BrokenWorld(
        "a web proxy's 502",
        "proxy.unreachable",
        always(response("502 Bad Gateway")),
        env=_PROXIED,
    ),
    BrokenWorld(
        "a web proxy's 503",
        "proxy.unreachable",
        always(response("503 Service Unavailable")),
        env=_PROXIED,
    ),
    BrokenWorld(
        "a web proxy without a name",
        "proxy.dns",
        env={**_WEB, "HTTPS_PROXY": "http://nohost.invalid:1"},
    ),
    BrokenWorld(
        "a proxy without a scheme", "network.dns", env={"GOPROXY": "goproxy.invalid"}
    ),
    BrokenWorld(
        "a semicolon in GOPROXY",
        "env.goproxy_scheme",
        env={"GOPROXY": "http://127.0.0.1:{PORT};direct"},
    ),
    BrokenWorld(
        "no such folder", "http.404_file", env={"GOPROXY": "file:///no/such/folder"}
    ),
    BrokenWorld("an unknown flag", "env.goflags", env={"GOFLAGS": "-nosuch"}),
    BrokenWorld(
        "an unknown -mod",
        "env.goflags",
        command="build ./...",
        env={"GOFLAGS": "-mod=foo"},
        files={"go.mod": _MODULE, "m.go": "package m\n"},
    ),
    BrokenWorld(
        "no record", "sum.private_leak", but(supported=response("200 OK")), env=_SUMDB
    ),
    BrokenWorld(
        "the database's 503",
        "sum.server_error",
        but(supported=response("200 OK"), sumdb=response("503 Service Unavailable")),
        env=_SUMDB,
    ),
    BrokenWorld(
        "the database's 403",
        "sum.server_error",
        but(supported=response("200 OK"), sumdb=response("403 Forbidden")),
        env=_SUMDB,
    ),
    BrokenWorld(
        "no answer of the database",
        "sum.unreachable",
        but(supported=response("200 OK"), sumdb=CLOSE),
        env=_SUMDB,
    ),
    BrokenWorld(
        "a web page for a record",
        "sum.captive_portal",
        but(supported=response("200 OK"), sumdb=response("200 OK", HTML)),
        env=_SUMDB,
    ),
    BrokenWorld(
        "GOVCS forbids",
        "env.govcs",
        command=_FROM_GITHUB,
        env={**_DIRECT, "GOVCS": "*:off"},
    ),
    BrokenWorld(
        "GOVCS is wrong",
        "env.govcs",
        command=_FROM_GITHUB,
        env={**_DIRECT, "GOVCS": "foo"},
    ),
    BrokenWorld(
        "git wants a login",
        "vcs.auth",
        always(response("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"')),
        _FROM_GITHUB,
        _GIT,
    ),
    BrokenWorld(
        "git is forbidden",
        "vcs.auth",
        always(response("403 Forbidden")),
        _FROM_GITHUB,
        _GIT,
    ),
    BrokenWorld(
        "git fails", "vcs.unreachable", always(response("500 Oops")), _FROM_GITHUB, _GIT
    ),
    BrokenWorld(
        "git finds no host",
        "vcs.unreachable",
        but(),
        _FROM_GITHUB,
        _over_git("https://nohost.invalid/"),
    ),
    BrokenWorld(
        "a wrong query",
        "version.query_syntax",
        command="get a.example/m@>x",
        files={"go.mod": _MODULE},
    ),
    BrokenWorld(
        "a wrong pseudo-version",
        "http.404 version.malformed",
        command="mod download a.example/m@v0.0.0-20200101000000-abc",
    ),
    BrokenWorld(
        "v2 without /v2",
        "version.major_suffix module.gomod_parse",
        command="list -m all",
        files={"go.mod": f"{_MODULE}require a.example/m v2.0.0\n"},
    ),
    BrokenWorld(
        "an excluded version",
        "build.conflict",
        command=_GET,
        files={"go.mod": f"{_MODULE}exclude a.example/m v1.0.0\n"},
    ),
    BrokenWorld(
        "no such package",
        "version.no_package",
        command="mod tidy",
        files={"go.mod": _MODULE, "main.go": _IMPORTS.format("a.example/m/none")},
    ),
    BrokenWorld(
        "not of the standard library",
        "build.not_in_std",
        command="build ./...",
        files={"go.mod": _MODULE, "main.go": _IMPORTS.format("nosuch/pkg")},
    ),
    BrokenWorld(
        "go.mod is to stay",
        "build.readonly build.no_required_module",
        command="build -mod=readonly ./...",
        files={"go.mod": _MODULE, "main.go": _IMPORTS.format("a.example/m")},
    ),
    BrokenWorld(
        "no vendor folder",
        "build.vendor",
        command="build -mod=vendor ./...",
        files={
            "go.mod": f"{_MODULE}require a.example/m v1.0.0\n",
            "main.go": _IMPORTS.format("a.example/m"),
        },
    ),
    BrokenWorld(
        "a newer go line",
        "toolchain.too_old",
        command="build ./...",
        files={"go.mod": "module a.example/app\n\ngo 1.99\n", "m.go": "package m\n"},
    ),
    BrokenWorld(
        "a wrong GOTOOLCHAIN",
        "toolchain.invalid",
        command="version",
        env={"GOTOOLCHAIN": "foo"},
    ),
    BrokenWorld(
        "a toolchain not on PATH",
        "toolchain.not_available",
        command="version",
        env={"GOTOOLCHAIN": "go1.99.0+path"},
    ),
    BrokenWorld(
        "go.work names no folder",
        "work.missing_dir",
        command="build ./...",
        files={"go.work": "go 1.20\n\nuse ./none\n"},
    ),
    BrokenWorld(
        "marks of a merge",
        "module.gomod_parse",
        command="list -m all",
        files={"go.mod": f"{_MODULE}<<<<<<< HEAD\n"},
    ),
    BrokenWorld(
        "no place for modules", "disk.modcache", env={"GOMODCACHE": "/proc/none"}
    ),
    BrokenWorld(
        "a URL for a path",
        "module.malformed_path",
        command="get https://a.example/m",
        files={"go.mod": _MODULE},
    ),
    BrokenWorld("no go.mod", "env.no_gomod", command=_GET),
    BrokenWorld("no main package", "env.usage", command="install a.example/m@v1.0.0"),
    BrokenWorld("an unknown command", "env.usage", command="mod downlod"),
    BrokenWorld(
        "in JSON",
        "http.404",
        always(response("404 Not Found")),
        "mod download -json a.example/m@v1.0.0",
    ),
    BrokenWorld(
        "with -x",
        "http.404",
        always(response("404 Not Found")),
        "mod download -x a.example/m@v1.0.0",
    ),
    BrokenWorld(
        "versions that exclude each other",
        "build.conflict",
        _conflicting,
        "get a.example/m@v1.0.0 a.example/n@v1.0.0",
        files={"go.mod": _MODULE},
    ),
]


@pytest.mark.go
@pytest.mark.parametrize(("world", "version"), list(cells(_WORLDS)))
def test_what_go_prints_in_a_broken_world_is_named(world, version, tmp_path):
    assert_named(world, version, tmp_path)
