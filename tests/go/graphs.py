"""Random module graphs: as go.mod files for us, and as a GOPROXY folder for go.

A graph is made of a seed. Its modules have paths of their own, so that any number
of graphs fit into one GOPROXY and one module cache.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from pathlib import Path

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import gover
from gosync.gomod.modfile import GoMod, parse, parse_lax
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.gomod.mvs import MainModule, Mains
from gosync.gomod.workfile import parse as parse_work

OLD_GO = ("", "1.11", "1.14", "1.16")
PRUNED_GO = ("1.17", "1.18", "1.20")
STRICT_GO = ("1.21", "1.21rc2", "1.21.0", "1.21.4")
NEWER_GO = ("1.22", "1.23.1", "1.24", "1.24.3", "1.25rc1", "1.26.0")

_LOW = ("v0.1.0", "v0.2.0-beta.2", "v0.0.0-20210102030405-abcdefabcdef")
_PSEUDO = "v1.10.1-0.20220102030405-abcdefabcdef"
_ONE = ("v1.0.0", "v1.1.0-rc.1", "v1.2.0", "v1.10.0", _PSEUDO)
_SPECIAL = ["v2", "v3", "Upper", "gopkg", "incompatible"]
_INCOMPATIBLE = ("v2.0.0+incompatible", "v3.1.0+incompatible")


class Shape(msgspec.Struct, frozen=True):
    """What graphs are made like.

    Attributes:
        modules: How many module paths there are, from and to.
        requirements: How many requirements a go.mod has at most.
        go: The go lines of dependencies.
        main_go: The go lines of main modules.
        broken: How many of the go.mod files are missing or wrong, from 0 to 1.
        work: How many modules a workspace has, from and to; none without.
    """

    modules: tuple[int, int] = (3, 40)
    requirements: int = 4
    go: tuple[str, ...] = (*OLD_GO, *PRUNED_GO, *STRICT_GO)
    main_go: tuple[str, ...] = (*OLD_GO, *PRUNED_GO, *STRICT_GO)
    broken: float = 0
    work: tuple[int, int] | None = None


@dataclass
class Graph:
    """A graph before anybody has computed it.

    Attributes:
        name: What tells it from other graphs.
        mains: The text of go.mod by folder.
        work: The text of go.work, or None.
        mods: The text of every go.mod in the proxy.
        folders: The text of go.mod in folders that replace something.
    """

    name: str
    mains: dict[str, str] = field(default_factory=dict)
    work: str | None = None
    mods: dict[ModuleVersion, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)

    def read_mains(self) -> Mains:
        """Return the main modules as ours."""
        modules = [
            MainModule(parse(text.encode()), folder)
            for folder, text in self.mains.items()
        ]
        work = None if self.work is None else parse_work(self.work.encode())
        return Mains(modules, work)

    def load(self, module: ModuleVersion) -> GoMod | None:
        """Return a go.mod of the proxy, or of a folder."""
        if module.version:
            text = self.mods.get(module)
        else:
            text = self.folders[module.path.removeprefix("./")]
        try:
            return None if text is None else parse_lax(text.encode())
        except MalformedError:
            return None

    def write_project(self, folder: Path) -> None:
        """Write the main modules and the folders that replace something."""
        for name, text in (self.mains | self.folders).items():
            below = folder / name
            below.mkdir(parents=True, exist_ok=True)
            (below / "go.mod").write_text(text)
        if self.work is not None:
            (folder / "go.work").write_text(self.work)

    def write_proxy(self, folder: Path) -> None:
        """Write what a GOPROXY has of it."""
        for module, text in self.mods.items():
            below = folder / escape_path(module.path) / "@v"
            below.mkdir(parents=True, exist_ok=True)
            name = escape_version(module.version)
            info = {"Version": module.version, "Time": "2022-02-02T02:02:02Z"}
            (below / f"{name}.mod").write_text(text)
            (below / f"{name}.info").write_text(json.dumps(info))


def make_graph(name: str, shape: Shape) -> Graph:
    """Make the graph that this name stands for."""
    return _Maker(name, shape).make()


class _Maker:
    """One graph in the making."""

    def __init__(self, name: str, shape: Shape) -> None:
        self.random = random.Random(name)
        self.shape = shape
        self.graph = Graph(name)
        self.host = f"{name}.example"
        self.paths: dict[str, list[str]] = {}

    def make(self) -> Graph:
        pick = self.random
        for number in range(pick.randint(*self.shape.modules)):
            self.add_path(number)
        mains = pick.randint(*self.shape.work) if self.shape.work else 1
        names = [f"{self.host}/main{number}" for number in range(mains)]
        for path in names:
            # What others require of a main module: it exists, and is not used.
            self.paths[path] = ["v1.0.0", "v1.1.0"]
        for path, versions in self.paths.items():
            for version in versions:
                self.add_version(ModuleVersion(path, version))
        self.damage()
        for number, path in enumerate(names):
            folder = f"m{number}" if self.shape.work else "."
            self.graph.mains[folder] = self.main(path)
        if self.shape.work:
            self.graph.work = self.workspace()
        return self.graph

    def add_path(self, number: int) -> None:
        pick = self.random
        kind = pick.choice(["plain"] * 6 + _SPECIAL)
        path = f"{self.host}/{pick.choice('abc')}{number}"
        pool: Sequence[str] = (*_LOW, *_ONE)
        match kind:
            case "v2" | "v3":
                path += f"/{kind}"
                pool = [version.replace("v1", kind, 1) for version in _ONE[:4]]
            case "Upper":
                path += "/Nested/Path"
            case "gopkg":
                path = f"gopkg.in/{self.graph.name}-{number}.v1"
                pool = _ONE
            case "incompatible":
                pool = (*_ONE[:2], *_INCOMPATIBLE)
        self.paths[path] = pick.sample(pool, pick.randint(1, min(4, len(pool))))

    def damage(self) -> None:
        for module in list(self.graph.mods):
            if self.random.random() >= self.shape.broken:
                continue
            match self.random.choice(["missing", "unreadable", "nameless", "foreign"]):
                case "missing":
                    del self.graph.mods[module]
                case "unreadable":
                    self.graph.mods[module] += "require (\n"
                case "nameless":
                    self.graph.mods[module] = "go 1.17\n"
                case "foreign":
                    self.graph.mods[module] = "module foreign.example\n"

    def any_module(self) -> ModuleVersion:
        path = self.random.choice(list(self.paths))
        return ModuleVersion(path, self.random.choice(self.paths[path]))

    def add_version(self, module: ModuleVersion) -> None:
        pick = self.random
        if module.version.endswith("+incompatible") or pick.random() < 0.1:
            self.graph.mods[module] = f"module {module.path}\n"
            return
        lines = [f"module {module.path}", *self.go_line(self.shape.go)]
        lines += self.require(pick.randint(0, self.shape.requirements))
        if pick.random() < 0.2:
            lines.append("retract [v0.1.0, v1.1.0] // no good")
        if pick.random() < 0.2:  # means nothing in a dependency
            lines += [*self.exclusions(1), *self.replacements(1)]
            lines += ["novelty of a later go", "toolchain go1.99.0"]
        self.graph.mods[module] = "\n".join(lines) + "\n"

    def go_line(self, choices: tuple[str, ...]) -> list[str]:
        go = self.random.choice(choices)
        return [f"go {go}"] if go else []

    def require(self, count: int) -> list[str]:
        lines = []
        for _ in range(count):
            module = self.any_module()
            comment = self.random.choice(["", "", " // indirect"])
            lines.append(f"require {module.path} {module.version}{comment}")
        return lines

    def exclusions(self, count: int) -> list[str]:
        modules = {self.any_module(): None for _ in range(count)}
        return [f"exclude {each.path} {each.version}" for each in modules]

    def replacements(self, count: int, folder: str = "") -> list[str]:
        lines: dict[str, str] = {}
        for _ in range(count):
            old = self.any_module()
            text = self.random.choice([old.path, f"{old.path} {old.version}"])
            lines[text] = f"replace {text} => {self.new_target(old, folder)}"
        return list(lines.values())

    def new_target(self, old: ModuleVersion, folder: str) -> str:
        pick = self.random
        kinds: list[Callable[[], str]] = [
            lambda: f"{old.path} {pick.choice(self.paths[old.path])}",
            lambda: self.fork(old),
        ]
        if folder:
            kinds.append(lambda: f"{folder}/{self.folder()}")
        return pick.choice(kinds)()

    def fork(self, old: ModuleVersion) -> str:
        """Return a module that calls itself what it replaces, or what it is."""
        path = f"{self.host}/fork{len(self.graph.mods)}"
        lines = [f"module {self.random.choice([path, old.path])}"]
        lines += [*self.go_line(self.shape.go), *self.require(2)]
        self.graph.mods[ModuleVersion(path, "v1.2.3")] = "\n".join(lines) + "\n"
        return f"{path} v1.2.3"

    def folder(self) -> str:
        """Return a folder whose module calls itself what it likes."""
        name = f"folder{len(self.graph.folders)}"
        lines = [f"module {self.random.choice(['whatever.example', self.host])}"]
        lines += [*self.go_line(self.shape.go), *self.require(2)]
        self.graph.folders[name] = "\n".join(lines) + "\n"
        return name

    def main(self, path: str) -> str:
        pick = self.random
        go = self.go_line(self.shape.main_go)
        lines = [f"module {path}", *go]
        if go and pick.random() < 0.2:
            lines.append(pick.choice(["toolchain go1.21.9", "toolchain go1.21.0-corp"]))
        lines += self.require(pick.randint(1, 2 * self.shape.requirements))
        lines += self.exclusions(pick.choice([0, 0, 1, 3]))
        count = pick.choice([0, 0, 1, 3])
        if self.shape.work:  # modules may contradict each other, that go refuses
            count = min(count, len(self.graph.mains) == 0)
        lines += self.replacements(count, ".." if self.shape.work else ".")
        return "\n".join(lines) + "\n"

    def workspace(self) -> str:
        lines = [f"use ./{folder}" for folder in self.graph.mains]
        go = [parse(text.encode()).go or "1.16" for text in self.graph.mains.values()]
        least = max(go, key=cmp_to_key(gover.compare))
        if gover.compare(least, "1.18") > 0 or self.random.random() < 0.5:
            lines.append(f"go {least}")
        lines += self.replacements(self.random.choice([0, 1, 2]), ".")
        mains = {parse(text.encode()).module for text in self.graph.mains.values()}
        lines = [line for line in lines if line.split()[1] not in mains]
        return "\n".join(lines) + "\n"
