"""Closure and a real go agree: whole trees pass both, damaged ones fail both.

A tree holds exactly what a project needs. Then one file of it goes, or is another,
chosen by a seed, and both judge again. Where closure finds nothing, go must find
nothing. Where closure is stricter it says so of itself (gosync.closure): of proofs
that go.sum makes needless, of lists, and of what only an old line of go.sum names.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gosync.closure.closure import Closure, ClosureReport
from gosync.closure.trial import Trial, TrialSetting, run_trial
from gosync.folder.findings import TreeFinding
from gosync.folder.tree import FileTree
from gosync.gomod.deps import Deps
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import NeededBy, Needs, needs_of_project
from gosync.project import Project, read_project
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.work.progress import NoProgress
from tests.go.golangs import NEWEST, OLDER, need_go
from tests.go.needed import FullTree
from tests.go.projects import PROJECTS
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.static import write_static
from tests.tiers import EVERY_STEP

pytestmark = [pytest.mark.go, pytest.mark.slow]

WHOLE = sorted(PROJECTS)
DAMAGED = ("diamond", "odd", "unpruned")
SEEDS = range(4 if EVERY_STEP else 2)
FILES = ("mod", "zip", "info", "lookup", "tile", "list", "any")


@dataclass(frozen=True)
class Site:
    """All there is, and the projects as their authors left them."""

    folder: Path
    full: FullTree
    database: Database
    author: GoClient

    def project(self, name: str) -> Project:
        if not (self.folder / name).exists():
            PROJECTS[name].write(self.folder, self.author)
        return read_project(self.folder / name)

    def needs(self, project: Project, deps: Deps) -> Needs:
        def load(module: ModuleVersion, /) -> GoMod | None:
            if not module.version:
                return project.folder_gomod(module.path)
            return self.full.load(module)

        return needs_of_project(
            project.mains,
            [each.sums for each in project.sums],
            load,
            deps=deps,
            upgrades=self.full.latest,
        )

    def tree(self, needs: Needs, target: Path) -> Path:
        """Make a tree of what is needed, with a database of its own."""
        self.full.only(needs, target)
        (target / "sumdb").unlink()
        source = self.full.folder / "sumdb"
        shutil.copytree(source, target / "sumdb", copy_function=os.link)
        return target

    def closure(self, tree: Path, project: Project, deps: Deps) -> ClosureReport:
        return Closure(FileTree(tree), self.database).check(project, deps, NoProgress())

    def trial(self, tree: Path, project: Project, deps: Deps, go: Path) -> Trial:
        setting = TrialSetting(go=go, tree=tree, database=self.database, private=())
        return run_trial(setting, project, deps, NoProgress())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("closure")
    go = need_go(NEWEST)
    with Simulator(records=300) as sim:
        for sample in PROJECTS.values():
            sample.publish(sim)
        write_static(sim, folder / "full")
        author = GoClient(
            folder / "author", goproxy=sim.url, gosumdb=sim.gosumdb, go=go
        )
        database = parse_gosumdb(sim.verifier_key)
        assert database is not None
        with author, pytest.MonkeyPatch.context() as patch:
            patch.setenv("GOCACHE", author.env["GOCACHE"])  # a trial uses the user's
            yield Site(folder, FullTree(folder / "full"), database, author)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_tree_satisfies_both(site: Site, name: str, tmp_path: Path):
    project = site.project(name)
    tree = site.tree(site.needs(project, Deps.ALL), tmp_path / "tree")

    assert site.closure(tree, project, Deps.ALL).findings == ()
    trial = site.trial(tree, project, Deps.ALL, need_go(NEWEST))
    assert [each for each in trial.commands if not each.ok] == []


@pytest.mark.long
@pytest.mark.parametrize("name", DAMAGED)
def test_an_older_go_agrees(site: Site, name: str, tmp_path: Path):
    project = site.project(name)
    tree = site.tree(site.needs(project, Deps.BUILD), tmp_path / "tree")

    assert site.closure(tree, project, Deps.BUILD).findings == ()
    trial = site.trial(tree, project, Deps.BUILD, need_go(OLDER[0]))
    assert [each for each in trial.commands if not each.ok] == []


@pytest.mark.parametrize("with_sums", [True, False], ids=["go.sum", "no go.sum"])
@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_tree(
    site: Site, name: str, seed: int, with_sums: bool, tmp_path: Path
):
    project = read_project(
        shutil.copytree(site.project(name).folder, tmp_path / "project")
    )
    if not with_sums:
        (project.folder / "go.sum").unlink(missing_ok=True)
        project = read_project(project.folder)
    needs = site.needs(project, Deps.BUILD)
    tree = site.tree(needs, tmp_path / "tree")
    done = damage(tree, needs, random.Random(f"{name} {seed} {with_sums}"))

    report = site.closure(tree, project, Deps.BUILD)
    trial = site.trial(tree, project, Deps.BUILD, need_go(NEWEST))

    if not report.findings:
        failed = [each for each in trial.commands if not each.ok]
        assert failed == [], done
    elif not trial.exit_code:
        odd = [
            each for each in report.findings if not is_stricter(each, project, needs)
        ]
        assert odd == [], done


def damage(tree: Path, needs: Needs, pick: random.Random) -> str:
    """Take a file away, or put another in its place; return what was done."""
    kind = pick.choice(FILES)
    names = sorted(
        str(file.relative_to(tree))
        for file in tree.rglob("*")
        if file.is_file() and is_of_kind(str(file.relative_to(tree)), kind)
    )
    name = pick.choice(names)
    file = tree / name
    data = file.read_bytes()
    file.unlink()  # it is a link to the full tree's
    change = pick.choice(["missing", "missing", "cut", "other"])
    if change == "cut":
        file.write_bytes(data[: len(data) * 2 // 3])
    elif change == "other":
        middle = len(data) // 2
        flipped = bytes([data[middle] ^ 1]) if data else b"\n"
        file.write_bytes(data[:middle] + flipped + data[middle + 1 :])
    return f"{change} {name}"


def is_of_kind(name: str, kind: str) -> bool:
    if kind in ("lookup", "tile"):
        return f"/{kind}/" in name
    if kind == "any":
        return True
    return name.endswith(f"/{kind}" if kind == "list" else f".{kind}")


def is_stricter(finding: TreeFinding, project: Project, needs: Needs) -> bool:
    """Tell whether closure says of itself that it is stricter than go here."""
    if finding.listed or finding.path.endswith(("/@v/list", "/@latest")):
        return True
    if finding.path.startswith("sumdb/"):
        return bool(project.sums)
    return finding.mv in needs.mods and needs.why(finding.mv).kind is NeededBy.SUM
