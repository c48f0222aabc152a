"""A tree in a bucket, used by a real go: from the bucket itself, and through nginx."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import obstore
import pytest

from tests.go.mirrors import nginx
from tests.integration.objectsite import ObjectTreeSite
from tests.integration.site import CHECKOUT, OK, USAGE
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import BUCKET, ObjectServer
from tests.simulator.standard import UPPER, module, publish_standard

pytestmark = pytest.mark.go

PLUS = "example.com/plus"
_SAMPLE = CHECKOUT / "samples" / "nginx-s3.conf"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        publish_standard(sim)
        sim.publish(module(PLUS, "v2.0.0+incompatible"))
        yield sim


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    sim: Simulator,
    object_server: ObjectServer,
) -> Iterator[ObjectTreeSite]:
    folder = tmp_path_factory.mktemp("objects-go")
    with ObjectFaults(object_server.url).serving() as line:
        site = ObjectTreeSite(
            folder / "site",
            sim,
            server=object_server,
            line=line,
            prefix=f"go/{folder.name}",
            modules=[UPPER, PLUS],
        )
        site.sync()
        yield site


@pytest.fixture(params=["bucket", "nginx"])
def url(
    request: pytest.FixtureRequest, tmp_path: Path, site: ObjectTreeSite
) -> Iterator[str]:
    if request.param == "bucket":
        yield site.url
        return
    folder = tmp_path / "nginx"
    folder.mkdir()
    with nginx(folder, lambda port: sample_for(port, folder, site)) as port:
        yield f"http://127.0.0.1:{port}"


def sample_for(port: int, folder: Path, site: ObjectTreeSite) -> str:
    """Return the sample for another port, cache, object store and prefix."""
    text, service = _SAMPLE.read_text(), urlsplit(site.url)
    for old, new, count in (
        ("listen 8080;", f"listen 127.0.0.1:{port};", 1),
        ("/var/cache/nginx/goproxy", f"{folder}/cache", 1),
        ("127.0.0.1:8333", service.netloc, 2),
        ("/public/goproxy", service.path, 1),
    ):
        assert text.count(old) == count, old
        text = text.replace(old, new)
    return text


def test_go_builds_from_the_bucket(
    tmp_path: Path, site: ObjectTreeSite, sim: Simulator, url: str
) -> None:
    with GoClient(tmp_path / "go", goproxy=url, gosumdb=sim.gosumdb) as client:
        client.run("mod", "init", "a.example/m")
        client.run("get", f"{UPPER}@latest", f"{PLUS}@v2.0.0+incompatible")
        listed = client.run("list", "-m", "-versions", UPPER)
        client.run("mod", "verify")
        lacking = client.try_run("get", "not.example/here@v1.0.0")
    assert "v1.2.0-RC.1" in listed
    assert lacking.returncode == 1


@pytest.mark.long
def test_a_bundle_is_made_and_taken_into_another_bucket(
    tmp_path: Path, site: ObjectTreeSite, sim: Simulator, object_server: ObjectServer
) -> None:
    key = site.run("key", "new", "packer", "--dir", ".", expect=OK).document
    site.declare(target=[{"name": "inside", "keys": [key["secret_file"]]}])
    made = site.run("bundle", "create", "inside", "--out", ".", expect=OK).document
    inside = ObjectTreeSite(
        tmp_path / "inside",
        sim,
        server=object_server,
        line=site.line,
        prefix=f"go/inside-{tmp_path.name}",
    )
    inside.configure({"proxies": "off"})
    place = f"s3://{BUCKET}/go/store-{tmp_path.name}"
    inside.declare(
        bundle={"trust": "trust.toml"},
        store={"path": place, "local": "store", "min_free": "1MiB"},
    )
    (inside.folder / "trust.toml").write_text(key["trust"])
    inside.run("bundle", "import", made["folder"], expect=OK)
    with GoClient(tmp_path / "go", goproxy=inside.url, gosumdb=sim.gosumdb) as client:
        client.run("mod", "init", "a.example/m")
        client.run("get", f"{UPPER}@latest", f"{PLUS}@v2.0.0+incompatible")
    verify = ("verify", inside.location, "--offline", "--config", "gosync.toml")
    assert inside.run(*verify, expect=OK).document["target"] == inside.location
    inside.run("verify", "--offline", expect=OK)  # its own store
    zips = [key for key in inside.all_keys() if key.endswith(".zip")]
    obstore.put(inside.objects, zips[0], b"rotten")
    assert inside.run(*verify).code == 4
    inside.run(*verify, "--repair", expect=USAGE)


def test_a_plus_is_a_plus_however_it_is_written(url: str) -> None:
    folder = f"{url}/{PLUS}/@v"
    for name in ("v2.0.0+incompatible.info", "v2.0.0%2Bincompatible.info"):
        with urllib.request.urlopen(f"{folder}/{name}") as answer:
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["Cache-Control"] == "public, max-age=86400"
            assert b'"v2.0.0+incompatible"' in answer.read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{folder}/v2.0.0%20incompatible.info")
    for name in ("!acme/!widget", "%21acme/%21widget"):
        with urllib.request.urlopen(f"{url}/std.example/{name}/@v/list") as answer:
            assert answer.headers["Cache-Control"].startswith("public, max-age=60")


@pytest.mark.parametrize("url", ["nginx"], indirect=True)
def test_nginx_hands_out_the_tree_and_nothing_else(url: str) -> None:
    with urllib.request.urlopen(f"{url}/") as answer:
        assert answer.headers["Content-Type"].startswith("text/html")
    assert _ask(url, "/?list-type=2") == _ask(url, "/")
    for path in ("/../ready", "/a/%2e%2e/%2e%2e/ready", "/no.such/file"):
        status, body = _ask(url, path)
        assert status in {400, 404}, path
        assert b"<Error>" not in body
    status, body = _ask(url, "/std.example/!acme/!widget/@v/v9.9.9.info")
    assert status == 404
    assert b"this mirror does not carry it" in body


def _ask(url: str, path: str) -> tuple[int, bytes]:
    """Ask for a path as it is written."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.putrequest("GET", path)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
