"""The real go through ``gosync serve`` with pull-through, from an empty store."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.demo.modules import commit_hash
from gosync.gomod.module import ModuleVersion
from tests.go.golangs import TRIED, need_go
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import (
    PROGRAM,
    PROGRAM_OUTPUT,
    PSEUDO_NEW,
    PSEUDO_ONLY,
    UPPER,
    publish_standard,
)
from tests.simulator.tls import make_server_context

pytestmark = pytest.mark.go


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=10) as started:
        publish_standard(started)
        yield started


@pytest.fixture(scope="module", params=TRIED)
def go(request: pytest.FixtureRequest) -> Path:
    """Return a go command; each has a store of its own, empty at first."""
    return need_go(request.param)


@pytest.fixture(scope="module")
def site(go: Path, sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return pulling_site(tmp_path_factory.mktemp("site"), sim)


@pytest.fixture(scope="module")
def server(sim: Simulator, site: Site) -> Iterator[Serving]:
    with Serving(site.folder, environment=site.environment) as started:
        yield started
        started.stop()
        site.check(sim)


@pytest.fixture
def client(
    go: Path, sim: Simulator, server: Serving, tmp_path: Path
) -> Iterator[GoClient]:
    env = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    with GoClient(
        tmp_path / "go", goproxy=server.url, gosumdb=sim.gosumdb, go=go, env=env
    ) as started:
        started.run("mod", "init", "a.example/m")
        yield started


def test_go_builds_from_an_empty_store_and_from_the_tree_after_it(
    go: Path, sim: Simulator, site: Site, client: GoClient, tmp_path: Path
) -> None:
    client.run("install", f"{PROGRAM}@v1.1.0")
    built = subprocess.run(
        [client.folder / "gopath/bin/program"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert built.stdout == PROGRAM_OUTPUT
    offline = f"file://{site.tree}"
    with GoClient(
        tmp_path / "other", goproxy=offline, gosumdb=sim.gosumdb, go=go
    ) as other:
        other.run("install", f"{PROGRAM}@v1.1.0")


def test_go_gets_latest_a_branch_and_a_commit(sim: Simulator, client: GoClient) -> None:
    commit = commit_hash(sim.publication(ModuleVersion(UPPER, "v1.0.0")).source)
    client.run("get", f"{UPPER}@latest", f"{PSEUDO_ONLY}@latest")
    assert PSEUDO_NEW in _go_mod(client)
    assert f"{UPPER} v1.1.0" in _go_mod(client)
    for digits in (12, 40):
        client.run("get", f"{UPPER}@{commit[:digits]}")
        assert f"{UPPER} v1.0.0" in _go_mod(client)
    client.run("get", f"{UPPER}@main")
    listed = client.run("list", "-m", "-versions", UPPER)

    assert listed.split() == [UPPER, "v1.0.0", "v1.1.0", "v1.2.0-RC.1"]


@pytest.mark.long
@pytest.mark.parametrize(
    "lacks", [["*/@latest"], ["*/@v/list"], ["*/@latest", "*/@v/list"]]
)
def test_upgrades_are_found_where_upstream_lacks_an_answer(
    sim: Simulator, tmp_path: Path, lacks: list[str]
) -> None:
    site = pulling_site(tmp_path / "site", sim, workers=1)
    try:
        for glob in lacks:
            sim.fail(glob, status=404, body=b"not found\n")
        with (
            Serving(site.folder, environment=site.environment) as server,
            GoClient(
                tmp_path / "go", goproxy=server.url, gosumdb=sim.gosumdb
            ) as client,
        ):
            client.run("mod", "init", "a.example/m")
            client.run("get", f"{UPPER}@v1.0.0")
            said = client.run("list", "-m", "-u", "all")
    finally:
        sim.clear()

    assert f"{UPPER} v1.0.0" in said
    if "*/@v/list" not in lacks:
        assert "[v1.1.0]" in said


@pytest.mark.long
def test_a_404_and_a_403_tell_what_is_wrong(sim: Simulator, tmp_path: Path) -> None:
    site = pulling_site(
        tmp_path / "site", sim, workers=1, deny=[UPPER], contact="ops@a.example"
    )
    with (
        Serving(site.folder, environment=site.environment) as server,
        GoClient(tmp_path / "go", goproxy=server.url, gosumdb=sim.gosumdb) as client,
    ):
        client.run("mod", "init", "a.example/m")
        denied = client.try_run("get", f"{UPPER}@latest").stderr
        lost = client.try_run("list", "-m", "-versions", "std.example/none").stderr

    assert "serve.deny names the module" in denied
    assert "ops@a.example" in denied
    assert "404" in lost
    assert "not found" in lost


@pytest.mark.long
def test_go_asks_over_tls_with_a_login(sim: Simulator, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    _, certificate = make_server_context(tmp_path)
    logins = tmp_path / "logins"
    site = pulling_site(
        folder,
        sim,
        workers=1,
        logins=str(logins),
        tls_certificate=str(certificate),
        tls_key=str(tmp_path / "key.pem"),
    )
    made = site.run("serve", "--token", "ci").document
    logins.write_text(f"{made['line']}\n")
    env = {"SSL_CERT_FILE": str(certificate), "NETRC": str(tmp_path / "netrc")}
    with (
        Serving(site.folder, environment=site.environment) as server,
        GoClient(
            tmp_path / "go", goproxy=server.url, gosumdb=sim.gosumdb, env=env
        ) as client,
    ):
        host = server.url.rpartition("/")[2]
        (tmp_path / "netrc").write_text(
            f"machine {host} login ci password {made['token']}\n"
        )
        client.run("mod", "download", f"{UPPER}@v1.0.0")
        (tmp_path / "netrc").unlink()
        client.clean()
        refused = client.try_run("mod", "download", f"{UPPER}@v1.0.0").stderr

    assert "401" in refused
    assert made["token"] not in server.logged()


def _go_mod(client: GoClient) -> str:
    return (client.work / "go.mod").read_text()


@pytest.mark.long
def test_clients_that_remember_a_head_from_elsewhere_are_served(tmp_path: Path) -> None:
    """One that is older than the server's, and one that the server has yet to see."""
    with Simulator(records=700) as sim:
        publish_standard(sim)
        site = pulling_site(tmp_path / "site", sim, workers=1)
        with Serving(site.folder, environment=site.environment) as server:
            folder = tmp_path / "go"
            for number, path in enumerate([UPPER, "std.example/scale"]):
                folder = tmp_path / f"go{number}"
                sim.log.grow(900)
                _download(sim, folder, sim.url, f"{PSEUDO_ONLY}@{PSEUDO_NEW}")
                if number == 0:
                    sim.log.grow(70_000)
                _download(sim, folder, server.url, f"{path}@v1.0.0")
            sim.log.grow(5_000)
            _download(sim, folder, sim.url, f"{UPPER}@v1.1.0")
            _download(sim, folder, server.url, f"{UPPER}@v1.0.0")  # proven long ago
            assert server.stop() == 0
        site.check(sim)


def _download(sim: Simulator, folder: Path, goproxy: str, what: str) -> None:
    client = GoClient(folder, goproxy=goproxy, gosumdb=sim.gosumdb)
    client.clean()
    client.run("mod", "download", what)
