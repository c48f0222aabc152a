"""A real go before a tree from which a version was withdrawn, and brought back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.go.cells import empty_project
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.go, pytest.mark.slow]

BAD = f"{std.UPPER}@v1.1.0"


def versions(client: GoClient) -> list[str]:
    return client.run("list", "-m", "-versions", std.UPPER).split()[1:]


def latest(client: GoClient) -> str:
    return client.run("list", "-m", f"{std.UPPER}@latest").split()[1]


@pytest.mark.parametrize("version", TRIED)
def test_go_sees_it_gone_and_back(tmp_path: Path, version: str) -> None:
    go = need_go(version)
    with Simulator() as sim:
        for number in range(2):
            sim.publish(std.module(std.UPPER, f"v1.{number}.0", day=number + 1))
        site = Site(tmp_path / "site", sim, modules=[std.UPPER])
        site.sync()
        with Served(site.tree, sim.verifier_key, tmp_path / "served") as served:
            client = served.client("before", go)
            folder = empty_project(client)
            client.run("get", BAD, cwd=folder)
            assert versions(client) == ["v1.0.0", "v1.1.0"]

            site.run("withdraw", BAD, "--reason", "stolen key", expect=OK)
            fresh = served.client("fresh", go)
            assert versions(fresh) == ["v1.0.0"]
            assert latest(fresh) == "v1.0.0"
            failed = fresh.try_run("mod", "download", BAD)
            assert failed.returncode != 0
            assert "404" in failed.stderr or "not found" in failed.stderr.lower()
            fresh.run("get", f"{std.UPPER}@latest", cwd=empty_project(fresh))
            client.run("clean", "-modcache")
            assert client.try_run("mod", "download", BAD).returncode != 0

            site.run("withdraw", BAD, "--undo", expect=OK)
            for again in (client, served.client("again", go)):
                assert versions(again) == ["v1.0.0", "v1.1.0"]
                assert latest(again) == "v1.1.0"
                again.run("mod", "download", BAD)
