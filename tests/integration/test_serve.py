"""``gosync serve TREE``: any static tree over HTTP, without a configuration."""

import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import brotli
import httpx
import pytest
import zstandard

from gosync.serve.logins import format_password, format_token
from tests.integration.serving import Serving
from tests.simulator.tls import make_server_context

MODULE = "/rsc.io/!quote/@v"
_SMUGGLED = (
    b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 4\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
)
_TWO_LENGTHS = (
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
    b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"
)
ZIP = bytes(range(256)) * 8192  # above what is kept in memory


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return make_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def server(tree, tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("server"), tree) as started:
        yield started


def make_tree(root: Path) -> Path:
    folder = root / "rsc.io/!quote/@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text("".join(f"v1.{n}.0\n" for n in range(300)))
    (folder / "v1.0.0.info").write_text('{"Version":"v1.0.0"}')
    (folder / "v1.0.0.mod").write_text("module rsc.io/Quote\n")
    (folder / "v1.0.0.zip").write_bytes(ZIP)
    (folder / "v2.0.0+incompatible.mod").write_text("module rsc.io/Quote\n")
    (folder / "master.info").write_text('{"Version":"v1.0.0"}')
    (folder / "index.html").write_text("<p>Quote</p>")
    (root / "rsc.io/!quote/@latest").write_text('{"Version":"v1.0.0"}')
    tile = root / "sumdb/sum.golang.org/tile/8/0"
    tile.mkdir(parents=True)
    (tile / "000").write_bytes(b"\0" * 8192)
    (root / ".gosync").mkdir()
    (root / ".gosync/secret").write_text("no")
    return root


@pytest.mark.parametrize(
    ("path", "content_type", "caching"),
    [
        (f"{MODULE}/v1.0.0.mod", "text/plain; charset=utf-8", "immutable"),
        (f"{MODULE}/v1.0.0.zip", "application/zip", "immutable"),
        (f"{MODULE}/v1.0.0.info", "application/json", "max-age=86400"),
        (f"{MODULE}/master.info", "application/json", "max-age=60"),
        (f"{MODULE}/list", "text/plain; charset=utf-8", "max-age=60"),
        ("/rsc.io/!quote/@latest", "application/json", "max-age=60"),
        (f"{MODULE}/", "text/html; charset=utf-8", "max-age=60"),
        (
            "/sumdb/sum.golang.org/tile/8/0/000",
            "application/octet-stream",
            "immutable",
        ),
        (f"{MODULE}/v2.0.0+incompatible.mod", "text/plain; charset=utf-8", "immutable"),
        (
            "/rsc.io/%21quote/@v/v2.0.0%2Bincompatible.mod",
            "text/plain; charset=utf-8",
            "immutable",
        ),
    ],
)
def test_each_file_has_its_type_its_caching_and_a_tag(
    server, path, content_type, caching
):
    answer = server.get(path)

    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    assert caching in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) == len(answer.body)
    again = server.get(path, if_none_match=f'W/"x", {answer.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    head = server.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        *("/../etc/passwd", "/rsc.io/../rsc.io/!quote/@v/list", "/%2e%2e/etc/passwd"),
        *("/rsc.io/%2e%2e%2f%2e%2e%2fetc/passwd", "/rsc.io%00/@v/list", "//etc/passwd"),
        *("/.gosync/secret", "/rsc.io/%2egosync/x", "/rsc.io\\@v/list"),
        *(f"/{'a' * 256}/@v/list", "/" + "a/" * 2000, f"/{'%C3%A9' * 200}"),
    ],
)
def test_no_path_leads_out_of_the_tree(server, path):
    answer = server.get(path)

    assert answer.status == 400
    assert b"root" not in answer.body


@pytest.mark.parametrize("path", ["/rsc.io/Quote/@v/list", "/rsc.io", "/%252e%252e/x"])
def test_what_is_no_file_is_not_found(server, path):
    assert server.get(path).status == 404


