"""``go`` finds a commit in a static tree, by the lengths in which people name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import module

PATH = "commit.example/m"
FIRST = "v0.0.0-20240101000000-abcdef012345"
SECOND = "v0.0.0-20240301000000-fedcba543210"

pytestmark = pytest.mark.go


def test_a_commit_is_found_where_no_info_has_an_origin(tmp_path: Path) -> None:
    with Simulator() as sim:
        for version in (FIRST, SECOND):
            sim.publish(module(PATH, version))
            said = f'{{"Version":"{version}","Time":"2024-01-01T00:00:00Z"}}'.encode()
            sim.replace(ModuleVersion(PATH, version), RequestKind.INFO, said)
        site = Site(tmp_path / "site", sim, modules=[f"{PATH}@{FIRST}", PATH])
        site.sync()
        proxy = f"file://{site.tree}"
        with GoClient(tmp_path / "go", goproxy=proxy, gosumdb=sim.gosumdb) as client:
            for version in (FIRST, SECOND):
                revision = version.rpartition("-")[2]
                for length in (12, 10, 8, 7):
                    asked = f"{PATH}@{revision[:length]}"
                    assert client.run("list", "-m", asked).split() == [PATH, version]
            assert client.try_run("list", "-m", f"{PATH}@abcdef").returncode != 0
            client.run("mod", "download", f"{PATH}@{FIRST.rpartition('-')[2]}")
