"""Whatever a consumer imports of what a select carries, it finds all inside.

In random worlds (``worlds``) gosync carries two modules, each alone and together, or
with their own tests, or some programs. Consumers import random packages, and run what
the select promises, once before the whole upstream and once before the tree alone:
what goes well before the upstream goes well before the tree, and selects the same.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.go.golangs import OLDEST_AND_NEWEST, need_go
from tests.go.served import Served
from tests.go.worlds import World, make_world
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.tiers import EVERY_STEP

pytestmark = [pytest.mark.go, pytest.mark.slow]

STEPS = (
    "mod tidy",
    "list -deps ./...",
    "list -deps -test ./...",
    "list -m all",
    "list -deps -test all",
)
SEEDS = range(40) if EVERY_STEP else (3,)
_CONSUMERS = 3 if EVERY_STEP else 2
# In world 27 go 1.21 never ends `go get` of two modules, before the upstream too.
_LONGEST_SECONDS = 90


@dataclass(frozen=True)
class Consumer:
    """A module that requires others.

    Attributes:
        requires: These, as path@version.
        imports: The packages that it imports.
        tests: Patterns whose tests it runs besides.
        besides: What its go.mod requires before, as it does in go.mod: some of what
            those that it requires require themselves.
    """

    requires: tuple[str, ...]
    imports: tuple[str, ...]
    tests: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()


def some_consumers(
    world: World, carried: Sequence[tuple[str, str]], chance: random.Random, deps: str
) -> Iterator[Consumer]:
    """Yield consumers of some packages of some of these."""
    for _ in range(_CONSUMERS):
        taken = chance.sample(list(carried), chance.randint(1, len(carried)))
        imports = [
            name
            for each in taken
            if (all_of_it := importable(world, each, deps))
            for name in chance.sample(all_of_it, chance.randint(1, len(all_of_it)))
        ]
        requires = tuple(f"{path}@{version}" for path, version in taken)
        tests = tuple(f"{path}/..." for path, _ in taken) if deps == "tests" else ()
        required = [each for one in taken for each in world.required[one]]
        count = chance.choice((0, 0, 1, 2, len(required)))
        besides = chance.sample(required, min(count, len(required)))
        yield Consumer(requires, tuple(imports), tests, tuple(besides))


def importable(world: World, version: tuple[str, str], deps: str) -> tuple[str, ...]:
    """Return what a consumer may import of a version.

    With deps = "tests" also what nobody builds with, but tidying takes.
    """
    libraries, others = world.libraries[version], world.others[version]
    return libraries + others if deps == "tests" else libraries


@pytest.mark.sampled
@pytest.mark.parametrize("go", OLDEST_AND_NEWEST)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_goes_well_before_the_upstream_goes_well_before_the_tree(
    seed: int, go: str, tmp_path: Path
) -> None:
    world, chance = make_world(seed), random.Random(-seed)
    with Simulator() as sim:
        for source in world.sources:
            sim.publish(source)
        deps = chance.choice(("build", "build", "tests"))
        some = chance.sample(sorted(world.libraries), min(2, len(world.libraries)))
        carried = list({path: (path, version) for path, version in some}.values())
        site = Site(tmp_path / "site", sim)
        named = [f"{path}@{version}" for path, version in carried]
        site.declare(select=[{"modules": named, "deps": deps, "together": True}])
        site.sync(expect=None)
        key, command = sim.verifier_key, need_go(go)
        with Served(site.tree, key, tmp_path / "go", transport="file") as served:
            for number, each in enumerate(some_consumers(world, carried, chance, deps)):
                before = GoClient(
                    tmp_path / f"up{number}",
                    goproxy=sim.url,
                    gosumdb=sim.gosumdb,
                    go=command,
                )
                with before:
                    expected = outcome(before, each)
                if not expected:
                    continue
                found = outcome(served.client(str(number), command), each)
                for step, text in expected.items():
                    assert found.get(step) == text, (each, found)


@pytest.mark.sampled
@pytest.mark.parametrize("go", OLDEST_AND_NEWEST)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_program_that_the_upstream_installs_is_installed_from_the_tree(
    seed: int, go: str, tmp_path: Path
) -> None:
    world, chance = make_world(seed), random.Random(seed)
    tools = chance.sample(world.programs, min(_CONSUMERS, len(world.programs)))
    with Simulator() as sim:
        for source in world.sources:
            sim.publish(source)
        site = Site(tmp_path / "site", sim)
        site.declare(select=[{"tools": tools}])
        site.sync(expect=None)
        key, command = sim.verifier_key, need_go(go)
        with (
            Served(site.tree, key, tmp_path / "go", transport="file") as served,
            GoClient(
                tmp_path / "up", goproxy=sim.url, gosumdb=sim.gosumdb, go=command
            ) as before,
        ):
            client = served.client("inside", command)
            for tool in tools:
                if before.try_run("install", "-n", tool).returncode == 0:
                    client.run("install", "-n", tool)


def outcome(client: GoClient, consumer: Consumer) -> dict[str, str]:
    """Return what the steps print, as far as they go well."""
    folder = client.work / "c"
    folder.mkdir()
    required = "".join(f"require {each}\n" for each in consumer.besides)
    (folder / "go.mod").write_text(f"module c.example/c\n\ngo 1.21\n{required}")
    lines = "".join(f'import _ "{each}"\n' for each in consumer.imports)
    (folder / "c.go").write_text(f"package c\n\n{lines}")
    steps = [f"get {' '.join(consumer.requires)}", *STEPS]
    steps += [f"list -deps -test {each}" for each in consumer.tests]
    found = {}
    for step in steps:
        try:
            done = client.try_run(*step.split(), cwd=folder, seconds=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            break
        if done.returncode:
            break
        found[step] = done.stdout
    return found
