"""A checksum database of the site's own: real gos with GOSUMDB set to it alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.go.golangs import NEWEST, TRIED, need_go
from tests.go.test_setup_go import Machine
from tests.integration.house import NAME, verifier_of, with_house_log
from tests.integration.inprocess import InProcessSite
from tests.integration.pulling import pulling_site
from tests.integration.repositories import commit
from tests.integration.serving import Serving
from tests.integration.site import OK
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import (
    PRIVATE,
    PROGRAM,
    PROGRAM_OUTPUT,
    module,
    program_module_versions,
    publish_standard,
)

GIT_HOST = "git.example"
MODULES = sorted({PRIVATE, *(each.path for each in program_module_versions())})
pytestmark = pytest.mark.go


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=300) as sim:
        publish_standard(sim)
        yield sim


@pytest.fixture(scope="module")
def site(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> InProcessSite:
    folder = tmp_path_factory.mktemp("site")
    site = InProcessSite(
        folder / "site", sim, modules=[PROGRAM, PRIVATE], private=["corp.example"]
    )
    site.select(MODULES)
    with_house_log(site, folder / "key")
    site.sync(expect=OK)
    return site


@pytest.mark.parametrize("version", TRIED)
def test_one_database_covers_public_and_private_modules(
    site: InProcessSite, tmp_path: Path, version: str
) -> None:
    go = need_go(version)
    with GoClient(
        tmp_path / "go", goproxy=site.tree.as_uri(), gosumdb=verifier_of(site), go=go
    ) as client:
        client.run("install", f"{PROGRAM}@v1.1.0")
        built = client.folder / "gopath/bin/program"
        said = subprocess.run([built], capture_output=True, text=True, check=True)
        assert said.stdout == PROGRAM_OUTPUT
        client.run("mod", "init", "a.example/m")
        client.run("mod", "download", "-json", f"{PRIVATE}@v1.1.0")
        cached = client.modcache / "cache/download/sumdb"
        assert {each.name for each in cached.iterdir()} == {NAME}


def test_the_setup_script_names_this_database(site: InProcessSite, tmp_path: Path):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    machine.env_file.parent.mkdir(parents=True)
    machine.env_file.write_text("GONOSUMDB=corp.example\n")  # as a script set it before
    done = machine.set_up(site.tree.as_uri())
    assert done.returncode == 0, done.stderr
    assert machine.settings()["GOSUMDB"] == verifier_of(site)
    done = machine.run("go", "mod", "download", "-modcacherw", f"{PRIVATE}@v1.1.0")
    assert done.returncode == 0, done.stderr
    proven = tmp_path / "home/go/pkg/mod/cache/download/sumdb" / NAME / "lookup"
    assert (proven / f"{PRIVATE}@v1.1.0").is_file()
    assert verifier_of(site) in (site.tree / "setup.ps1").read_text()


@pytest.mark.long
def test_a_client_follows_the_log_as_it_grows(
    sim: Simulator, site: InProcessSite, tmp_path: Path
) -> None:
    with GoClient(
        tmp_path / "go",
        goproxy=site.tree.as_uri(),
        gosumdb=verifier_of(site),
    ) as client:
        client.run("mod", "init", "a.example/m")
        for number in range(2, 5):
            new = [f"grow{number}.example/m{below}" for below in range(number * 60)]
            for path in new:
                sim.publish(module(path, "v1.0.0"))
            site.select([*MODULES, *new])
            site.sync("--refresh", expect=OK)
            client.run("mod", "download", f"{new[0]}@v1.0.0", f"{new[-1]}@v1.0.0")
            client.run("clean", "-modcache")
            client.run("mod", "download", f"{PRIVATE}@v1.0.0", f"{PROGRAM}@v1.1.0")
    site.run("verify", expect=OK)


@pytest.mark.long
def test_a_server_records_what_it_brings_on_demand(
    sim: Simulator, tmp_path: Path
) -> None:
    lib = f"{GIT_HOST}/team/lib"
    files = {"go.mod": f"module {lib}\n\ngo 1.21\n", "lib.go": "package lib\n"}
    commit(tmp_path / "git" / "team" / "lib.git", files, "v1.0.0")
    site = pulling_site(tmp_path / "site", sim, workers=1)
    with_house_log(site, tmp_path / "key")
    url = f"{(tmp_path / 'git').as_uri()}/{{path}}.git"
    site.declare(private=[{"pattern": GIT_HOST, "git": url}])
    with (
        Serving(site.folder, environment=site.environment) as server,
        GoClient(
            tmp_path / "go", goproxy=server.url, gosumdb=verifier_of(site)
        ) as client,
    ):
        client.run("install", f"{PROGRAM}@v1.1.0")
        client.run("mod", "init", "a.example/m")
        client.run("get", f"{lib}@main")
        client.run("get", f"{PROGRAM}@latest")
        assert f"{lib} v1.0.0" in (client.work / "go.mod").read_text()
    site.run("verify", expect=OK)
