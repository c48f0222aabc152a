"""The standard set: one module for each thing that real clients trip over.

`publish_standard` puts them all on an upstream; the names below say which is
which. PROGRAM is a command that imports most of them and builds with go 1.21 or
newer. BIG is a zip of 100 MB that is not made before somebody asks for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from textwrap import dedent
from typing import TYPE_CHECKING

from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from gosync.demo.upstream import SampleUpstream

UPPER = "std.example/Acme/Widget"
"""Upper-case letters in the path; v1.0.0, v1.1.0, and v1.2.0-RC.1 in a version."""
INCOMPATIBLE = "std.example/gadget"
"""v1.0.0, v2.0.0+incompatible, v3.1.0+incompatible, none with a go.mod."""
PSEUDO_ONLY = "std.example/nightly"
"""Two pseudo-versions, no tag, so an empty list."""
NO_GO_MOD = "std.example/plain"
"""v1.2.3 without a go.mod."""
OUTER, NESTED = "std.example/tree", "std.example/tree/branch"
"""A module, and one in a folder of the same repository."""
MAJOR = "std.example/scale/v2"
"""v2.0.0, v2.1.0, beside std.example/scale v1.0.0."""
RETRACTED = "std.example/regret"
"""v1.0.0, v1.0.1 retracted by v1.1.0."""
DEPRECATED = "std.example/sunset"
"""v1.0.0; v1.1.0 deprecates the module."""
PRERELEASE = "std.example/beta"
"""v0.1.0-rc.1, v0.1.0-rc.2 and nothing else."""
DOTTED_MAJOR = "gopkg.in/tally.v1"
"""v1.0.0 with the major version after a dot."""
UNICODE = "std.example/letters"
"""File names beyond ASCII."""
PROGRAM = "std.example/program"
"""v1.0.0, v1.1.0: a command that imports most of the above."""
BIG = "std.example/big"
"""v1.0.0: 100 MB of zip."""
PRIVATE = "corp.example/secret"
"""v1.0.0, v1.1.0: unknown to index and database."""

PSEUDO_OLD = "v0.0.0-20240101000000-aaaaaaaaaaaa"
PSEUDO_NEW = "v0.0.0-20240301000000-bbbbbbbbbbbb"
PROGRAM_OUTPUT = "widget 1.1 gadget 3 plain scale 2 branch nightly tally beta\n"

_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_BIG_FILES = 5
_BIG_FILE_BYTES = 20_000_000


class SeededFiles(Mapping[str, bytes]):
    """Files of random bytes, made when read: the same ones for a seed."""

    def __init__(self, path: str, *, seed: int, files: int, file_bytes: int) -> None:
        self._go_mod = f"module {path}\n\ngo 1.21\n".encode()
        self._names = [f"data/{number:04d}.bin" for number in range(files)]
        self._seed = seed
        self._file_bytes = file_bytes

    def __getitem__(self, name: str) -> bytes:
        if name == "go.mod":
            return self._go_mod
        if name not in self._names:
            raise KeyError(name)
        return random.Random(f"{self._seed} {name}").randbytes(self._file_bytes)

    def __iter__(self) -> Iterator[str]:
        yield "go.mod"
        yield from self._names

    def __len__(self) -> int:
        return 1 + len(self._names)


def source(
    path: str, version: str, files: Mapping[str, str], *, day: int = 0, commit: str = ""
) -> ModuleSource:
    """Return a module version of these files, its commit made on a day of 2024."""
    contents = {name: dedent(text).encode() for name, text in files.items()}
    time = _FIRST + timedelta(days=day)
    return ModuleSource(path, version, contents, time, commit)


def module(path: str, version: str, *, say: str = "", day: int = 0) -> ModuleSource:
    """Return a module with one package that says one thing."""
    name = package_name(path)
    files = {
        "go.mod": f"module {path}\n\ngo 1.21\n",
        f"{name}.go": _package(name, say or name),
    }
    return source(path, version, files, day=day)


def program(version: str, *, widget: str, day: int) -> ModuleSource:
    """Return a version of PROGRAM that needs this version of UPPER."""
    needs = [mv for mv in program_module_versions() if mv.path != PROGRAM]
    versions = {mv.path: mv.version for mv in needs} | {UPPER: widget}
    requires = "".join(f"\t{path} {number}\n" for path, number in versions.items())
    imports = "".join(f'\t{package_name(p)} "{p}"\n' for p in sorted(versions))
    calls = ", ".join(f"{package_name(path)}.Say()" for path in versions)
    main = (
        "// Program says what it is made of.\npackage main\n\n"
        f'import (\n\t"fmt"\n\n{imports})\n\nfunc main() {{\n'
        f"\tfmt.Println({calls})\n}}\n"
    )
    go_mod = f"module {PROGRAM}\n\ngo 1.21\n\nrequire (\n{requires})\n"
    return source(PROGRAM, version, {"go.mod": go_mod, "main.go": main}, day=day)


def package_name(path: str) -> str:
    """Return the package name of a module's root: without ``/v2`` or ``.v1``."""
    last = path.removesuffix("/v2").rsplit("/", 1)[-1]
    return last.partition(".")[0].lower()


