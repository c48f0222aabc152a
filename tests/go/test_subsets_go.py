"""A consumer finds inside what it selects, whichever requirements it keeps.

``m`` imports ``a`` and its tests import ``d``; ``d`` requires a higher version of
``t`` than ``a`` does. With both as roots a module graph selects t v1.1.0. But tidy
drops ``d``, and then t v1.0.0 is selected. Each of the two is in some consumer's
build list.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from tests.go.golangs import OLDEST_AND_NEWEST, need_go
from tests.go.served import Served
from tests.integration.site import Site
from tests.simulator import Simulator

pytestmark = [pytest.mark.go, pytest.mark.slow]

STEPS = (
    "mod tidy",
    "build ./...",
    "vet ./...",
    "list -m all",
    "test all",
    "mod vendor",
    "mod verify",
)


def module(
    name: str,
    *required: str,
    go: str = "1.20",
    imports: tuple[str, ...] = (),
    tests: tuple[str, ...] = (),
) -> ModuleSource:
    """Return a module of one package that requires others as ``name@version``."""
    short, version = name.split("@")
    lines = [f"module subsets.example/{short}", f"go {go}"]
    lines += [f"require subsets.example/{each.replace('@', ' ')}" for each in required]
    files = {"go.mod": "\n".join(lines) + "\n", "p.go": _code(short, imports)}
    if tests:
        files["p_test.go"] = _code(short, tests)
    return ModuleSource(
        f"subsets.example/{short}",
        version,
        {each: text.encode() for each, text in files.items()},
    )


def _code(name: str, imports: tuple[str, ...]) -> str:
    lines = [f'import _ "subsets.example/{each}"' for each in imports]
    return "\n".join([f"package {name}", *lines]) + "\n"


def _t(*versions: str, go: str = "1.20") -> tuple[ModuleSource, ...]:
    return tuple(module(f"t@{each}", go=go) for each in versions)


WORLDS: Mapping[str, tuple[ModuleSource, ...]] = {
    "pruned": (
        module("m@v1.0.0", "a@v1.0.0", "d@v1.0.0", imports=("a",), tests=("d",)),
        module("a@v1.0.0", "t@v1.0.0", tests=("t",)),
        module("d@v1.0.0", "t@v1.1.0", tests=("t",)),
        *_t("v1.0.0", "v1.1.0"),
    ),
    "unpruned below": (
        module("m@v1.0.0", "a@v1.0.0", "d@v1.0.0", imports=("a",), tests=("d",)),
        module("a@v1.0.0", "t@v1.0.0", go="1.16", tests=("t",)),
        module("d@v1.0.0", "t@v1.1.0", go="1.16", tests=("t",)),
        *_t("v1.0.0", "v1.1.0", go="1.16"),
    ),
    "unpruned": (
        module(
            "m@v1.0.0", "a@v1.0.0", "d@v1.0.0", go="1.16", imports=("a",), tests=("d",)
        ),
        module("a@v1.0.0", "t@v1.0.0", tests=("t",)),
        module("d@v1.0.0", "t@v1.1.0", tests=("t",)),
        *_t("v1.0.0", "v1.1.0"),
    ),
    "cyclic": (
        module("m@v1.0.0", "a@v1.0.0", "d@v1.0.0", imports=("a",), tests=("d",)),
        module("m@v1.1.0", "a@v1.0.0", imports=("a",)),
        module("a@v1.0.0", "t@v1.0.0", imports=("t",)),
        module("d@v1.0.0", "m@v1.1.0", "t@v1.1.0", imports=("t",)),
        *_t("v1.0.0", "v1.1.0"),
    ),
}


@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
@pytest.mark.parametrize("name", WORLDS)
def test_a_tidy_consumer_finds_what_it_selects(
    name: str, version: str, tmp_path: Path
) -> None:
    with Simulator() as sim:
        for each in WORLDS[name]:
            sim.publish(each)
        site = Site(tmp_path / "site", sim)
        site.select(["subsets.example/m@v1.0.0"], versions="all", deps="build")
        assert site.sync().failed == {}
        key = sim.verifier_key
    failed = []
    with Served(site.tree, key, tmp_path / "go", transport="file") as served:
        client = served.client("client", need_go(version))
        folder = client.work / "c"
        folder.mkdir()
        (folder / "go.mod").write_text("module c.example/c\n\ngo 1.21\n")
        (folder / "c.go").write_text('package c\n\nimport _ "subsets.example/m"\n')
        client.run("get", "subsets.example/m@v1.0.0", cwd=folder)
        for step in STEPS:
            done = client.try_run(*step.split(), cwd=folder)
            if done.returncode:
                failed.append(f"go {step}: {done.stderr}")
    assert failed == []