def test_a_version_that_is_not_here_is_answered_with_what_is(server):
    answer = server.get(f"{MODULE}/v1.5.1.info")

    assert answer.status == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "not found: rsc.io/Quote@v1.5.1: this mirror does not carry it\n"
        "carried: v1.4.0, v1.5.0, v1.6.0, v1.7.0\n"
    )


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        ("bytes=0-9", 206, ZIP[:10], "bytes 0-9/2097152"),
        ("bytes=2097148-", 206, ZIP[-4:], "bytes 2097148-2097151/2097152"),
        ("bytes=-4", 206, ZIP[-4:], "bytes 2097148-2097151/2097152"),
        ("bytes=2097152-", 416, b"no such range\n", "bytes */2097152"),
        ("bytes=0-1,5-6", 200, ZIP, None),
        ("bytes=9-0", 200, ZIP, None),
        ("lines=0-1", 200, ZIP, None),
    ],
)
def test_a_range_is_sent_alone(server, asked, status, body, said):
    answer = server.get(f"{MODULE}/v1.0.0.zip", range=asked)

    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("content-range") == said


def test_a_range_of_another_file_is_the_whole(server):
    other = server.get(f"{MODULE}/v1.0.0.zip", range="bytes=0-1", if_range='"other"')

    assert (other.status, other.body) == (200, ZIP)


def test_a_list_is_compressed_for_who_takes_that(server):
    plain = server.get(f"{MODULE}/list")
    packed = server.get(f"{MODULE}/list", accept_encoding="br;q=0, gzip")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    zstd = server.get(f"{MODULE}/list", accept_encoding="gzip, zstd")
    assert zstd.headers["content-encoding"] == "zstd"
    assert zstandard.decompress(zstd.body) == plain.body
    best = server.get(f"{MODULE}/list", accept_encoding="gzip, deflate, br, zstd")
    assert best.headers["content-encoding"] == "br"
    assert brotli.decompress(best.body) == plain.body
    assert len({each.headers["etag"] for each in (plain, packed, zstd, best)}) == 4


def test_a_file_that_was_compressed_beforehand_is_sent(server, tree):
    page = tree / "rsc.io/long.html"
    page.write_text("<p>a page</p>" * 200)
    page.with_name("long.html.br").write_bytes(b"as brotli made it")
    packed = server.get("/rsc.io/long.html", accept_encoding="gzip, br")

    assert packed.headers["content-encoding"] == "br"
    assert packed.body == b"as brotli made it"
    part = server.get("/rsc.io/long.html", accept_encoding="br", range="bytes=0-2")
    assert (part.status, part.body) == (206, b"<p>")


def test_a_changed_file_is_seen_soon(server, tree):
    page = tree / "status.json"
    page.write_text("1")
    assert server.get("/status.json").body == b"1"
    other = tree / "new"
    other.write_text("2")
    other.replace(page)

    server.wait_until(lambda: server.get("/status.json").body == b"2")
    page.unlink()
    server.wait_until(lambda: server.get("/status.json").status == 404)


def test_other_methods_are_refused(server):
    answer = server.get(f"{MODULE}/list", method="DELETE")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_it_says_that_it_lives_is_ready_and_what_it_did(server):
    server.get(f"{MODULE}/v1.0.0.mod")

    assert server.get("/healthz").text == "ok\n"
    assert server.get("/readyz").text == "ready\n"
    assert 'requests_total{kind="mod",outcome="hit"}' in server.get("/metrics").text


@pytest.mark.parametrize(
    "request_bytes",
    [
        _SMUGGLED,
        _TWO_LENGTHS,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 2_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["both lengths", "two lengths", "a long header", "many headers", "no HTTP"],
)
def test_what_is_no_plain_request_gets_no_second_answer(server, request_bytes):
    answered = b""
    with (
        socket.create_connection(_address(server), timeout=30) as connection,
        suppress(OSError),
    ):
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65_536):
            answered += data

    assert answered.count(b"HTTP/1.1 200") == 0
    assert server.get("/healthz").status == 200


