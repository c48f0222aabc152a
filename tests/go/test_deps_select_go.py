"""A module that a `[[select]]` names comes with all that its consumers ask for.

Each select has a site of its own, which is synced with deps = "build", then with
deps = "all". After each sync upstream is out of reach. A new module is begun that
requires a selected version and imports its package; programs are a select's tools.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from gosync.gomod.deps import Deps
from tests.go.golangs import NEWEST, OLDEST_AND_NEWEST, need_go
from tests.go.projects import PROJECTS
from tests.go.served import Served
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.tiers import spread

pytestmark = [pytest.mark.go, pytest.mark.slow]

BUILD = (
    "build ./...",
    "vet ./...",
    "mod vendor -o ../vendored",
    "mod verify",
    "list -m -u all",
    "mod tidy",
    "test all",
)
COMMANDS = {
    Deps.BUILD: BUILD,
    Deps.ALL: (
        "build ./...",
        "list -m -u all",
        "mod download all",
        "mod verify",
        "mod tidy",
        "test all",
        "get -u ./...",
        "build ./...",
        "mod tidy",
    ),
}
# What is pruned out a module at go 1.16 asks for; there it takes "all".
GO_LINES = {Deps.BUILD: ("1.21",), Deps.ALL: ("1.21", "1.16")}


@dataclass(frozen=True)
class Select:
    """A `[[select]]` and what it takes.

    Attributes:
        modules: Its modules.
        takes: What consumers take of it, as path@version or path@latest.
        versions: Its version rule.
        together: Whether one consumer takes them all; else each has its own.
    """

    modules: tuple[str, ...]
    takes: tuple[str, ...]
    versions: str = "all"
    together: bool = False

    @property
    def consumed(self) -> tuple[tuple[str, ...], ...]:
        return (self.takes,) if self.together else tuple((each,) for each in self.takes)


def _commit(number: int) -> str:
    return f"v0.0.0-2024010{number}000000-abcdefabcdef"


SELECTS = {
    "exact": Select(("forty.example/m16@v1.0.0",), ("forty.example/m16@v1.0.0",)),
    "commit": Select(
        (f"forty.example/m24@{_commit(3)}",), (f"forty.example/m24@{_commit(3)}",)
    ),
    "latest": Select(
        ("forty.example/m19",), ("forty.example/m19@latest",), versions="latest"
    ),
    "range": Select(
        ("unpruned.example/m5",),
        ("unpruned.example/m5@v1.1.0", "unpruned.example/m5@latest"),
        versions=">=v1.1.0",
    ),
    "odd": Select(("odd.example/sunset",), ("odd.example/sunset@v1.0.0",)),
    "several": Select(
        ("forty.example/m6/v2", "forty.example/m31", "compared.example/m0@latest"),
        (
            "forty.example/m6/v2@v2.1.0",
            "forty.example/m31@v1.1.0",
            "compared.example/m0@latest",
        ),
        together=True,
    ),
}


@dataclass
class World:
    """The upstream, and a site for each select."""

    folder: Path
    sim: Simulator
    sites: dict[str, Site] = field(default_factory=dict)

    def sync(self, name: str, deps: Deps) -> Path:
        """Sync, with deps = "build" before "all"; return the tree."""
        select = SELECTS[name]
        if name not in self.sites:
            self.sites[name] = Site(self.folder / name, self.sim)
            if deps is Deps.ALL:
                self.sync(name, Deps.BUILD)
        site = self.sites[name]
        site.select(select.modules, versions=select.versions, deps=deps.value)
        assert site.sync().failed == {}
        site.check(self.sim)
        return site.tree


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("selects")
    with Simulator(records=300) as sim:
        for sample in PROJECTS.values():
            sample.publish(sim)
        yield World(folder, sim)
    shutil.rmtree(folder)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "deps"), spread([(name, d) for name in SELECTS for d in COMMANDS], 3)
)
def test_a_consumer_finds_all_it_asks_for(
    world: World, name: str, deps: Deps, tmp_path: Path
) -> None:
    tree = world.sync(name, deps)
    mark = world.sim.mark()
    open_served = partial(Served, tree, world.sim.verifier_key, transport="file")

    def run(version: str) -> list[str]:
        with open_served(tmp_path / version) as served:
            lists = (
                failures(served.client(str(number), need_go(version)), takes, deps)
                for number, takes in enumerate(SELECTS[name].consumed)
            )
            return list(chain.from_iterable(lists))

    with ThreadPoolExecutor(2) as pool:
        assert list(chain.from_iterable(pool.map(run, OLDEST_AND_NEWEST))) == []
    assert world.sim.requests_since(mark) == []


def test_alone_a_module_that_imports_others_is_of_no_use(
    world: World, tmp_path: Path
) -> None:
    site = Site(tmp_path / "site", world.sim)
    site.select(["forty.example/m19"], versions="latest", deps="none")
    site.sync()
    takes = ("forty.example/m19@latest",)
    key = world.sim.verifier_key
    with Served(site.tree, key, tmp_path, transport="file") as served:
        client = served.client("client", need_go(NEWEST))
        commands = [line.split(": ")[2] for line in failures(client, takes, Deps.BUILD)]
    assert "go build ./..." in commands


TOOLS = (
    "forty.example/m19/cmd@latest",
    "unpruned.example/m5/cmd@v1.1.0",
    "compared.example/m0/cmd@latest",
    "odd.example/sunset/cmd@v1.0.0",
)


@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
def test_programs_are_installed_where_a_select_has_them_as_tools(
    world: World, version: str, tmp_path: Path
) -> None:
    site = Site(tmp_path / "site", world.sim)
    site.declare(select=[{"tools": list(TOOLS)}])
    assert site.sync().failed == {}
    site.check(world.sim)
    key = world.sim.verifier_key
    with Served(site.tree, key, tmp_path, transport="file") as served:
        client = served.client("client", need_go(version))
        for tool in TOOLS:
            client.run("install", tool)


def failures(client: GoClient, takes: tuple[str, ...], deps: Deps) -> Iterator[str]:
    """Consume these versions; yield what fails, and how."""
    for go in GO_LINES[deps]:
        folder = client.work / go
        folder.mkdir()
        (folder / "go.mod").write_text(f"module main.example/main\n\ngo {go}\n")
        yield from _failure(client, f"get {' '.join(takes)}", folder)
        imports = "".join(f'import _ "{each.partition("@")[0]}"\n' for each in takes)
        (folder / "p.go").write_text(f"package p\n{imports}")
        for command in COMMANDS[deps]:
            yield from _failure(client, command, folder)


def _failure(client: GoClient, command: str, folder: Path) -> Iterator[str]:
    done = client.try_run(*command.split(), cwd=folder)
    if done.returncode:
        yield f"{client.go}: {folder.name}: go {command}: {done.stderr}"
