"""A real go before a tree whose policy denies a module: who imports it stops there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.integration.offered import module_files
from tests.integration.site import OK, Site
from tests.integration.test_policy import DEEP, LIB, offer
from tests.simulator import Simulator
from tests.unit.licence.texts import GPL, MIT

pytestmark = [pytest.mark.go, pytest.mark.slow]


def _lib() -> ModuleSource:
    """Return a module that requires the denied one and imports it in no package."""
    files = {**module_files(LIB, requires={DEEP: "v1.0.0"}), "LICENSE": MIT}
    return ModuleSource(LIB, "v1.0.0", {**files, "code.go": b"package m\n"})


def _project(folder: Path, path: str) -> Path:
    folder.mkdir()
    (folder / "go.mod").write_text("module app.example/app\n\ngo 1.21\n")
    code = f'package main\n\nimport _ "{path}"\n\nfunc main() {{}}\n'
    (folder / "main.go").write_text(code)
    return folder


@pytest.mark.parametrize("version", TRIED)
def test_who_only_requires_it_builds_and_who_imports_it_does_not(
    tmp_path: Path, version: str
) -> None:
    go = need_go(version)
    with Simulator() as sim:
        offer(sim, DEEP, "v1.0.0", GPL)
        sim.publish(_lib())
        site = Site(tmp_path / "site", sim, modules=[LIB, DEEP])
        site.declare(policy={"licences.allow": ["MIT"]})
        site.run("sync", expect=OK)
        with Served(site.tree, sim.verifier_key, tmp_path / "served") as served:
            client = served.client("client", go)
            builds = _project(tmp_path / "builds", LIB)
            client.run("mod", "tidy", cwd=builds)
            client.run("build", "./...", cwd=builds)

            stops = _project(tmp_path / "stops", DEEP)
            failed = client.try_run("mod", "tidy", cwd=stops)
            assert failed.returncode != 0
            assert client.try_run("mod", "download", f"{DEEP}@v1.0.0").returncode != 0