def test_slow_headers_of_many_hold_up_nobody(server):
    """A front cuts such clients off; here they cost memory, and no turn."""
    slow = []
    try:
        for _ in range(200):
            connection = socket.create_connection(_address(server), timeout=30)
            slow.append(connection)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"a")
            assert server.get(f"{MODULE}/v1.0.0.mod").status == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_killed_worker_and_a_stop(tree, tmp_path):
    log = tmp_path / "access.log"
    config = tmp_path / "gosync.toml"
    config.write_text(
        f'[serve]\naccess_log = "{log}"\nworkers = 1\nimmutable_days = 7\n'
        f'[store]\npath = "store"\n'
    )
    with Serving(tmp_path, tree, "--config", config) as server:
        answer = server.get(f"{MODULE}/v1.0.0.mod", user_agent="a test")
        assert "max-age=604800, immutable" in answer.headers["cache-control"]
        assert server.stop() == 0

    [line] = map(json.loads, log.read_text().splitlines())
    assert line["path"] == f"{MODULE}/v1.0.0.mod"
    assert (line["status"], line["outcome"], line["kind"]) == (200, "hit", "mod")
    assert (line["client"], line["agent"]) == ("127.0.0.1", "a test")
    assert line["id"] == answer.headers["x-request-id"]


@pytest.mark.long
def test_a_stop_finishes_what_is_under_way(tree, tmp_path):
    with Serving(tmp_path, tree) as server:
        connection = server.connect()
        connection.request("GET", f"{MODULE}/v1.0.0.zip")
        answer = connection.getresponse()
        ended = threading.Thread(target=server.stop)
        ended.start()
        body = answer.read()
        connection.close()
        ended.join()

    assert body == ZIP


def test_logins_and_tls(tree, tmp_path):
    context, certificate = make_server_context(tmp_path)
    del context
    logins = tmp_path / "logins"
    logins.write_text(
        "# people\n"
        f"{format_password('ada', 'pass word')}\n{format_token('ci', 'tok')}\n"
    )
    config = tmp_path / "gosync.toml"
    config.write_text(
        f'[store]\npath = "store"\n[serve]\nworkers = 1\nlogins = "{logins}"\n'
        f'access_log = "{tmp_path / "access.jsonl"}"\n'
        f'tls_certificate = "{certificate}"\ntls_key = "{tmp_path / "key.pem"}"\n'
        '[[serve.rule]]\nmodules = ["rsc.io/Quote"]\nusers = ["ci"]\n'
        '[[serve.rule]]\nmodules = ["open.example/*"]\nusers = ["*"]\n'
    )
    for name, needed_by in {"m": "rsc.io/%21quote", "n": "open.example/m"}.items():
        page = tree / f"open.example/{name}/@v/index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f'<a class=path href="../../../{needed_by}/@v/index.html">')
    trusted = ssl.create_default_context(cafile=certificate)
    with Serving(tmp_path, tree, "--config", config) as server:
        server.trust(trusted)
        ask = f"{MODULE}/list"
        nobody = server.get(ask)
        ada = server.get(ask, authorization="Basic YWRhOnBhc3Mgd29yZA==")
        wrong = server.get(ask, authorization="Basic YWRhOndyb25n")
        token = server.get(ask, authorization="Bearer tok")
        basic = server.get(ask, authorization="Basic Y2k6dG9r")
        lists = server.get("/index.html", authorization="Basic YWRhOnBhc3Mgd29yZA==")
        is_open = server.get("/open.example/m/@v/list")
        pages = [server.get(f"/open.example/{each}/@v/") for each in ("n", "m")]
        seen = server.get("/open.example/m/@v/", authorization="Bearer tok")
        trusted.maximum_version = ssl.TLSVersion.TLSv1_2
        old = server.get("/healthz")
        metrics = server.get("/metrics").text
    statuses = [each.status for each in (nobody, ada, wrong, token, basic, lists)]

    assert statuses == [401, 403, 401, 200, 200, 403]
    assert [each.status for each in (*pages, seen)] == [200, 401, 200]
    assert "https alone" in nobody.text
    assert nobody.headers["www-authenticate"].startswith("Basic ")
    assert (is_open.status, old.status) == (404, 200)
    assert token.headers["cache-control"].startswith("private, ")
    logged = server.logged() + (tmp_path / "access.jsonl").read_text() + metrics
    assert '"user":"ada"' in logged
    for secret in ("pass word", "YWRhOnBhc3Mgd29yZA", "YWRhOndyb25n", "Y2k6dG9r"):
        assert secret not in logged
    assert "Bearer" not in logged


