"""Uploads: a token with the prefixes it may write puts a zip into the mirror."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import OK, Site
from tests.integration.uploading import LIB, OTHER, TOKEN, put, upload_section, zip_of
from tests.simulator import Simulator

RULES = [{"modules": ["corp.example/team/*", "public.example/*"], "users": ["ci"]}]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    keys = upload_section(tmp_path_factory.mktemp("logins"))
    with Simulator() as sim:
        site = pulling_site(
            folder,
            sim,
            upstream={"private": ["corp.example/*"]},
            workers=1,
            **keys,
        )
        site.declare(**{"serve.upload": RULES})
        yield site


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Serving]:
    with Serving(site.folder, environment=site.environment) as started:
        yield started


def test_an_upload_is_pinned_published_and_never_changes(site: Site, server: Serving):
    name = f"{LIB}/@v/v1.0.0.zip"
    assert put(server, name, zip_of("v1.0.0"))[0] == 201
    assert put(server, name, zip_of("v1.0.0"))[0] == 200
    status, text = put(server, name, zip_of("v1.0.0", "package lib // other\n"))
    assert (status, "never changes" in text or "released before" in text) == (409, True)
    shown = site.run("show", f"{LIB}@v1.0.0", expect=OK).document
    assert shown["proof"] == "pinned"
    assert (site.tree / name).is_file()
    assert (site.tree / LIB / "@v" / "list").read_text() == "v1.0.0\n"
    site.run("verify", expect=OK)


@pytest.mark.parametrize(
    ("name", "body", "token", "status"),
    [
        (f"{LIB}/@v/v1.1.0.zip", zip_of("v1.1.0"), "", 401),
        (f"{LIB}/@v/v1.1.0.zip", zip_of("v1.1.0"), OTHER, 403),
        ("corp.example/else/@v/v1.1.0.zip", zip_of("v1.1.0"), TOKEN, 403),
        ("public.example/m/@v/v1.1.0.zip", zip_of("v1.1.0"), TOKEN, 403),
        (f"{LIB}/@v/v1.1.0.mod", b"module x\n", TOKEN, 400),
        (f"{LIB}/@v/main.zip", zip_of("v1.1.0"), TOKEN, 400),
        (f"{LIB}/@v/v2.0.0.zip", zip_of("v2.0.0"), TOKEN, 400),
        (f"{LIB}/@v/v1.1.0.zip", b"no zip", TOKEN, 422),
        (f"{LIB}/@v/v1.1.0.zip", zip_of("v1.2.0"), TOKEN, 422),
        (f"{LIB}/v3/@v/v3.0.0.zip", zip_of("v3.0.0"), TOKEN, 422),
        (f"{LIB}/@v/v1.1.0.zip", bytes(2 << 20), TOKEN, 413),
    ],
)
def test_what_may_not_be_written_or_breaks_a_rule_is_refused(
    site: Site, server: Serving, name: str, body: bytes, token: str, status: int
):
    said, text = put(server, name, body, token)
    assert (said, text) == (status, text)
    assert not (site.tree / name).exists()
    assert not list((site.store / "serve").glob("uploads/*"))


def test_the_zip_of_another_module_is_refused(server: Serving):
    body = _renamed("v1.1.0")
    assert put(server, f"{LIB}/@v/v1.1.0.zip", body)[0] == 422


def _renamed(version: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{LIB}@{version}/go.mod", "module corp.example/other\n")
    return data.getvalue()


def test_a_token_is_kept_as_a_hash_alone(site: Site):
    sections = site.run("config", "show", expect=OK).stdout
    assert TOKEN not in sections
    assert hashlib.sha256(TOKEN.encode()).hexdigest() not in sections


def test_rules_without_logins_are_refused(tmp_path: Path):
    with Simulator() as sim:
        site = pulling_site(tmp_path, sim)
        site.declare(**{"serve.upload": RULES})
        refused = site.run("config", "check")
    assert refused.code == 2
    assert "file of logins" in refused.stdout
