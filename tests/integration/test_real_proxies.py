"""A sync through real web proxies: squid, tinyproxy, dante and microsocks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.site import OK, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

pytestmark = pytest.mark.long
PATH = "proxied.example/m"
# Where Debian has them, and users do not look.
SQUID, DANTED = "/usr/sbin/squid", "/usr/sbin/danted"
_PROGRAMS = ("tinyproxy", "microsocks", SQUID, DANTED)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*command: str | Path, port: int) -> Iterator[None]:
    programs = [str(each) for each in command if str(each) in _PROGRAMS]
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


class ProxiedSite(Site):
    """A site whose way out is a web proxy; loopback by a name that nobody takes for it.

    Attributes:
        web_proxy: HTTP_PROXY of its commands.
    """

    web_proxy = ""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"HTTP_PROXY": self.web_proxy}


def check_way_out(
    folder: Path, command: Sequence[str | Path], scheme: str, port: int, login: str
) -> None:
    """Sync through a proxy; without it, or without its login, nothing is reached."""
    with Simulator() as sim:
        sim.publish(module(PATH, "v1.0.0"))
        upstream = {"proxies": sim.url.replace("127.0.0.1", "127.1")}
        site = ProxiedSite(folder / "site", sim, modules=[PATH], upstream=upstream)
        with running(*command, port=port):
            site.web_proxy = f"{scheme}://{login}127.0.0.1:{port}"
            site.sync(expect=OK)
            assert len(site.carried()) == 1
            if login:
                site.web_proxy = f"{scheme}://127.0.0.1:{port}"
                refused = site.sync("--refresh", expect=UNAVAILABLE)
                assert f"the web proxy {scheme}://127.0.0.1" in str(refused.failed)
        away = site.sync("--refresh", expect=UNAVAILABLE)
        assert "takes no connection" in str(away.failed)


@pytest.mark.parametrize("login", ["", "joe:tiger@"])
def test_a_sync_goes_through_tinyproxy(tmp_path: Path, login: str) -> None:
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "MaxClients 50", "Timeout 60"]
    lines += ["BasicAuth joe tiger"] if login else []
    (tmp_path / "tinyproxy.conf").write_text("\n".join([*lines, ""]))
    command = ("tinyproxy", "-d", "-c", tmp_path / "tinyproxy.conf")
    check_way_out(tmp_path, command, "http", port, login)


@pytest.mark.parametrize("login", ["", "joe:tiger@"])
def test_a_sync_goes_through_microsocks(tmp_path: Path, login: str) -> None:
    port = free_port()
    named = ("-u", "joe", "-P", "tiger") if login else ()
    command = ("microsocks", "-i", "127.0.0.1", "-p", str(port), *named)
    check_way_out(tmp_path, command, "socks5h", port, login)


def squid(folder: Path, port: int, login: str) -> list[str | Path]:
    """Write a configuration; return the command."""
    lines = [
        f"http_port 127.0.0.1:{port}",
        "cache deny all",
        "access_log none",
        f"cache_log {folder}/cache.log",
        f"pid_filename {folder}/squid.pid",
        f"coredump_dir {folder}",
        "pinger_enable off",
        "shutdown_lifetime 0 seconds",
    ]
    if login:
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "tiger"],
            capture_output=True,
            text=True,
            check=True,
        )
        (folder / "logins").write_text(f"joe:{hashed.stdout}")
        lines += [
            f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/logins",
            "acl known proxy_auth REQUIRED",
            "http_access allow known",
        ]
    lines += ["http_access deny all" if login else "http_access allow all", ""]
    (folder / "squid.conf").write_text("\n".join(lines))
    command: list[str | Path] = [SQUID, "-N", "-n", f"gosync{port}", "-f"]
    command.append(folder / "squid.conf")
    if os.geteuid() == 0:  # it refuses root
        command[:0] = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    return command


@pytest.mark.parametrize("login", ["", "joe:tiger@"])
def test_a_sync_goes_through_squid(tmp_path: Path, login: str) -> None:
    port = free_port()
    check_way_out(tmp_path, squid(tmp_path, port, login), "http", port, login)


def test_a_sync_goes_through_dante(tmp_path: Path) -> None:
    """Its logins are the system's: without one."""
    port = free_port()
    lines = [
        f"logoutput: {tmp_path}/dante.log",
        f"internal: 127.0.0.1 port = {port}",
        "external: lo",
        "socksmethod: none",
        "clientmethod: none",
        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
        "",
    ]
    (tmp_path / "danted.conf").write_text("\n".join(lines))
    command: list[str | Path] = [DANTED, "-f", tmp_path / "danted.conf"]
    check_way_out(tmp_path, command, "socks5h", port, "")
