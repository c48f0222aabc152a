"""The real go through ``gosync serve`` with pull-through, from an empty store."""

import subprocess

import pytest

from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
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

pytestmark = pytest.mark.go


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Simulator(records=10) as sim:
        publish_standard(sim)
        site = pulling_site(tmp_path_factory.mktemp("site"), sim)
        with Serving(site.folder, environment=site.environment) as server:
            yield sim, site, server


@pytest.fixture
def client(world, tmp_path):
    sim, _, server = world
    env = {"GOFLAGS": "-mod=mod"}
    with GoClient(
        tmp_path / "go", goproxy=server.url, gosumdb=sim.gosumdb, env=env
    ) as go:
        yield go


def test_go_builds_from_an_empty_store(client):
    client.run("install", f"{PROGRAM}@v1.1.0")

    done = subprocess.run(
        [client.folder / "gopath/bin/program"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == PROGRAM_OUTPUT


def test_go_gets_latest_a_branch_and_a_commit(client):
    client.run("mod", "init", "a.example/m")
    client.run("get", f"{UPPER}@latest")
    client.run("get", f"{PSEUDO_ONLY}@latest")
    listed = client.run("list", "-m", "-versions", UPPER)

    assert listed.split() == [UPPER, "v1.0.0", "v1.1.0", "v1.2.0-RC.1"]
    assert PSEUDO_NEW in (client.work / "go.mod").read_text()
