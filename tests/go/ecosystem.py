"""Modules with packages that import each other, released one after the other.

Each release is made as its author would make it: its go.mod requires what its
packages and their tests import, in versions that exist by then, and at ``go 1.17``
and higher everything else that it takes to build these, as ``go mod tidy`` writes
it. So packages can be built, and what go asks for is what it asks for in life.

Packages import nothing but others: a module's own is ``PATH``, some have another
one, ``PATH/more``; ``PATH/cmd`` is a program of the first. Imports go from modules
that were begun earlier to those that were begun later, so there are no cycles of
packages; tests import what they like, so there are cycles of modules.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gosync.demo.modules import ModuleSource, go_mod
from gosync.gomod.mains import MainModule, Mains, Pruning, pruning_of
from gosync.gomod.modfile import GoMod, Requirement, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import resolve
from gosync.gomod.semver import version_key
from tests.simulator.standard import source

OLD_GO = ("", "1.14", "1.16")
GO = (*OLD_GO, "1.17", "1.18", "1.20", "1.21")
NEWER_GO = (*GO, "1.22", "1.24.0")
MORE = "/more"


@dataclass(frozen=True)
class Packages:
    """What a module version's packages import: its own, the other one, the tests."""

    own: tuple[str, ...] = ()
    more: tuple[str, ...] | None = None
    tests: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.own, *(self.more or ()), *self.tests)

    def of(self, package: str, path: str) -> tuple[str, ...]:
        return (self.more or ()) if package == path + MORE else self.own


@dataclass
class Ecosystem:
    """Everything that was released on one host.

    Attributes:
        host: The first element of all paths.
        sources: The releases.
        packages: What is in them.
    """

    host: str
    sources: dict[ModuleVersion, ModuleSource] = field(default_factory=dict)
    packages: dict[ModuleVersion, Packages] = field(default_factory=dict)
    versions: dict[str, list[str]] = field(default_factory=dict)

    def path(self, name: str) -> str:
        return f"{self.host}/{name}"

    def release(
        self,
        name: str,
        version: str,
        *imports: str,
        go: str | None = "1.21",
        more: Sequence[str] | None = None,
        tests: Sequence[str] = (),
        pins: Mapping[str, str] | None = None,
        lines: str = "",
    ) -> ModuleVersion:
        """Release a module version.

        Args:
            name: The module's path below the host.
            version: Its version.
            imports: The names of what its own package imports.
            go: Its go line, "" for none, None for no go.mod.
            more: What its other package imports; None for no such package.
            tests: What its tests import.
            pins: Versions to require, by name; else the newest.
            lines: More for its go.mod.
        """
        mv = ModuleVersion(self.path(name), version)
        packages = Packages(
            tuple(map(self.path, imports)),
            None if more is None else tuple(map(self.path, more)),
            tuple(map(self.path, tests)),
        )
        files = code_of(packages)
        files["cmd/main.go"] = _code("main", [mv.path]) + "func main() {}\n"
        if go is not None:
            pinned = {self.path(key): value for key, value in (pins or {}).items()}
            required = self.tidy(mv.path, go, packages.all, pinned)
            files["go.mod"] = go_mod_text(mv.path, go, required, lines)
        self.sources[mv] = source(mv.path, version, files, day=len(self.sources))
        self.packages[mv] = packages
        self.versions.setdefault(mv.path, []).append(version)
        return mv

    def load(self, module: ModuleVersion, /) -> GoMod | None:
        """Return a release's go.mod."""
        found = self.sources.get(module)
        return None if found is None else parse_lax(go_mod(found))

    def newest(self, path: str) -> str:
        """Return the version that is newest by its number."""
        return max(self.versions[path], key=version_key)

    def module_of(self, package: str) -> str:
        """Return the path of the module that has a package."""
        path = package
        while path not in self.versions:
            path = path.rpartition("/")[0]
        return path

    def tidy(
        self, path: str, go: str, imports: Iterable[str], pins: Mapping[str, str]
    ) -> tuple[Requirement, ...]:
        """Return what a tidy go.mod requires."""
        direct = sorted({self.module_of(package) for package in imports} - {path})
        required = {each: pins.get(each) or self.newest(each) for each in direct}
        while True:
            selected = self._selected(path, go, required)
            needed = self._needed(imports, selected | {path: ""}) - {path}
            names = (
                needed if pruning_of(go) is Pruning.PRUNED else needed - set(selected)
            )
            wanted = {
                each: selected.get(each) or self.newest(each)
                for each in sorted(names | required.keys())
            }
            if wanted == required:
                break
            required = wanted
        return tuple(
            Requirement(each, version, each not in direct)
            for each, version in sorted(required.items())
        )

    def _selected(
        self, path: str, go: str, required: Mapping[str, str]
    ) -> dict[str, str]:
        lines = tuple(Requirement(*each) for each in required.items())
        mains = Mains([MainModule(GoMod(module=path, go=go, require=lines))])
        found = resolve(mains, self.load).build_list()
        return {each.path: each.version for each in found if each.version}

    def _needed(self, imports: Iterable[str], selected: Mapping[str, str]) -> set[str]:
        """Return the modules of all packages that are imported, down to the last."""
        seen: set[str] = set()
        pending = list(imports)
        while pending:
            package = pending.pop()
            if package in seen:
                continue
            seen.add(package)
            path = self.module_of(package)
            version = selected.get(path) or self.newest(path)
            packages = self.packages[ModuleVersion(path, version)]
            pending.extend(packages.of(package, path))
        return {self.module_of(package) for package in seen}