def _make_client(folder):
    """Make an authority, clients.pem, and a certificate that it signed, ada.pem."""
    new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    sign = "x509 -req -in ada.csr -CA clients.pem"
    (folder / "use").write_text("extendedKeyUsage=clientAuth\n")
    for command in (
        f"{new} -x509 -keyout clients.key -out clients.pem -subj /CN=clients",
        f"{new} -keyout ada.key -out ada.csr -subj /CN=ada",
        f"{sign} -CAkey clients.key -CAcreateserial -out ada.pem -extfile use",
    ):
        subprocess.run(
            ["openssl", *command.split()], cwd=folder, check=True, capture_output=True
        )


def _address(server):
    host, _, port = server.url.rpartition("/")[2].partition(":")
    return host, int(port)


@pytest.mark.long
def test_http_2_client_certificates_and_a_certificate_that_changes(tree, tmp_path):
    """A client without a certificate is refused; HTTP/2 is offered to the others."""
    _, certificate = make_server_context(tmp_path)
    key = tmp_path / "key.pem"
    config = tmp_path / "gosync.toml"
    config.write_text(
        f'[store]\npath = "store"\n[serve]\nworkers = 1\ntls_key = "{key}"\n'
        f'tls_certificate = "{certificate}"\ntls_client_ca = "{tmp_path}/clients.pem"\n'
    )
    _make_client(tmp_path)
    known = ssl.create_default_context(cafile=certificate)
    known.load_cert_chain(tmp_path / "ada.pem", tmp_path / "ada.key")
    stranger = ssl.create_default_context(cafile=certificate)
    with Serving(tmp_path, tree, "--config", config) as server:
        with httpx.Client(http2=True, verify=known) as client:
            answer = client.get(f"{server.url}{MODULE}/v1.0.0.zip")
        server.trust(stranger)
        with pytest.raises((ssl.SSLError, OSError)):
            server.get("/healthz")
        os.kill(server.process.pid, signal.SIGHUP)  # as the watch does for a new file
        server.trust(known)
        server.wait_until(lambda: server.get("/healthz").status == 200)

    assert (answer.http_version, answer.content) == ("HTTP/2", ZIP)


@pytest.mark.long
def test_a_client_that_asks_too_much_is_told_to_wait(tree, tmp_path):
    config = tmp_path / "gosync.toml"
    config.write_text(
        f'[store]\npath = "store"\n[upstream]\nproxies = "file://{tree}"\n'
        'sumdb = "off"\n[serve]\nworkers = 1\npull_through = true\n'
        'misses_per_minute = 3\ntrusted_proxies = ["127.0.0.1"]\n'
    )
    with Serving(tmp_path, "--config", config) as server:
        paths = [f"/a.example/m/@v/v1.{n}.0.mod" for n in range(5)]
        first = [server.get(path, x_forwarded_for="10.0.0.1").status for path in paths]
        other = server.get(paths[0], x_forwarded_for="10.0.0.2")

    assert first == [404, 404, 404, 429, 429]
    assert other.status == 404
