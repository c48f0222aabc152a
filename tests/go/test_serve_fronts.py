"""nginx, Caddy and Varnish in front of ``gosync serve``, by the samples, with go."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import escape_path
from tests.go.mirrors import find_nginx
from tests.integration.forked import CHECKOUT
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import UPPER, publish_standard
from tests.simulator.tls import make_server_context

pytestmark = [pytest.mark.go, pytest.mark.long]

_NGINX = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_a_front_serves_the_tree_and_passes_on_what_it_lacks(
    tmp_path: Path, name: str
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        folder = tmp_path / "site"
        folder.mkdir()
        site = pulling_site(folder, sim, workers=1)
        start = {"nginx": _nginx, "caddy": _caddy}[name]
        with (
            Serving(site.folder, environment=site.environment) as server,
            start(tmp_path / "front", site.tree, server.url) as url,
            GoClient(tmp_path / "go", goproxy=url, gosumdb=sim.gosumdb) as client,
        ):
            client.run("mod", "init", "a.example/m")
            client.run("get", f"{UPPER}@latest")
            listed = client.run("list", "-m", "-versions", UPPER)
            server.stop()
            client.clean()
            client.run("mod", "download", "-x")  # the front has it from the disk

        assert "v1.2.0-RC.1" in listed
        assert sim.counts()[RequestKind.ZIP] == 1


def test_varnish_keeps_what_it_has_had_and_drops_a_module_by_its_key(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        folder = tmp_path / "site"
        folder.mkdir()
        site = pulling_site(folder, sim, workers=1, fresh_seconds=0)
        with (
            Serving(site.folder, environment=site.environment) as server,
            _varnish(tmp_path / "front", server.url) as url,
            GoClient(tmp_path / "go", goproxy=url, gosumdb=sim.gosumdb) as client,
        ):
            client.run("mod", "init", "a.example/m")
            client.run("get", f"{UPPER}@latest")
            listed = client.run("list", "-m", "-versions", UPPER)
            address = url.removeprefix("http://")
            module = f"/{escape_path(UPPER)}"
            before = _ask(address, "GET", f"{module}/@v/list")
            refused = _ask(address, "BAN", "/", key="module:.*")
            server.stop()
            client.clean()
            client.run("mod", "download", "-x")  # the cache has it
            kept = _ask(address, "GET", f"{module}/@v/list")
            dropped = _ask(address, "BAN", "/", key=f"module:{UPPER}")
            gone = _ask(address, "GET", f"{module}/@v/list")

        assert "v1.2.0-RC.1" in listed
        assert sim.counts()[RequestKind.ZIP] == 1
        assert kept == before
        assert (refused[0], dropped[0], gone[0]) == (403, 200, 503)


def test_nginx_redirects_to_https_and_compresses_pages(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    page = b"<!DOCTYPE html><title>a mirror</title>" + 500 * b"<p>a module</p>"
    (tree / "index.html").write_bytes(page)
    plain, secure = _free_port(), _free_port()
    _, pem = make_server_context(tmp_path)
    key = tmp_path / "key.pem"
    changes = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "root /srv/goproxy;": f'root "{tree}";',
        "/etc/ssl/mirror.example.com.pem": str(pem),
        "/etc/ssl/private/mirror.example.com.key": str(key),
    }
    folder = tmp_path / "front"
    folder.mkdir()
    user = "user root;" if Path("/root").owner() == "root" else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, folder=folder))
    (folder / "site.conf").write_text(_sample("nginx-https.conf", changes))
    with _running([find_nginx(), "-p", str(folder), "-c", str(config)], plain):
        with closing(http.client.HTTPConnection("127.0.0.1", plain)) as connection:
            connection.request(
                "GET", "/a.example/!m/@v/list?x=1", headers={"Host": "m"}
            )
            moved = connection.getresponse()
            assert moved.status == 301
            assert moved.headers["Location"] == "https://m/a.example/!m/@v/list?x=1"
        context = ssl.create_default_context(cafile=str(pem))
        with closing(
            http.client.HTTPSConnection("127.0.0.1", secure, context=context)
        ) as connection:
            connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Strict-Transport-Security"]
            assert gzip.decompress(answer.read()) == page


def _ask(address: str, method: str, path: str, *, key: str = "") -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
        connection.request(method, path, headers={"Surrogate-Key": key} if key else {})
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def _varnish(folder: Path, server: str) -> Iterator[str]:
    command = shutil.which("varnishd", path=f"{os.environ['PATH']}:/usr/sbin")
    if command is None:
        pytest.skip("no varnishd on PATH; .ci/setup all installs it")
    folder.mkdir()
    port = _free_port()
    host, _, behind = server.removeprefix("http://").partition(":")
    changes = {
        '.host = "127.0.0.1";': f'.host = "{host}";',
        '.port = "8081";': f'.port = "{behind}";',
    }
    config = folder / "gosync.vcl"
    config.write_text(_sample("varnish.vcl", changes))
    own = [command, "-F", "-j", "none", "-n", str(folder / "state")]
    own += ["-a", f"127.0.0.1:{port}", "-f", str(config), "-s", "malloc,64m"]
    with _running(own, port):
        yield f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _sample(name: str, changes: Mapping[str, str]) -> str:
    text = (CHECKOUT / "samples" / name).read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@contextmanager
def _nginx(folder: Path, tree: Path, server: str) -> Iterator[str]:
    folder.mkdir()
    port = _free_port()
    config = folder / "nginx.conf"
    user = "user root;" if Path("/root").owner() == "root" else ""
    config.write_text(_NGINX.format(user=user, folder=folder))
    changes = {
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "root /srv/goproxy;": f'root "{tree}";',
        "127.0.0.1:8081": server.removeprefix("http://"),
    }
    (folder / "site.conf").write_text(_sample("nginx-serve.conf", changes))
    with _running([find_nginx(), "-p", str(folder), "-c", str(config)], port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _caddy(folder: Path, tree: Path, server: str) -> Iterator[str]:
    command = shutil.which("caddy")
    if command is None:
        pytest.skip("no caddy on PATH; .ci/setup installs it")
    folder.mkdir()
    port = _free_port()
    config = folder / "Caddyfile"
    changes = {
        "mirror.example.com {": f"http://127.0.0.1:{port} {{",
        "/srv/goproxy": str(tree),
        "127.0.0.1:8081": server.removeprefix("http://"),
    }
    text = "{\n\tadmin off\n\tauto_https off\n}\n" + _sample("Caddyfile", changes)
    config.write_text(text)
    with _running([command, "run", "--config", str(config)], port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait()
