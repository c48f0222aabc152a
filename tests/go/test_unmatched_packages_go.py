"""Packages that no pattern finds, and packages that have tests alone.

Tests of ``m`` import packages of its own that ``./...`` passes over; these import what
no go.mod requires, so that tidying takes it in the newest version. The folder ``m/t``
has tests alone: tidying takes an import of it, and nobody can build with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from tests.go.golangs import OLDEST_AND_NEWEST, need_go
from tests.go.served import Served
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.go, pytest.mark.slow]

HOST = "unmatched.example"
STEPS = ("mod tidy", "build ./...", "vet ./...", "list -m all", "test all")


def module(name: str, files: dict[str, str], go_mod: str = "") -> ModuleSource:
    """Return a module at ``name@version``; of each file the imports are given."""
    path, _, version = f"{HOST}/{name}".partition("@")
    contents = {"go.mod": f"module {path}\n\ngo 1.20\n{go_mod}"}
    for file, imports in files.items():
        lines = "".join(f'import _ "{HOST}/{each}"\n' for each in imports.split())
        contents[file] = f"package x\n\n{lines}"
    return ModuleSource(
        path, version, {each: text.encode() for each, text in contents.items()}
    )


M = {
    "x.go": "",
    "x_test.go": "m/testdata/d m/_h",
    "testdata/d/x.go": "u",
    "_h/x.go": "v/testdata/e",
    "t/x_test.go": "w m/_h",
}
MODULES = (
    module("m@v1.0.0", M),
    module("u@v1.0.0", {"x.go": ""}),
    module("u@v1.1.0", {"x.go": "z"}, f"\nrequire {HOST}/z v1.0.0\n"),
    module("v@v1.0.0", {"x.go": "gone", "testdata/e/x.go": "z"}),
    module("w@v1.0.0", {"x.go": ""}),
    module("z@v1.0.0", {"x.go": ""}),
    module("z@v1.1.0", {"x.go": ""}),
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as started:
        for each in MODULES:
            started.publish(each)
        yield started


def synced(folder: Path, sim: Simulator, deps: str) -> Site:
    """Return a site that carries ``m``."""
    site = Site(folder, sim)
    site.select([f"{HOST}/m@v1.0.0"], versions="all", deps=deps)
    assert site.sync().failed == {}
    return site


def consumer(client: GoClient, package: str) -> Path:
    """Return the folder of a module that imports a package of ``m``."""
    folder = client.work / "c"
    folder.mkdir()
    required = f"require {HOST}/m v1.0.0\n"
    (folder / "go.mod").write_text(f"module c.example/c\n\ngo 1.21\n\n{required}")
    (folder / "c.go").write_text(f'package c\n\nimport _ "{HOST}/{package}"\n')
    return folder


def before(tree: Path, sim: Simulator, folder: Path) -> Served:
    """Return a server of a tree alone."""
    return Served(tree, sim.verifier_key, folder, transport="file")


@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
def test_tests_find_what_their_hidden_packages_import_in_the_newest_version(
    sim: Simulator, version: str, tmp_path: Path
) -> None:
    site = synced(tmp_path / "site", sim, "build")
    assert f"{HOST}/w@v1.0.0" not in site.carried()
    with before(site.tree, sim, tmp_path / "go") as served:
        client = served.client("client", need_go(version))
        folder = consumer(client, "m")
        told = {step: client.run(*step.split(), cwd=folder) for step in STEPS}
    assert f"{HOST}/u v1.1.0" in told["list -m all"]


@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
def test_nobody_builds_with_a_package_of_tests_alone(
    sim: Simulator, version: str, tmp_path: Path
) -> None:
    """So deps = "build" leaves out what its tests import; "tests" carries it."""
    command = need_go(version)
    upstream = GoClient(
        tmp_path / "up", goproxy=sim.url, gosumdb=sim.gosumdb, go=command
    )
    with upstream as client:
        folder = consumer(client, "m/t")
        client.run("mod", "tidy", cwd=folder)
        assert f"{HOST}/w v1.0.0" in client.run("list", "-m", "all", cwd=folder)
        said = client.try_run("build", "./...", cwd=folder)
        assert said.returncode != 0
        assert "no non-test Go files" in said.stderr
    site = synced(tmp_path / "site", sim, "tests")
    with before(site.tree, sim, tmp_path / "go") as served:
        inside = served.client("inside", command)
        folder = consumer(inside, "m/t")
        inside.run("mod", "tidy", cwd=folder)
        inside.run("test", f"{HOST}/m/t", cwd=folder)
