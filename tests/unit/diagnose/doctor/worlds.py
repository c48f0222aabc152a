"""Broken worlds on loopback: each a way in which ``go`` cannot get a module.

A world is a function that takes the scene (a signing upstream, a script server, a
folder), breaks something, and returns what a user would have set and asked for. The
same world is asked by doctor and by a real go.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Final

from h2.connection import H2Connection
from h2.errors import ErrorCodes

from gosync.demo.modules import ModuleSource
from gosync.demo.upstream import SampleVersion
from gosync.gomod.module import ModuleVersion
from tests.simulator.evil import EVIL
from tests.simulator.faults import HTML
from tests.simulator.simulator import record_text
from tests.simulator.standard import NO_GO_MOD, PRIVATE
from tests.unit.diagnose.doctor.scene import NOWHERE, Asked, Scene, free_port
from tests.unit.upstream.scriptserver import answer, closing, resetting

World = Callable[[Scene], Asked]


def _fault(name: str, *args: object, glob: str = "*", **kwargs: object) -> World:
    def world(scene: Scene) -> Asked:
        getattr(scene.sim, name)(glob, *args, **kwargs)
        return Asked(scene.env(GOSUMDB="off"))

    return world


def _status(status: int) -> World:
    return _fault("fail", status=status)


def _goproxy(value: str) -> World:
    return lambda _: Asked({"GOPROXY": value, "GOSUMDB": "off"})


def _refused(_: Scene) -> Asked:
    return Asked({"GOPROXY": f"http://127.0.0.1:{free_port()}", "GOSUMDB": "off"})


def _dns(_: Scene) -> Asked:
    return Asked({"GOPROXY": "https://goproxy.invalid", "GOSUMDB": "off"})


def _replies(reply: Callable[[socket.socket], None]) -> World:
    def world(scene: Scene) -> Asked:
        server = scene.script()
        for name in ("list", "v1.2.3.info"):
            server.script(f"/{NO_GO_MOD}/@v/{name}", reply)
        return Asked({"GOPROXY": server.url, "GOSUMDB": "off"})

    return world


def _reset_in_the_zip(scene: Scene) -> Asked:
    scene.sim.reset("*.zip", after_bytes=60)
    return Asked(scene.env(GOSUMDB="off"))


def _silent(scene: Scene) -> Asked:
    url = f"http://127.0.0.1:{scene.silent()}"
    return Asked({"GOPROXY": url, "GOSUMDB": "off"}, timeout=0.3)


def _handshake(scene: Scene) -> Asked:
    url = f"https://127.0.0.1:{scene.silent()}"
    return Asked({"GOPROXY": url, "GOSUMDB": "off"}, timeout=1.0)


def _plain(scene: Scene) -> Asked:
    url = f"https://127.0.0.1:{scene.answering(b'HTTP/1.1 400 Bad Request')}"
    return Asked({"GOPROXY": url, "GOSUMDB": "off"})


def _unknown_authority(scene: Scene) -> Asked:
    server, _ = scene.tls()
    return Asked({"GOPROXY": server.url, "GOSUMDB": "off"}, exit_code=6)


def _goinsecure(scene: Scene) -> Asked:
    asked = _unknown_authority(scene)
    asked.env["GOINSECURE"] = "*"
    return asked


def _trusted(scene: Scene, **how: object) -> dict[str, str]:
    server, ca = scene.tls(**how)  # type: ignore[arg-type]
    return {"GOPROXY": server.url, "GOSUMDB": "off", "SSL_CERT_FILE": str(ca)}


def _http2(end: Callable[[H2Connection], None]) -> World:
    def world(scene: Scene) -> Asked:
        url, ca = scene.http2(end)
        env = {"GOPROXY": url, "GOSUMDB": "off", "SSL_CERT_FILE": str(ca)}
        return Asked(env)

    return world


def _expired(scene: Scene) -> Asked:
    return Asked(_trusted(scene, days=(-30, -1)))


def _not_yet(scene: Scene) -> Asked:
    return Asked(_trusted(scene, days=(1, 30)))


def _wrong_name(scene: Scene) -> Asked:
    return Asked(_trusted(scene, addresses=("192.0.2.1",)), exit_code=6)


def _web_proxy(reply: bytes) -> World:
    def world(scene: Scene) -> Asked:
        env = {"GOPROXY": f"https://{NOWHERE}", "GOSUMDB": "off"}
        return Asked({**env, "HTTPS_PROXY": scene.proxy(reply)})

    return world


def _proxy_at(url: str) -> World:
    def world(_: Scene) -> Asked:
        env = {"GOPROXY": f"https://{NOWHERE}", "GOSUMDB": "off"}
        return Asked({**env, "HTTPS_PROXY": url.format(free_port())})

    return world


def _insecure_redirect(scene: Scene) -> Asked:
    server, ca = scene.tls()
    for name in ("list", "v1.2.3.info"):
        server.script(
            f"/{NO_GO_MOD}/@v/{name}",
            answer(status=302, headers={"Location": f"{scene.sim.url}/elsewhere"}),
        )
    return Asked({"GOPROXY": server.url, "GOSUMDB": "off", "SSL_CERT_FILE": str(ca)})


def _portal(scene: Scene) -> Asked:
    """Redirect everything to a login page, as hotels and firewalls do."""
    portal = scene.script()
    page = answer(HTML, headers={"Content-Type": "text/html"})
    scene.sim.redirect("*", portal.script("/login", page))
    return Asked(scene.env(GOSUMDB="off"))


def _html_list(scene: Scene) -> Asked:
    scene.sim.html("*/@v/list")
    go = ("list", "-m", "-versions", NO_GO_MOD)
    return Asked(scene.env(GOSUMDB="off"), subject=NO_GO_MOD, go=go)


def _bad_info(scene: Scene) -> Asked:
    scene.sim.replace_body("*.info", b'{"Version":"v1.2.3","Time":"today"}')
    return Asked(scene.env(GOSUMDB="off"))


def _cut_zip(scene: Scene) -> Asked:
    scene.sim.truncate("*.zip")
    return Asked(scene.env(GOSUMDB="off"))


def _cut_copy(scene: Scene) -> Asked:
    scene.sim.truncate("*.zip", content_length="wrong")
    return Asked(scene.env(GOSUMDB="off"))


def _swapped_zip(scene: Scene) -> Asked:
    scene.sim.swap_bytes("*.zip")
    return Asked(scene.env(), exit_code=6)


def _rewritten(scene: Scene) -> Asked:
    mv = ModuleVersion(NO_GO_MOD, "v1.2.3")
    scene.sim.rewrite(mv, {"new.go": b"package new\n"})
    return Asked(scene.env(), exit_code=6)


def _sum(name: str, *args: object, exit_code: int = 6, **kwargs: object) -> World:
    def world(scene: Scene) -> Asked:
        getattr(scene.sim.database, name)(*args, **kwargs)
        return Asked(scene.env(), exit_code=exit_code)

    return world


def _sum_fault(name: str, glob: str, **kwargs: object) -> World:
    def world(scene: Scene) -> Asked:
        getattr(scene.sim, name)(glob, **kwargs)
        return Asked(scene.env())

    return world


def _half_a_record(scene: Scene) -> Asked:
    """Publish what the log has a record of, which lacks the line of the zip."""
    source = ModuleSource("std.example/half", "v1.0.0", {"a.go": b"package a\n"})
    mv = ModuleVersion(source.path, source.version)
    h1 = SampleVersion(source).mod_h1
    scene.sim.publish(source, record=record_text(mv, zip_h1=None, mod_h1=h1))
    return Asked(scene.env(), subject=str(mv), exit_code=6)


def _fork(scene: Scene) -> Asked:
    _remember(scene)
    scene.sim.database.fork(10)
    return Asked(scene.env(), exit_code=6)


def _rollback(scene: Scene) -> Asked:
    _remember(scene)
    scene.sim.database.rollback(scene.sim.log.size - 1)
    return Asked(scene.env(), exit_code=6)


def _remember(scene: Scene) -> None:
    """Leave the tree head on this machine that go would remember."""
    folder = scene.folder / "home/gopath/pkg/sumdb" / scene.sim.log.name
    folder.mkdir(parents=True)
    (folder / "latest").write_bytes(scene.sim.log.head())


def _sumdb_dns(scene: Scene) -> Asked:
    scene.sim.fail("*/supported", status=404)
    return Asked(scene.env())


def _private_leak(scene: Scene) -> Asked:
    env = scene.env(GONOSUMDB="*.corp.example")
    return Asked(env, subject=f"{PRIVATE}@v1.0.0")


def _unknown_to_database(scene: Scene) -> Asked:
    return Asked(scene.env(), subject=f"{PRIVATE}@v1.0.0")


def _goprivate(scene: Scene) -> Asked:
    env = scene.env(GOPRIVATE="corp.example")
    return Asked(env, subject=f"{PRIVATE}@v1.0.0")


def _git_missing(scene: Scene) -> Asked:
    del scene
    env = {"GOPROXY": "direct", "GOSUMDB": "off", "PATH": "/nowhere"}
    return Asked(env, subject="corp.invalid/team/lib.git@v1.0.0")


def _git_unreachable(scene: Scene) -> Asked:
    del scene
    env = {"GOPROXY": "direct", "GOSUMDB": "off", "GOVCS": "*:all"}
    return Asked(env, subject="corp.invalid/team/lib.git@v1.0.0")


def _govcs(_: Scene) -> Asked:
    env = {"GOPROXY": "direct", "GOSUMDB": "off", "GOVCS": "*:hg"}
    return Asked(env, subject="corp.invalid/team/lib.git@v1.0.0")


def _goauth(scene: Scene) -> Asked:
    server, ca = scene.tls()
    for name in ("list", "v1.2.3.info"):
        server.script(f"/{NO_GO_MOD}/@v/{name}", answer(status=401))
    env = {"GOPROXY": server.url, "GOSUMDB": "off", "SSL_CERT_FILE": str(ca)}
    return Asked({**env, "GOAUTH": "/no/such/helper"})


def _subject(subject: str, *go: str) -> World:
    return lambda scene: Asked(scene.env(), subject=subject, go=go)


def _login_over_http(scene: Scene) -> Asked:
    url = scene.sim.url.replace("http://", "http://user:secret@")
    return Asked({"GOPROXY": url, "GOSUMDB": "off"})


def _evil(name: str) -> World:
    def world(scene: Scene) -> Asked:
        mv = ModuleVersion("std.example/evil", "v1.0.0")
        scene.sim.publish_evil(mv, EVIL[name](mv))
        return Asked(scene.env(), subject=str(mv))

    return world


def _goflags(scene: Scene) -> Asked:
    return Asked(scene.env(GOFLAGS="-nosuchflag"))


# The cause that each world has, and the world; the names are pytest's.
WORLDS: Final[Mapping[str, tuple[str, World]]] = {
    "unknown host": ("network.dns", _dns),
    "nobody listens": ("network.refused", _refused),
    "reset": ("network.reset", _replies(resetting(b""))),
    "closed": ("network.eof", _replies(closing(b""))),
    "reset in the zip": ("download.reset", _reset_in_the_zip),
    "silent": ("network.timeout", _silent),
    "silent handshake": ("tls.handshake_timeout", _handshake),
    "http on an https port": ("tls.plain_http", _plain),
    "unknown authority": ("tls.unknown_authority", _unknown_authority),
    "GOINSECURE for a proxy": ("env.folklore", _goinsecure),
    "expired": ("tls.expired", _expired),
    "not yet valid": ("tls.expired", _not_yet),
    "wrong name": ("tls.wrong_name", _wrong_name),
    "CONNECT 407": (
        "proxy.auth",
        _web_proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
    ),
    "CONNECT 403": ("proxy.denied", _web_proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n")),
    "CONNECT 503": (
        "proxy.unreachable",
        _web_proxy(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
    ),
    "no web proxy": ("proxy.refused", _proxy_at("http://127.0.0.1:{}")),
    "no SOCKS proxy": ("proxy.refused", _proxy_at("socks5://127.0.0.1:{}")),
    "unknown web proxy": ("proxy.dns", _proxy_at("http://webproxy.invalid:3128")),
    "misspelt web proxy": ("proxy.scheme", _proxy_at("htp://webproxy.invalid:3128")),
    "HTTP/2 stream reset": (
        "http.h2_stream",
        _http2(lambda made: made.reset_stream(1, ErrorCodes.INTERNAL_ERROR)),
    ),
    "HTTP/2 GOAWAY": (
        "http.h2_goaway",
        _http2(lambda made: made.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)),
    ),
    "400": ("http.400", _status(400)),
    "401": ("http.401", _status(401)),
    "403": ("http.403", _status(403)),
    "404": ("http.404", _status(404)),
    "410": ("http.410", _status(410)),
    "429": ("http.429", _status(429)),
    "500": ("http.500", _status(500)),
    "503": ("http.503", _status(503)),
    "fetch timed out": ("http.404_timeout", _fault("fetch_timed_out")),
    "redirect loop": ("http.redirects", _fault("redirect_loop")),
    "redirect to http": ("http.insecure_redirect", _insecure_redirect),
    "portal": ("http.captive_portal", _portal),
    "page for all": ("http.captive_portal", _fault("html")),
    "page for list": ("http.captive_portal", _html_list),
    "page for zip": ("http.captive_portal", _fault("html", glob="*.zip")),
    "damaged info": ("protocol.info_json", _bad_info),
    "zip cut on the way": ("download.truncated", _cut_zip),
    "zip cut in the mirror": ("download.truncated_cached", _cut_copy),
    "zip with swapped bytes": ("sum.altered", _swapped_zip),
    "rewritten zip": ("sum.sumdb_mismatch", _rewritten),
    "zip with a file outside": ("zip.rule", _evil("escaped prefix")),
    "zip with names that collide": ("zip.rule", _evil("case collision")),
    "database of another key": ("sum.unknown_key", _sum("unknown_key")),
    "broken signature": ("sum.bad_signature", _sum("wrong_signature")),
    "forged tile": ("sum.forged", _sum("forge_tile", 0)),
    "record without a line": ("sum.absent", _half_a_record),
    "forked database": ("sum.fork", _fork),
    "database gone back": ("sum.rollback", _rollback),
    "database ill": ("sum.server_error", _sum_fault("fail", "*/lookup/*", status=500)),
    "page for a record": ("sum.captive_portal", _sum_fault("html", "*/lookup/*")),
    "database out of reach": ("sum.unreachable", _sumdb_dns),
    "private name at the database": ("sum.private_leak", _unknown_to_database),
    "pattern that misses": ("sum.private_leak", _private_leak),
    "GOPRIVATE goes direct": ("env.goprivate_direct", _goprivate),
    "no git": ("vcs.git_missing", _git_missing),
    "git host out of reach": ("vcs.unreachable", _git_unreachable),
    "GOVCS forbids": ("env.govcs", _govcs),
    "GOAUTH without helper": ("env.goauth", _goauth),
    "off": ("env.goproxy_off", _goproxy("off")),
    "bad scheme": ("env.goproxy_scheme", _goproxy("ftp://goproxy.corp.example")),
    "empty list": ("env.goproxy_empty", _goproxy(",")),
    "relative file": ("env.goproxy_file", _goproxy("file://srv/goproxy")),
    "login over http": ("http.credentials_insecure", _login_over_http),
    "unknown flag": ("env.goflags", _goflags),
    "malformed GOSUMDB": (
        "env.gosumdb",
        lambda scene: Asked(scene.env(GOSUMDB="a b c")),
    ),
    "no such version": ("version.unknown", _subject(f"{NO_GO_MOD}@v1.9.9")),
    "no such branch": (
        "version.unknown_revision",
        _subject(f"{NO_GO_MOD}@develop"),
    ),
    "no such module": (
        "version.no_match",
        _subject("std.example/nosuchmodule", "get", "std.example/nosuchmodule@latest"),
    ),
    "v2 without suffix": ("version.major_suffix", _subject("std.example/scale@v2.1.0")),
    "package for a module": (
        "version.no_package",
        _subject(f"{NO_GO_MOD}/pkg@v1.2.3", "get", f"{NO_GO_MOD}/pkg@v1.2.3"),
    ),
    "no host in path": ("module.malformed_path", _subject("plain@v1.0.0")),
}
