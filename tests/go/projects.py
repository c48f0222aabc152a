"""Ten projects, and all modules there are for them.

    with Simulator() as sim:
        for sample in PROJECTS.values():
            sample.publish(sim)
        folder = sample.write(folder, client)    # a GoClient of that simulator

``write`` leaves the project as its authors would have committed it: ``go mod tidy``
has been run in each of its modules, so that there are go.sum files. ``client`` must
be of a go that is at least ``sample.least_go``.

Each project has a host of its own, so all fit into one upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gosync.demo.upstream import SampleUpstream
from gosync.gomod.module import ModuleVersion
from tests.go.ecosystem import (
    GO,
    NEWER_GO,
    Ecosystem,
    Packages,
    code_of,
    go_mod_text,
    grow,
)
from tests.simulator.goclient import GoClient


@dataclass
class Sample:
    """A project and what it lives on.

    Attributes:
        name: What it is called.
        eco: The modules there are.
        files: Its files by name, without go.sum.
        modules: The folders of its main modules.
        least_go: The lowest go that can work on it.
    """

    name: str
    eco: Ecosystem
    files: dict[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = (".",)
    least_go: tuple[int, int] = (1, 21)

    @property
    def is_workspace(self) -> bool:
        return "go.work" in self.files

    def publish(self, upstream: SampleUpstream) -> None:
        """Publish all modules there are for it."""
        for each in self.eco.sources.values():
            upstream.publish(each)

    def write(self, folder: Path, client: GoClient) -> Path:
        """Write the project's folder and tidy it; return the folder."""
        project = folder / self.name
        for name, text in self.files.items():
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for module in self.modules:
            client.run("mod", "tidy", cwd=project / module)
        if self.is_workspace:
            client.run("mod", "download", cwd=project)  # makes go.work.sum
            client.run("list", "-m", "all", cwd=project)
        return project

    def main(
        self,
        *imports: str,
        go: str = "1.21",
        path: str = "main",
        folder: str = ".",
        tests: tuple[str, ...] = (),
        tools: tuple[str, ...] = (),
        beside: tuple[str, ...] = (),
        pins: Mapping[str, str] | None = None,
        lines: str = "",
    ) -> None:
        """Write a main module.

        Args:
            imports: The names of what its package imports.
            go: Its go line.
            path: Its name.
            folder: Its folder.
            tests: What its tests import.
            tools: Packages that are its tools.
            beside: What it imports and ``lines`` requires.
            pins: Versions to require, by name; else the newest.
            lines: More for its go.mod.
        """
        eco = self.eco
        own, tested = tuple(map(eco.path, imports)), tuple(map(eco.path, tests))
        tool = tuple(map(eco.path, tools))
        pinned = {eco.path(name): version for name, version in (pins or {}).items()}
        required = eco.tidy(eco.path(path), go, (*own, *tested, *tool), pinned)
        code = code_of(Packages((*own, *map(eco.path, beside)), None, tested))
        lines = "\n".join([lines, *(f"tool {each}" for each in tool)])
        code["go.mod"] = go_mod_text(eco.path(path), go, required, lines)
        prefix = "" if folder == "." else f"{folder}/"
        self.files.update({prefix + name: text for name, text in code.items()})


def _sample(name: str) -> Sample:
    return Sample(name, Ecosystem(f"{name}.example"))


def _diamond() -> Sample:
    """Two ways to one module, in two versions, with a cycle through tests."""
    sample = _sample("diamond")
    release = sample.eco.release
    release("c", "v1.0.0")
    release("b", "v1.0.0", "c")
    release("c", "v1.1.0", tests=["b"])
    release("a", "v1.0.0", "c")
    release("c", "v1.2.0", tests=["b"])
    release("b", "v1.1.0", "c")
    sample.main("a", "b", pins={"b": "v1.0.0"})
    return sample


def _tested() -> Sample:
    """Dependencies that only tests of dependencies need, some pruned out."""
    sample = _sample("tested")
    release = sample.eco.release
    release("deep", "v1.0.0", go="1.16")
    release("check", "v1.0.0", "deep", go="1.16")
    release("suite", "v1.0.0", "check", go="1.17")
    release("lib", "v1.0.0", tests=["suite"], go="1.20")
    release("check", "v1.1.0", "deep", go="1.17")
    release("suite", "v1.1.0", "check", go="1.20")
    release(
        "top", "v1.0.0", "lib", tests=["check"], go="1.20", pins={"check": "v1.0.0"}
    )
    sample.main("top", tests=("suite",), pins={"suite": "v1.0.0"})
    return sample