def publish_standard(
    upstream: SampleUpstream, *, big: bool = False, spread: int = 0
) -> None:
    """Publish the standard set.

    Args:
        upstream: Where to.
        big: The large zip too.
        spread: Filler records in the log after each, so that the set is spread
            over many tiles. 2 500 make a log of three tile levels.
    """
    for each in standard_sources():
        upstream.publish(each)
        upstream.log.grow(spread)
    for each in private_sources():
        upstream.publish(each, indexed=False, logged=False)
    if big:
        # Its record is made when it is first looked up, and so are its bytes.
        upstream.publish(big_source(), lazy=True)


def standard_sources() -> list[ModuleSource]:
    """Return the public sources of the standard set but the large one."""
    return [
        module(UPPER, "v1.0.0", say="widget 1.0"),
        module(UPPER, "v1.1.0", say="widget 1.1", day=10),
        module(UPPER, "v1.2.0-RC.1", say="widget 1.2", day=20),
        *_without_go_mod(),
        module(PSEUDO_ONLY, PSEUDO_OLD, say="old nightly"),
        module(PSEUDO_ONLY, PSEUDO_NEW, day=60),
        module(OUTER, "v1.0.0"),
        module(NESTED, "v1.0.0", say="old branch"),
        module(NESTED, "v1.1.0", day=5),
        module("std.example/scale", "v1.0.0", say="scale 1"),
        module(MAJOR, "v2.0.0", say="scale 2.0", day=30),
        module(MAJOR, "v2.1.0", say="scale 2", day=40),
        *_withdrawn(),
        module(PRERELEASE, "v0.1.0-rc.1", say="old beta"),
        module(PRERELEASE, "v0.1.0-rc.2", day=3),
        module(DOTTED_MAJOR, "v1.0.0"),
        _unicode(),
        program("v1.0.0", widget="v1.0.0", day=45),
        program("v1.1.0", widget="v1.1.0", day=70),
    ]


def private_sources() -> list[ModuleSource]:
    """Return the sources that index and database never hear of."""
    return [module(PRIVATE, "v1.0.0"), module(PRIVATE, "v1.1.0", day=9)]


def big_source() -> ModuleSource:
    """Return the large one."""
    files = SeededFiles(BIG, seed=7, files=_BIG_FILES, file_bytes=_BIG_FILE_BYTES)
    return ModuleSource(BIG, "v1.0.0", files, _FIRST)


def program_module_versions() -> list[ModuleVersion]:
    """Return what PROGRAM v1.1.0 needs, itself included."""
    pairs = [
        (PROGRAM, "v1.1.0"),
        (UPPER, "v1.1.0"),
        (INCOMPATIBLE, "v3.1.0+incompatible"),
        (NO_GO_MOD, "v1.2.3"),
        (MAJOR, "v2.1.0"),
        (NESTED, "v1.1.0"),
        (PSEUDO_ONLY, PSEUDO_NEW),
        (DOTTED_MAJOR, "v1.0.0"),
        (PRERELEASE, "v0.1.0-rc.2"),
    ]
    return [ModuleVersion(path, version) for path, version in pairs]


def _package(name: str, say: str) -> str:
    return (
        f"// Package {name} is one of the standard set.\n"
        f"package {name}\n\n"
        f"// Say says what it is.\n"
        f'func Say() string {{ return "{say}" }}\n'
    )


def _without_go_mod() -> list[ModuleSource]:
    def bare(path: str, version: str, say: str) -> ModuleSource:
        name = package_name(path)
        return source(path, version, {f"{name}.go": _package(name, say)})

    return [
        bare(INCOMPATIBLE, "v1.0.0", "gadget 1"),
        bare(INCOMPATIBLE, "v2.0.0+incompatible", "gadget 2"),
        bare(INCOMPATIBLE, "v3.1.0+incompatible", "gadget 3"),
        bare(NO_GO_MOD, "v1.2.3", "plain"),
    ]


def _withdrawn() -> list[ModuleSource]:
    retracting = f"module {RETRACTED}\n\ngo 1.21\n\n// Wrong.\nretract v1.0.1\n"
    deprecating = (
        f"// Deprecated: look at {MAJOR} instead.\nmodule {DEPRECATED}\n\ngo 1.21\n"
    )
    regret, sunset = _package("regret", "regret"), _package("sunset", "sunset")
    return [
        module(RETRACTED, "v1.0.0"),
        module(RETRACTED, "v1.0.1", say="a mistake"),
        source(RETRACTED, "v1.1.0", {"go.mod": retracting, "regret.go": regret}, day=8),
        module(DEPRECATED, "v1.0.0"),
        source(
            DEPRECATED, "v1.1.0", {"go.mod": deprecating, "sunset.go": sunset}, day=9
        ),
    ]


def _unicode() -> ModuleSource:
    files = {
        "go.mod": f"module {UNICODE}\n\ngo 1.21\n",
        "letters.go": _package("letters", "letters"),
        "größe.txt": "größe\n",
        "日本語/読む.txt": "読む\n",
    }
    return source(UNICODE, "v1.0.0", files)
