"""Scanners asked of whatever way a version comes: pulled, uploaded, released."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.integration.inprocess import InProcessSite
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import MISSING, OK, Site
from tests.integration.test_admit import BAD, EICAR, GOOD, declare, infected, scanner
from tests.integration.uploading import (
    LIB,
    authorization,
    put,
    upload_section,
    zip_of,
)
from tests.simulator import Simulator
from tests.simulator.standard import module

_FINDS = '! grep -rq EICAR "$1" || { echo "x.com: FOUND"; exit 1; }'
_WITH_VIRUS = f"package lib\n\n// {EICAR}\n"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(GOOD, "v1.0.0"))
        sim.publish(infected("v1.0.0"))
        yield sim


@pytest.fixture
def serving_site(sim: Simulator, tmp_path: Path) -> Site:
    site = pulling_site(
        tmp_path / "site",
        sim,
        upstream={"private": ["corp.example/*"]},
        workers=1,
        **upload_section(tmp_path),
    )
    site.declare(**{"serve.upload": [{"modules": ["corp.example/*"], "users": ["ci"]}]})
    return site


def test_what_is_pulled_or_uploaded_is_shown_to_the_scanner(
    serving_site: Site, tmp_path: Path
):
    site = serving_site
    declare(site, command=[scanner(tmp_path, _FINDS), "{folder}"])
    with Serving(site.folder, environment=site.environment) as server:

        def get(path: str) -> tuple[int, str]:
            asked = Request(f"{server.url}/{path}", headers=authorization())
            try:
                with urlopen(asked) as answer:
                    return answer.status, answer.read().decode("latin-1")
            except HTTPError as error:
                return error.code, error.read().decode()

        assert get(f"{GOOD}/@v/v1.0.0.zip")[0] == 200
        status, text = get(f"{BAD}/@v/v1.0.0.zip")
        assert (status, "av: x.com: FOUND" in text) == (403, True), text
        assert get(f"{BAD}/@v/v1.0.0.mod")[0] in {200, 403}

        name = f"{LIB}/@v/v1.0.0.zip"
        status, text = put(server, name, zip_of("v1.0.0", _WITH_VIRUS))
        assert (status, "av: x.com: FOUND" in text) == (403, True), text
        assert get(name)[0] == 403
        again = put(server, name, zip_of("v1.0.0", _WITH_VIRUS))
        assert again[0] == 403
        assert put(server, f"{LIB}/@v/v1.1.0.zip", zip_of("v1.1.0"))[0] == 201
    assert not (site.tree / name).exists()
    assert (site.tree / LIB / "@v" / "list").read_text() == "v1.1.0\n"
    denied = site.run("policy", "list").document["decisions"]
    assert {each["modules"] for each in denied} == {f"{BAD}@v1.0.0", f"{LIB}@v1.0.0"}
    site.run("verify", expect=OK)


@pytest.mark.long
def test_an_upload_waits_for_a_scanner_that_says_nothing(
    serving_site: Site, tmp_path: Path
):
    site = serving_site
    word = tmp_path / "word"
    declare(site, command=[scanner(tmp_path, f"exit $(cat {word})")])
    word.write_text("2")
    name = f"{LIB}/@v/v1.0.0.zip"
    with Serving(site.folder, environment=site.environment) as server:
        status, text = put(server, name, zip_of("v1.0.0"))
        assert (status >= 500, "no verdict" in text) == (True, True), (status, text)
        assert not (site.tree / name).exists()
        word.write_text("0")
        assert put(server, name, zip_of("v1.0.0"))[0] == 201
    assert (site.tree / name).is_file()


def test_a_release_is_shown_to_the_scanner(sim: Simulator, tmp_path: Path):
    site = InProcessSite(
        tmp_path / "site", sim, modules=[GOOD], private=["corp.example"]
    )
    declare(site, command=[scanner(tmp_path, _FINDS), "{folder}"])
    site.sync(expect=OK)
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "go.mod").write_text(f"module {LIB}\n\ngo 1.21\n")
    (folder / "lib.go").write_text(_WITH_VIRUS)
    release = ("release", str(folder), "--as")
    refused = site.run(*release, f"{LIB}@v1.0.0", expect=MISSING).document
    assert refused["denied"].endswith("av: x.com: FOUND")
    assert not refused["published"]
    assert site.carried() == {f"{GOOD}@v1.0.0"}
    (folder / "lib.go").write_text("package lib\n")
    site.run(*release, f"{LIB}@v1.0.1", expect=OK)
    assert site.carried() == {f"{GOOD}@v1.0.0", f"{LIB}@v1.0.1"}

    # Undone by somebody who knows better: its zip is here.
    [decision] = site.run("policy", "list").document["decisions"]
    site.run("policy", "undo", decision["id"], expect=OK)
    site.run("publish", expect=OK)
    assert f"{LIB}@v1.0.0" in site.carried()
    site.run("verify", expect=OK)
