"""What gosync.gomod.needs names is what the real go asks for: no less, little more.

Ten projects are worked on from trees that have what is named for them, the checksum
database and nothing else. The other way round, files that were named and not asked
for by any command are counted, and for two small projects each file is taken out of
the tree, whereupon some command must fail.

For ``build`` nothing is idle. For ``all`` about one file in nine is:

- ``.mod`` files of the graph that nothing is pruned out of: tidy would read them if
  it had to require more, or was told ``-compat=1.16``;
- versions that ``go get -u`` would meet if packages imported all that their go.mod
  requires, and those of tools and their dependencies, that only
  ``go get -u tool`` upgrades.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest

from gosync.gomod.deps import Deps
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import Needs, needs_of_project, needs_of_version
from gosync.project import Project, read_project
from tests.go.cells import without_network
from tests.go.golangs import NEWEST, OLDER, OLDEST_AND_NEWEST, need_go
from tests.go.mirrors import Mirror, serve
from tests.go.needed import FullTree, files_of
from tests.go.projects import PROJECTS, Sample
from tests.go.tripwire import Tripwire
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.static import write_static
from tests.tiers import spread

pytestmark = [pytest.mark.go, pytest.mark.slow]

OLDEST = OLDER[0]
BUILD = (
    "build ./...",
    "test ./...",
    "vet ./...",
    "mod download",
    "mod download all",
    "mod verify",
    "mod vendor -o ../vendored",
    "list -m -u all",
)
ALL = (
    "mod download all",
    "mod tidy",
    "get -u ./...",
    "build ./...",
    "mod tidy",
    "get -u -t ./...",
    "test ./...",
    "mod tidy",
    "mod download all",
)
COMMANDS = {Deps.BUILD: BUILD, Deps.ALL: ALL}
# For a module of a workspace as if there was no go.work.
ALONE = ("build ./...", "mod download all", "mod vendor -o ../vendored")
SMALL = ("diamond", "tested")
WORKED_ON = spread([*PROJECTS], 4)


@dataclass
class Upstream:
    """All ten projects, all modules there are, and trees of what is needed."""

    folder: Path
    sim: Simulator
    full: FullTree
    projects: dict[str, Project] = field(default_factory=dict)

    def load(self, project: Project) -> Callable[[ModuleVersion], GoMod | None]:
        def load(module: ModuleVersion, /) -> GoMod | None:
            if not module.version:
                return project.folder_gomod(module.path)
            return self.full.load(module)

        return load

    def needs(self, name: str, deps: Deps) -> Needs:
        project = self.projects[name]
        return needs_of_project(
            project.mains,
            [each.sums for each in project.sums],
            self.load(project),
            deps=deps,
            upgrades=self.full.latest,
        )

    def tree(self, name: str, deps: Deps) -> Path:
        return self.folder / "trees" / f"{name}-{deps}"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory) -> Iterator[Upstream]:
    folder = tmp_path_factory.mktemp("needs")
    sim = Simulator()
    for sample in PROJECTS.values():
        sample.publish(sim)
    write_static(sim, folder / "full")
    found = Upstream(folder, sim, FullTree(folder / "full"))
    url = f"file://{folder / 'full'}"
    client = client_of(found, folder / "author", url, NEWEST)
    with client, ThreadPoolExecutor(2) as pool:
        written = pool.map(
            lambda each: each.write(folder / "projects", client), PROJECTS.values()
        )
        found.projects = dict(zip(PROJECTS, map(read_project, written), strict=True))
    for name in PROJECTS:
        for deps in COMMANDS:
            found.full.only(found.needs(name, deps), found.tree(name, deps))
    yield found
    shutil.rmtree(folder)


def client_of(
    upstream: Upstream, folder: Path, goproxy: str, version: str, **env: str
) -> GoClient:
    return GoClient(
        folder,
        goproxy=goproxy,
        gosumdb=upstream.sim.verifier_key,
        go=need_go(version),
        env=env,
        prefix=without_network() if goproxy.startswith("file:") else (),
    )


def failures(
    upstream: Upstream, client: GoClient, sample: Sample, deps: Deps
) -> Iterator[str]:
    """Run a level's commands on a copy of a project; yield what fails, and how."""
    project = client.work / sample.name
    shutil.copytree(upstream.projects[sample.name].folder, project)
    for command in COMMANDS[deps]:
        if sample.is_workspace and command.startswith("mod vendor"):
            continue
        is_of_each = "./..." in command or command == "mod tidy"
        for module in sample.modules if is_of_each else (".",):
            yield from _failure(client, command, project / module)
    if sample.is_workspace and deps is Deps.BUILD:
        client.env["GOWORK"] = "off"
        for module, command in itertools.product(sample.modules, ALONE):
            yield from _failure(client, command, project / module)


def _failure(client: GoClient, command: str, folder: Path) -> Iterator[str]:
    done = client.try_run(*command.split(), cwd=folder)
    if done.returncode:
        yield f"{folder}: go {command}: {done.stderr}"


@pytest.mark.long
@pytest.mark.parametrize("deps", COMMANDS)
def test_an_old_go_finds_all_it_asks_for(upstream, deps, tmp_path) -> None:
    def run(sample: Sample) -> list[str]:
        goproxy = f"file://{upstream.tree(sample.name, deps)}"
        with client_of(upstream, tmp_path / sample.name, goproxy, OLDEST) as client:
            return list(failures(upstream, client, sample, deps))

    samples = [each for each in PROJECTS.values() if each.least_go <= (1, 21)]
    with ThreadPoolExecutor(2) as pool:
        assert [line for lines in pool.map(run, samples) for line in lines] == []