def _replaced() -> Sample:
    """A fork of one version, a fork of all, a folder, an exclusion."""
    sample = _sample("replaced")
    release, path = sample.eco.release, sample.eco.path
    release("base", "v1.0.0")
    release("base", "v1.1.0")
    release("fork", "v0.1.0", "base", pins={"base": "v1.0.0"})
    release("spoon", "v0.2.0", "base", go="1.16")
    release("one", "v1.0.0", "base")
    release("one", "v1.1.0", "base")
    release("lost", "v1.0.0", "base", pins={"base": "v1.0.0"})
    release("near", "v1.0.0", "base")
    release("base", "v1.2.0")
    release("base", "v1.3.0")
    release("user", "v1.0.0", "one", "lost", "near", pins={"one": "v1.0.0"})
    lines = f"""
replace {path("one")} v1.0.0 => {path("fork")} v0.1.0
replace {path("lost")} => {path("spoon")} v0.2.0
replace {path("near")} => ./near
exclude {path("base")} v1.2.0
"""
    sample.main("user", "base", pins={"base": "v1.1.0"}, lines=lines)
    sample.files["near/go.mod"] = (
        f"module {path('near')}\n\ngo 1.20\n\nrequire {path('base')} v1.2.0\n"
    )
    sample.files["near/p.go"] = f'package p\nimport _ "{path("base")}"\n'
    for name in ("lost", "near"):  # nobody but this project has them
        del sample.eco.sources[ModuleVersion(path(name), "v1.0.0")]
    return sample


def _workspace() -> Sample:
    """Two modules, one of which imports the other, and more together than alone."""
    sample = _sample("workspace")
    release, path = sample.eco.release, sample.eco.path
    release("low", "v1.0.0")
    release("mid", "v1.0.0", "low")
    release("low", "v1.1.0")
    release("mid", "v1.1.0", "low", tests=["low"])
    release("low", "v1.2.0")
    release("side", "v1.0.0", "low", pins={"low": "v1.1.0"}, go="1.16")
    sample.main("mid", path="b", folder="b", pins={"mid": "v1.0.0"})
    lines = f"require {path('b')} v0.0.0\nreplace {path('b')} => ../b\n"
    sample.main(
        "side", path="a", folder="a", beside=("b",), lines=lines, tests=("mid",)
    )
    sample.modules = ("a", "b")
    sample.files["go.work"] = "go 1.21\n\nuse (\n\t./a\n\t./b\n)\n"
    return sample


def _tools() -> Sample:
    """Tools, whose packages nothing imports."""
    sample = _sample("tools")
    release = sample.eco.release
    release("flags", "v1.0.0")
    release("gen", "v1.0.0", more=["flags"])
    release("flags", "v1.1.0")
    release("gen", "v1.1.0", "flags", more=["flags"], tests=["flags"])
    release("lib", "v1.0.0", go="1.16")
    sample.main("lib", go="1.24.0", tools=("gen/more",), pins={"gen": "v1.0.0"})
    sample.least_go = (1, 24)
    return sample


def _odd() -> Sample:
    """Commits, major versions, modules without go.mod, what was taken back."""
    sample = _sample("odd")
    release = sample.eco.release
    commits = [f"v0.0.0-2024010{day}000000-abcdefabcdef" for day in (1, 2)]
    release("old", "v1.0.0", go=None)
    release("old", "v2.0.0+incompatible", go=None)
    release("commit", commits[0], "old", go="1.14")
    release("bare", "v1.0.0", "old", go=None)
    release("major/v2", "v2.0.0", "commit", pins={"commit": commits[0]})
    release("old", "v3.0.0+incompatible", go=None)
    release("regret", "v1.0.0", "bare")
    release("regret", "v1.0.1", "bare")
    release("regret", "v1.1.0", "bare", lines="retract v1.0.1 // Wrong.")
    release("commit", commits[1], "old")
    release("major/v2", "v2.1.0", "commit", tests=["regret"])
    release("sunset", "v1.0.0", "major/v2", pins={"major/v2": "v2.0.0"})
    pins = {"regret": "v1.0.1", "old": "v2.0.0+incompatible", "commit": commits[0]}
    sample.main("sunset", "regret", "old", pins=pins)
    return sample


def random_sample(
    name: str, *, modules: int, go: str, eco_go: Sequence[str] = GO
) -> Sample:
    """Make a project of a random ecosystem, which stays with some of what is old."""
    sample = Sample(name, grow(f"{name}.example", modules=modules, go=eco_go))
    eco = sample.eco
    names = [path.removeprefix(f"{eco.host}/") for path in sorted(eco.versions)]
    pins = {each: eco.versions[eco.path(each)][0] for each in names[::2]}
    sample.main(*names[1::4], go=go, tests=tuple(names[2::5]), pins=pins)
    return sample


def _newer() -> Sample:
    """What is at ``go 1.16`` below what is at ``go 1.24``."""
    sample = random_sample("newer", modules=12, go="1.24.0", eco_go=NEWER_GO)
    sample.least_go = (1, 24)
    return sample


_MAKERS: dict[str, Callable[[], Sample]] = {
    "diamond": _diamond,
    "tested": _tested,
    "replaced": _replaced,
    "workspace": _workspace,
    "tools": _tools,
    "odd": _odd,
    "newer": _newer,
    "unpruned": lambda: random_sample("unpruned", modules=14, go="1.16"),
    "compared": lambda: random_sample("compared", modules=14, go="1.17"),
    "forty": lambda: random_sample("forty", modules=40, go="1.21"),
}
PROJECTS = {name: make() for name, make in _MAKERS.items()}
