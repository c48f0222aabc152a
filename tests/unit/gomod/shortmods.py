"""go.mod files in short, and what is needed of them.

files = Files({"a v1.0.0": "go 1.17; b v1.0.0", "b v1.0.0": ""})
needs = files.project("go 1.21; a v1.0.0", "a v1.0.0;b v1.0.0/go.mod")
names(needs.zips)                   ["a v1.0.0", "b v1.0.0"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gosync.gomod.deps import Deps
from gosync.gomod.gosum import GoSum, parse_gosum
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.gomod.mvs import MainModule, Mains
from gosync.gomod.needs import (
    ImportSource,
    Needs,
    needs_of_project,
    needs_of_version,
)

H1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


class Files:
    """go.mod files by "name version", and what is asked about them."""

    def __init__(self, mods: Mapping[str, str], newest: Mapping[str, str] = {}) -> None:
        self.mods = {
            mv(each): f"module {mv(each).path}\n{lines(text)}"
            for each, text in mods.items()
        }
        self.newest = {path(name): version for name, version in newest.items()}
        self.loaded: list[ModuleVersion] = []
        self.announced: list[ModuleVersion] = []
        self.asked: list[str] = []

    def load(self, module: ModuleVersion, /) -> GoMod | None:
        self.loaded.append(module)
        text = self.mods.get(module)
        return None if text is None else parse_lax(text.encode())

    def prefetch(self, modules: Sequence[ModuleVersion], /) -> None:
        self.announced += modules

    def upgrades(self, paths: Sequence[str], /) -> Mapping[str, str]:
        self.asked += paths
        return {each: self.newest[each] for each in paths if each in self.newest}

    def project(self, text: str, *sums: str, deps: Deps = Deps.BUILD) -> Needs:
        gomod = parse_main(text)
        return needs_of_project(
            Mains([MainModule(gomod)]),
            [sum_of(each) for each in sums],
            self.load,
            deps=deps,
            prefetch=self.prefetch,
            upgrades=self.upgrades,
        )

    def version(
        self, name: str, *, deps: Deps = Deps.BUILD, imports: ImportSource | None = None
    ) -> Needs:
        return needs_of_version(
            mv(name),
            self.load,
            deps=deps,
            prefetch=self.prefetch,
            upgrades=self.upgrades,
            imports=imports,
        )


def path(name: str) -> str:
    return f"{name}.example/m"


def mv(text: str) -> ModuleVersion:
    name, version = text.split()
    return ModuleVersion(path(name), version)


def lines(text: str) -> str:
    """Write "go 1.17; a v1.0.0; b v1.0.0 // indirect" as lines of a go.mod."""
    found = []
    for line in filter(None, map(str.strip, text.split(";"))):
        first, rest = line.split(maxsplit=1)
        known = first in ("go", "replace", "exclude", "tool")
        found.append(line if known else f"require {path(first)} {rest}")
    return "\n".join(found) + "\n"


def parse_main(text: str) -> GoMod:
    return parse_lax(f"module {path('main')}\n{lines(text)}".encode())


def sum_of(text: str) -> GoSum:
    rows = [row.split() for row in text.split(";")]
    data = "".join(f"{path(name)} {version} {H1}\n" for name, version in rows)
    return parse_gosum(data.encode())


def names(found: frozenset[ModuleVersion]) -> list[str]:
    return sorted(f"{each.path.split('.')[0]} {each.version}" for each in found)