@dataclass
class Asked:
    """What came of it, and what nobody asked for, by project."""

    deps: Deps
    failed: list[str]
    idle: dict[str, set[str]]


@pytest.fixture(scope="module", params=COMMANDS)
def asked(request, upstream: Upstream, tmp_path_factory) -> Asked:
    """The newest go, at work before trees that write down what is asked for."""
    deps, folder = request.param, tmp_path_factory.mktemp("asked")
    trees = upstream.folder / "trees"
    with Tripwire() as wire, serve("http.server", folder / "mirror", trees) as mirror:

        def run(sample: Sample) -> list[str]:
            goproxy = f"{mirror.url}/{upstream.tree(sample.name, deps).name}"
            env = wire.environment()
            with client_of(upstream, folder / sample.name, goproxy, NEWEST, **env) as c:
                return list(failures(upstream, c, sample, deps))

        with ThreadPoolExecutor(2) as pool:
            samples = [PROJECTS[name] for name in WORKED_ON]
            failed = [line for each in pool.map(run, samples) for line in each]
        assert wire.hits == []
        served = _served(mirror)
    idle = {}
    for name in PROJECTS:
        tree = upstream.tree(name, deps).name
        needed = files_of(upstream.needs(name, deps))
        idle[name] = {each for each in needed if f"/{tree}/{each}" not in served}
    return Asked(deps, failed, idle)


def _served(mirror: Mirror) -> set[str]:
    log = (mirror.served.parent / "access.log").read_text()
    requests = (line.split('"') for line in log.splitlines() if '" 200 ' in line)
    return {unquote(words[1].split()[1]) for words in requests}


@pytest.mark.sampled
def test_the_newest_go_finds_all_it_asks_for(asked) -> None:
    assert asked.failed == []


@pytest.mark.every_step
def test_little_is_idle(asked, upstream) -> None:
    idle = {file for files in asked.idle.values() for file in files}
    if asked.deps is Deps.BUILD:
        assert idle == set()
        return
    every = [
        file for name in PROJECTS for file in files_of(upstream.needs(name, Deps.ALL))
    ]
    assert len(idle) < 0.15 * len(every)  # about one in nine
    zips = [file for file in every if file.endswith(".zip")]
    assert sum(file.endswith(".zip") for file in idle) < 0.08 * len(zips)


@pytest.mark.parametrize("name", SMALL)
def test_no_file_can_be_left_out(upstream, name, tmp_path) -> None:
    needs = upstream.needs(name, Deps.BUILD)

    def idle(each: tuple[int, str]) -> str | None:
        number, file = each
        tree = tmp_path / f"tree{number}"
        upstream.full.only(needs, tree, without=[file])
        client = client_of(upstream, tmp_path / str(number), f"file://{tree}", NEWEST)
        with client:
            found = failures(upstream, client, PROJECTS[name], Deps.BUILD)
            return None if any(found) else file

    with ThreadPoolExecutor(2) as pool:
        done = pool.map(idle, enumerate(sorted(files_of(needs))))
        assert [file for file in done if file] == []


# A random choice of what many depend on and of what depends on many.
VERSIONS = [
    ModuleVersion(path, version)
    for name in ("forty", "compared", "odd")
    for path, versions in sorted(PROJECTS[name].eco.versions.items())[1::12]
    for version in (versions[0], versions[-1])[: len(versions)]
]
CONSUMER = "module consumer.example/main\n\ngo {go}\n"


@pytest.mark.sampled
@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
@pytest.mark.parametrize("deps", COMMANDS)
def test_go_can_require_and_install_a_version(
    upstream, version, deps, tmp_path
) -> None:
    def run(each: tuple[int, ModuleVersion]) -> list[str]:
        number, mv = each
        needs = needs_of_version(
            mv, upstream.full.load, deps=deps, upgrades=upstream.full.latest
        )
        tree = tmp_path / f"tree{number}"
        upstream.full.only(needs, tree)
        goproxy = f"file://{tree}"
        with client_of(upstream, tmp_path / str(number), goproxy, version) as client:
            return list(_consumed(client, mv, deps))

    with ThreadPoolExecutor(2) as pool:
        done = pool.map(run, enumerate(spread(VERSIONS, 4)))
        assert [line for lines in done for line in lines] == []


def _consumed(client: GoClient, mv: ModuleVersion, deps: Deps) -> Iterator[str]:
    """Let a program be installed and modules require a version."""
    yield from _failure(client, f"install {mv.path}/cmd@{mv.version}", client.work)
    commands = [f"get {mv}", "build ./...", "list -m -u all", "mod download all"]
    if deps is Deps.ALL:
        commands[2:] = ["mod tidy", "get -u ./...", "build ./...", "mod tidy"]
    # What is pruned out a module at go 1.16 asks for; there it takes "all".
    for go in ("1.21",) if deps is Deps.BUILD else ("1.21", "1.16"):
        folder = client.work / go
        folder.mkdir()
        (folder / "go.mod").write_text(CONSUMER.format(go=go))
        (folder / "p.go").write_text(f'package p\nimport _ "{mv.path}"\n')
        for command in commands:
            yield from _failure(client, command, folder)