def code_of(packages: Packages) -> dict[str, str]:
    """Return the Go files of some packages."""
    files = {"p.go": _code("p", packages.own)}
    if packages.more is not None:
        files["more/p.go"] = _code("p", packages.more)
    if packages.tests:
        files["p_test.go"] = _code("p_test", packages.tests)
    return files


def go_mod_text(
    path: str, go: str, required: Iterable[Requirement], lines: str = ""
) -> str:
    """Return a go.mod."""
    text = [f"module {path}\n", f"go {go}\n" if go else ""]
    for each in required:
        mark = " // indirect" if each.indirect else ""
        text.append(f"require {each.path} {each.version}{mark}")
    return "\n".join([*text, lines, ""])


def _code(name: str, imports: Iterable[str]) -> str:
    return f"package {name}\n" + "".join(f'import _ "{each}"\n' for each in imports)


def grow(
    host: str, *, modules: int, rounds: int = 4, go: Sequence[str] = GO
) -> Ecosystem:
    """Make a random ecosystem, the same for every host.

    Names begin with "m", a number, and end with "/v2" where the major version is
    2. Every version has the packages that its module's first one had, so that
    whatever is selected can be built.
    """
    return _Growing(host, modules, go).grow(rounds)


class _Growing:
    """An ecosystem while it grows."""

    def __init__(self, host: str, modules: int, go: Sequence[str]) -> None:
        self.random = random.Random(host)
        self.eco = Ecosystem(host)
        self.names = [self._name(number) for number in range(modules)]
        self.go = go

    def grow(self, rounds: int) -> Ecosystem:
        for turn in range(rounds):
            for number in reversed(range(len(self.names))):
                if turn == 0 or self.random.random() < 0.5:
                    self._release(number, turn)
        return self.eco

    def _name(self, number: int) -> str:
        suffix = "/v2" if self.random.random() < 0.15 else ""
        return f"m{number}{suffix}"

    def _kind(self, number: int) -> str:
        """Return what a module is like, in all its versions."""
        return random.Random(f"{self.eco.host}{number}").choice(
            ["plain"] * 7 + ["bare", "incompatible", "pseudo"]
        )

    def _release(self, number: int, turn: int) -> None:
        pick, name, kind = self.random, self.names[number], self._kind(number)
        is_bare = kind in ("bare", "incompatible")
        # Without a go.mod nobody could tell what they import; see tests/go/projects.py.
        later = [] if is_bare else self.names[number + 1 :]
        known = [] if is_bare else [each for each in self._known() if each != name]
        imports = self._some(later, 3)
        self.eco.release(
            name,
            self._version(name, kind, turn),
            *imports,
            go=None if is_bare else pick.choice(self.go),
            more=self._some(later, 2) if number % 3 == 0 else None,
            tests=self._some(known, 2),
            pins=self._pins(),
        )

    def _version(self, name: str, kind: str, turn: int) -> str:
        major = 2 if name.endswith("/v2") else 1
        if kind == "pseudo":
            number = major if major == 2 else 0
            return f"v{number}.0.0-2024010{turn + 1}000000-abcdefabcdef"
        if kind == "incompatible" and major == 1:
            return f"v{turn + 2}.0.0+incompatible"
        return f"v{major}.{turn}.0"

    def _known(self) -> list[str]:
        return [each for each in self.names if self.eco.path(each) in self.eco.versions]

    def _some(self, names: Sequence[str], most: int) -> list[str]:
        chosen = self.random.sample(
            names, min(len(names), self.random.randint(0, most))
        )
        return [
            each + MORE if self._has_more(each) and self.random.random() < 0.5 else each
            for each in chosen
        ]

    def _has_more(self, name: str) -> bool:
        return self.names.index(name) % 3 == 0

    def _pins(self) -> dict[str, str]:
        """Return older versions of some modules, which authors stay with."""
        return {
            name: self.random.choice(self.eco.versions[self.eco.path(name)])
            for name in self._known()
            if self.random.random() < 0.4
        }
