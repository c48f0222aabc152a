"""Random worlds of modules that import each other, in all the ways that go.mod allows.

Go lines below and above pruning, go.mod files that are not tidy and contradict each
other, circles, none at all; packages in nested modules, for some platforms or nobody,
imported by tests alone, by what only tests import, or provided by nothing required.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from gosync.demo.modules import ModuleSource

HOST = "w.example"
_NAMES = ("a", "b", "c", "d", "e", "a/n", "f")
_VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0")
_GO_LINES = ("1.16", "1.17", "1.20", "1.20", "1.20")
_FOLDERS = ("", "p", "q", "internal/i", "cmd")
_TAGS = ("//go:build ignore\n\n", "//go:build windows || never\n\n")


@dataclass(frozen=True)
class World:
    """Modules, and what can be imported of them.

    Attributes:
        sources: Each version of each module.
        libraries: The packages of each that can be imported.
        required: What each requires, "path version".
        programs: The programs, each with its version or with "latest".
    """

    sources: tuple[ModuleSource, ...]
    libraries: dict[tuple[str, str], tuple[str, ...]]
    required: dict[tuple[str, str], tuple[str, ...]]
    programs: list[str]


def make_world(seed: int) -> World:
    """Return the world of a number."""
    return _Making(random.Random(seed)).world()


class _Making:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        names = chance.sample(_NAMES, chance.randint(4, len(_NAMES)))
        self._offered = [
            (f"{HOST}/{name}", version)
            for name in sorted({*names, "a", "b"})
            for version in _VERSIONS[: chance.randint(1, 3)]
        ]
        self._tidiness = chance.choice((0.6, 0.9, 1.0))

    def world(self) -> World:
        sources, libraries, required = [], {}, {}
        for path, version in self._offered:
            files, imported = self._files(path)
            if self._chance.random() < 0.05:
                go_mod = f"module {path}\n"  # what proxies answer where there is none
            else:
                files["go.mod"] = go_mod = self._go_mod(path, imported)
            source = ModuleSource(
                path, version, {name: text.encode() for name, text in files.items()}
            )
            assert go_mod
            sources.append(source)
            libraries[path, version] = tuple(
                name
                for name in (path, f"{path}/p", f"{path}/q")
                if f"{name}/x.go".removeprefix(f"{path}/") in files
            )
            required[path, version] = tuple(
                line.removeprefix("require ")
                for line in go_mod.splitlines()
                if line.startswith("require ")
            )
        programs = [
            f"{each.path}/cmd@{self._chance.choice((each.version, 'latest'))}"
            for each in sources
            if "cmd/x.go" in each.files
        ]
        return World(tuple(sources), libraries, required, sorted(set(programs)))

    def _files(self, path: str) -> tuple[dict[str, str], set[str]]:
        files: dict[str, str] = {}
        imported: set[str] = set()
        for folder in _FOLDERS:
            if folder and self._chance.random() < (0.1 if len(folder) == 1 else 0.5):
                continue
            name = "main" if folder == "cmd" else "x"
            for file, odds in (("x.go", 0.6), ("x_test.go", 0.5), ("y.go", 0.3)):
                if file != "x.go" and self._chance.random() > odds:
                    continue
                tag = self._chance.choice(_TAGS) if file == "y.go" else ""
                paths = self._imports(path, folder)
                if "ignore" not in tag:
                    imported |= paths
                lines = "".join(f'import _ "{each}"\n' for each in sorted(paths))
                main = "\nfunc main() {}\n" if (name, file) == ("main", "x.go") else ""
                files[f"{folder}/{file}".lstrip("/")] = (
                    f"{tag}package {name}\n\n{lines}{main}"
                )
        return files, imported

    def _imports(self, own: str, folder: str) -> set[str]:
        found = set()
        for _ in range(self._chance.choice((0, 0, 1, 1, 2))):
            path, _ = self._chance.choice(self._offered)
            package = self._chance.choice(("", "", "/p", "/q"))
            if path > own:  # packages must not import each other in a circle
                found.add(f"{path}{package}")
        if folder == "" and self._chance.random() < 0.2:
            found.add(f"{own}/internal/i")
        return found

    def _go_mod(self, path: str, imported: set[str]) -> str:
        lines = [f"module {path}", f"go {self._chance.choice(_GO_LINES)}"]
        wanted = {
            each
            for each, _ in self._offered
            if any(f"{name}/".startswith(f"{each}/") for name in imported)
        }
        for each in sorted({name for name, _ in self._offered} - {path}):
            is_wanted = each in wanted and self._chance.random() < self._tidiness
            if is_wanted or self._chance.random() < 0.2:
                versions = [v for name, v in self._offered if name == each]
                lines.append(f"require {each} {self._chance.choice(versions)}")
        return "\n".join(lines) + "\n"
