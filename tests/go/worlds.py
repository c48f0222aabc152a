"""Random worlds of modules that import each other, in all the ways that go.mod allows.

Go lines below and above pruning, go.mod files that are not tidy and contradict each
other, circles, none at all; packages in nested modules, for some platforms or nobody,
imported by tests alone, by what only tests import, or provided by nothing required;
packages that no pattern finds and imports do, and packages that have tests alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from gosync.demo.modules import ModuleSource

HOST = "w.example"
_NAMES = ("a", "b", "c", "d", "e", "a/n", "f")
_VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0")
_GO_LINES = ("1.16", "1.17", "1.20", "1.20", "1.20")
_HIDDEN = ("testdata/d", "_h")  # no pattern finds these
_TESTS = "t"  # tests alone
_FOLDERS = (*_HIDDEN, "", "p", "q", "internal/i", "cmd", _TESTS)
_IMPORTED = (*("", "", "/p", "/q") * 4, *(f"/{each}" for each in _HIDDEN))
_RARE = ("internal/i", "cmd")
_TAGS = ("//go:build ignore\n\n", "//go:build windows || never\n\n")


@dataclass(frozen=True)
class World:
    """Modules, and what can be imported of them.

    Attributes:
        sources: Each version of each module.
        libraries: The packages of each that can be imported.
        others: The packages of each that patterns find besides: programs, tests alone.
        required: What each requires, "path version".
        programs: The programs, each with its version or with "latest".
    """

    sources: tuple[ModuleSource, ...]
    libraries: dict[tuple[str, str], tuple[str, ...]]
    others: dict[tuple[str, str], tuple[str, ...]]
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
        sources, libraries, others, required = [], {}, {}, {}
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
            libraries[path, version] = _packages(path, ("", "p", "q"), files)
            others[path, version] = _packages(path, ("cmd", _TESTS), files)
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
        return World(tuple(sources), libraries, others, required, sorted(set(programs)))

    def _files(self, path: str) -> tuple[dict[str, str], set[str]]:
        files: dict[str, str] = {}
        imported: set[str] = set()
        for folder in _FOLDERS:
            if folder and self._chance.random() < (0.5 if folder in _RARE else 0.1):
                continue
            name = "main" if folder == "cmd" else "x"
            for file in self._names(folder):
                tag = self._chance.choice(_TAGS) if file == "y.go" else ""
                paths = self._imports(path, folder)
                if file == "x_test.go" and folder not in _HIDDEN:
                    paths |= self._hidden(path, files)
                if "ignore" not in tag:
                    imported |= paths
                lines = "".join(f'import _ "{each}"\n' for each in sorted(paths))
                main = "\nfunc main() {}\n" if (name, file) == ("main", "x.go") else ""
                files[f"{folder}/{file}".lstrip("/")] = (
                    f"{tag}package {name}\n\n{lines}{main}"
                )
        return files, imported

    def _names(self, folder: str) -> list[str]:
        """Return the names of a package's files."""
        if folder == _TESTS:
            return ["x_test.go"]
        odds = {"x_test.go": 0.5, "y.go": 0.3}
        return ["x.go", *(each for each in odds if self._chance.random() < odds[each])]

    def _hidden(self, own: str, files: dict[str, str]) -> set[str]:
        """Return what a test imports of its own module's hidden packages."""
        return {
            f"{own}/{each}"
            for each in _HIDDEN
            if f"{each}/x.go" in files and self._chance.random() < 0.3
        }

    def _imports(self, own: str, folder: str) -> set[str]:
        found = set()
        for _ in range(self._chance.choice((0, 0, 1, 1, 2))):
            path, _ = self._chance.choice(self._offered)
            package = self._chance.choice(_IMPORTED)
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


def _packages(
    path: str, folders: tuple[str, ...], files: dict[str, str]
) -> tuple[str, ...]:
    """Return the packages of a module that are there, of these folders."""
    names = {name.rpartition("/")[0] for name in files if name.endswith(".go")}
    return tuple(
        f"{path}/{each}".removesuffix("/") for each in folders if each in names
    )
