"""Ten projects, each from a site of its own, are all that a real go can ask of them.

Each project is the one `[[project]]` of a gosync, which syncs with deps = "build",
then with deps = "all". After each sync upstream is out of reach, and the newest go
(in the second tier the oldest one, too) works on the project with what is in the tree.

What the newest one asks for is counted against what is in the tree: the .mod of
every version, and .info and .zip of those that are whole. (The minimal .info beside
a .mod that came alone costs nothing.) Lookups are not counted, because go.sum makes
them needless; see the project without one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from gosync.demo.upstream import DATABASE_NAME
from gosync.gomod.deps import Deps
from gosync.gomod.module import ModuleVersion
from tests.go.golangs import NEWEST, OLDER, need_go
from tests.go.needed import routes
from tests.go.projects import PROJECTS, Sample
from tests.go.served import Served
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.tiers import EVERY_STEP, shared_out, spread

pytestmark = [pytest.mark.go, pytest.mark.slow]

OLDEST = OLDER[0]
BUILD = (
    "build ./...",
    "test ./...",
    "vet ./...",
    "mod vendor -o ../vendored",
    "mod download",
    "mod download all",
    "mod verify",
    "list -m -u all",
)
COMMANDS = {
    Deps.BUILD: BUILD,
    Deps.ALL: (
        "list -m -u all",
        "mod tidy",
        "test all",
        "get -u ./...",
        "build ./...",
        "get -u -t ./...",
        "mod tidy",
        "test ./...",
        "mod download all",
    ),
}
# Where nothing pins what is tested, every file is asked for, and its lookup.
WITHOUT_SUMS = ("diamond", "odd")


@dataclass
class Outcome:
    """How it went with one project.

    Attributes:
        failed: The commands that failed.
        named: The files in the tree that count.
        asked: What the newest go asked for.
    """

    failed: list[str]
    named: set[str]
    asked: set[str]


@dataclass
class World:
    """The upstream, the projects as their authors left them, and their sites."""

    folder: Path
    sim: Simulator
    sites: dict[str, Site] = field(default_factory=dict)
    outcomes: dict[tuple[str, Deps], Outcome] = field(default_factory=dict)

    def project(self, name: str) -> Path:
        return self.folder / "projects" / name

    def write_projects(self) -> None:
        client = GoClient(
            self.folder / "author",
            goproxy=self.sim.url,
            gosumdb=self.sim.gosumdb,
            go=need_go(NEWEST),
        )
        with client:
            for sample in PROJECTS.values():
                sample.write(self.folder / "projects", client)

    def site(self, project: Path, name: str) -> Site:
        """Return a site with nothing but this project, not yet synced."""
        site = Site(self.folder / "sites" / name, self.sim)
        site.declare(project=[{"path": str(project)}])
        return site

    def outcome(self, name: str, deps: Deps) -> Outcome:
        """Sync and let go work, once; "all" comes after "build"."""
        if (name, deps) not in self.outcomes:
            if deps is Deps.ALL:
                self.outcome(name, Deps.BUILD)
            self._sync(name, deps)
            self.outcomes[name, deps] = self._work(name, deps)
        return self.outcomes[name, deps]

    def _sync(self, name: str, deps: Deps) -> None:
        if deps is Deps.BUILD:
            self.sites[name] = self.site(self.project(name), name)
        site = self.sites[name]
        site.declare(project=[{"path": str(self.project(name)), "deps": deps.value}])
        assert site.sync().failed == {}

    def _work(self, name: str, deps: Deps) -> Outcome:
        tree, sample = self.sites[name].tree, PROJECTS[name]
        commands = COMMANDS[deps]
        if deps is Deps.ALL and has_tools(sample):
            commands += ("get -u tool",)
        open_served = partial(Served, tree, self.sim.verifier_key)
        folder = self.folder / "work" / f"{name}-{deps}"
        mark = self.sim.mark()
        with (
            open_served(folder / "http") as near,
            open_served(folder / "file", transport="file") as nearer,
            ThreadPoolExecutor(2) as pool,
        ):
            run = partial(failures, sample, self.project(name), commands)
            runs = [pool.submit(run, near.client("newest", need_go(NEWEST)))]
            if EVERY_STEP and sample.least_go <= (1, 21):
                oldest = nearer.client("oldest", need_go(OLDEST))
                runs.append(pool.submit(run, oldest))
            failed = [line for each in runs for line in each.result()]
            asked = near.asked()
        assert self.sim.requests_since(mark) == []
        return Outcome(failed, named_in(tree), asked)


def has_tools(sample: Sample) -> bool:
    return "\ntool " in sample.files.get("go.mod", "")


def failures(
    sample: Sample, project: Path, commands: Sequence[str], client: GoClient
) -> list[str]:
    """Run commands on a copy of a project; return which failed, and how."""
    copy = client.work / sample.name
    shutil.copytree(project, copy)
    failed = list(chain.from_iterable(_run(sample, copy, c, client) for c in commands))
    shutil.rmtree(copy)
    return failed


def _run(sample: Sample, copy: Path, command: str, client: GoClient) -> Iterator[str]:
    """Run a command, in a workspace in each of its modules if it is for one."""
    vendors = command.startswith("mod vendor")
    of_each = "./..." in command or command == "mod tidy" or vendors
    if sample.is_workspace and vendors:
        client.env["GOWORK"] = "off"  # go refuses to, inside
    for module in sample.modules if of_each else (".",):
        done = client.try_run(*command.split(), cwd=copy / module)
        if done.returncode:
            yield f"{client.go}: {module}: go {command}: {done.stderr}"
    client.env.pop("GOWORK", None)


def named_in(tree: Path) -> set[str]:
    """Return the names of the files that go may ask a proxy for."""
    found = {str(file.relative_to(tree)) for file in tree.glob("**/@v/*.mod")}
    whole = {str(file.relative_to(tree)) for file in tree.glob("**/@v/*.zip")}
    return found | whole | {name.removesuffix("zip") + "info" for name in whole}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("projects")
    with Simulator(records=300) as sim:
        for sample in PROJECTS.values():
            sample.publish(sim)
        world = World(folder, sim)
        world.write_projects()
        yield world
    shutil.rmtree(folder)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "deps"),
    shared_out(
        spread([(name, d) for name in PROJECTS for d in COMMANDS], 4), columns=2
    ),
)
def test_go_finds_all_it_asks_for(world: World, name: str, deps: Deps) -> None:
    assert world.outcome(name, deps).failed == []
    world.sites[name].run("closure", expect=0)


@pytest.mark.long
def test_little_in_the_tree_is_never_asked_for(world: World) -> None:
    for deps, most in ((Deps.BUILD, 0.0), (Deps.ALL, 0.1)):
        outcomes = [world.outcome(name, deps) for name in PROJECTS]
        named = set[str]().union(*(each.named for each in outcomes))
        asked = set[str]().union(*(each.asked for each in outcomes))
        # What "all" has of "build" was asked for then.
        for name in PROJECTS if deps is Deps.ALL else ():
            asked |= world.outcome(name, Deps.BUILD).asked
        idle = named - asked
        print(
            f"{deps}: {len(idle)} of {len(named)} files idle", *sorted(idle), sep="\n"
        )
        assert len(idle) <= most * len(named)


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_without_any_file_of_the_plan_a_command_fails(
    world: World, name: str, tmp_path: Path
) -> None:
    project = shutil.copytree(world.project(name), tmp_path / "project")
    (project / "go.sum").unlink()
    site = world.site(project, f"{name} without go.sum")
    planned = files_of_plan(site)
    site.sync()

    def run(number: int, without: str = "") -> list[str]:
        """Run the commands on a copy of the tree without a file."""
        folder = tmp_path / str(number)
        shutil.copytree(site.tree, folder / "tree")
        if without:
            (folder / "tree" / without).unlink()
        open_served = partial(Served, folder / "tree", world.sim.verifier_key)
        with open_served(folder / "served", transport="file") as served:
            client = served.client("client", need_go(NEWEST), GOFLAGS="-mod=mod")
            commands = ("mod download all", "build ./...", "list -m -u all")
            return failures(PROJECTS[name], project, commands, client)

    assert run(0) == []
    with ThreadPoolExecutor(2) as pool:
        ran = pool.map(run, range(1, len(planned) + 1), planned)
        needless = [
            file for file, failed in zip(planned, ran, strict=True) if not failed
        ]
    assert needless == []


def files_of_plan(site: Site) -> list[str]:
    """Return the files that a plan names, with the lookups that it counts."""
    document = site.run("plan", expect=0).document
    files = []
    for each in document["adds"] + document["updates"]:
        mv = ModuleVersion(each["path"], each["version"])
        at = routes(mv)
        files += [at.mod, f"sumdb/{DATABASE_NAME}/lookup/{at.lookup}"]
        files += [at.info, at.zip] if each["need"] == "zip" else []
    return files
