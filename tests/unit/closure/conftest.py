"""A whole tree, and a project that it is enough for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from gosync.closure.closure import Closure, ClosureReport
from gosync.folder.findings import TreeFinding
from gosync.folder.tree import FileTree
from gosync.gomod.deps import Deps
from gosync.gomod.module import ModuleVersion
from gosync.project import read_project
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.work.progress import NoProgress
from tests.simulator import Simulator
from tests.simulator.standard import source
from tests.simulator.static import write_static

APP = "app.example/app"
DIRECT = "direct.example/Direct"
BELOW = "below.example/below"
SIDE = "side.example/side"
CORP = "corp.example/secret"
PRIVATE = ("corp.example",)


@dataclass(frozen=True)
class Setting:
    """A tree of one's own, and a project.

    Attributes:
        root: The tree.
        project: The project's folder.
        database: What proves the tree.
        sim: Where the tree came from.
    """

    root: Path
    project: Path
    database: Database
    sim: Simulator

    def check(self, deps: Deps = Deps.BUILD, *, quick: bool = False) -> ClosureReport:
        closure = Closure(FileTree(self.root), self.database, PRIVATE, quick=quick)
        return closure.check(read_project(self.project), deps, NoProgress())

    def findings(
        self, deps: Deps = Deps.BUILD, *, quick: bool = False
    ) -> dict[str, TreeFinding]:
        return {each.path: each for each in self.check(deps, quick=quick).findings}

    def only_finding(self, path: str, *, quick: bool = False) -> TreeFinding:
        found = self.findings(quick=quick)
        assert list(found) == [path]
        return found[path]

    @property
    def sumdb(self) -> Path:
        return self.root / "sumdb" / self.database.name


def mod_file(path: str, version: str) -> str:
    return _file(path, version, "mod")


def info_file(path: str, version: str) -> str:
    return _file(path, version, "info")


def zip_file(path: str, version: str) -> str:
    return _file(path, version, "zip")


def _file(path: str, version: str, suffix: str) -> str:
    return f"{path.replace('D', '!d')}/@v/{version}.{suffix}"


def _sources():
    def one(path: str, version: str, *requires: str):
        lines = "".join(f"require {each}\n" for each in requires)
        go_mod = f"module {path}\n\ngo 1.21\n\n{lines}"
        return source(path, version, {"go.mod": go_mod, "x.go": "package x\n"})

    yield one(BELOW, "v1.0.0")
    yield one(BELOW, "v1.1.0")
    yield one(SIDE, "v0.1.0")
    yield one(DIRECT, "v1.0.0", f"{BELOW} v1.0.0")
    yield one(DIRECT, "v1.1.0", f"{BELOW} v1.0.0", f"{SIDE} v0.1.0")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("whole") / "tree"
    with Simulator() as sim:
        for each in _sources():
            sim.publish(each)
        sim.log.grow(600)  # a full tile and a partial one
        text = f"module {CORP}\n\ngo 1.21\n"
        secret = source(CORP, "v1.0.0", {"go.mod": text, "x.go": "package x\n"})
        sim.publish(secret, indexed=False, logged=False)
        write_static(sim, root)
        yield sim, root


@pytest.fixture
def setting(whole, tmp_path: Path) -> Setting:
    sim, root = whole
    tree = tmp_path / "tree"
    shutil.copytree(root, tree)
    project = tmp_path / "app"
    project.mkdir()
    (project / "go.mod").write_text(
        f"module {APP}\n\ngo 1.21\n\nrequire (\n\t{DIRECT} v1.0.0\n"
        f"\t{CORP} v1.0.0\n\t{BELOW} v1.0.0 // indirect\n)\n"
    )
    needed = [(DIRECT, "v1.0.0"), (BELOW, "v1.0.0"), (CORP, "v1.0.0")]
    (project / "go.sum").write_text(
        "".join(go_sum_lines(sim, *each) for each in needed)
    )
    database = parse_gosumdb(sim.verifier_key)
    assert database is not None
    return Setting(tree, project, database, sim)


def go_sum_lines(sim: Simulator, path: str, version: str) -> str:
    published = sim.publication(ModuleVersion(path, version))
    return (
        f"{path} {version} {published.zip_h1}\n"
        f"{path} {version}/go.mod {published.mod_h1}\n"
    )
