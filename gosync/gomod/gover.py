r"""Versions of Go itself, and the order of module versions whatever the module.

Grammar (https://go.dev/doc/toolchain#version)::

    version = number [ "." number [ "." number | kind [ number ] ] ]
    number  = "0" | nonzero-digit { digit }          any length
    kind    = one or more of a-z, like rc or beta

- ``1`` is ``1.0.0``. Before 1.21 the first release had no patch: ``1.20`` is
  ``1.20.0``. Since then ``1.21`` is the language, lower than ``1.21rc1``, which is
  lower than ``1.21.0``.
- What is no version is lower than every version.

A toolchain is called ``go`` and a version, perhaps with a suffix after a
"-", a space or a tab: ``go1.21.3-corp``.

Module graphs have two modules that nobody can download: ``go``, in versions of
Go, and ``toolchain``, in names of toolchains. All others have semantic versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key, lru_cache
from typing import TypeAlias

from gosync.gomod import semver
from gosync.gomod.module import ModuleVersion
from gosync.pattern import compile_on_use

GO = "go"
TOOLCHAIN = "toolchain"

# What the lines of go.mod and go.work mean when there are none.
DEFAULT_GO_MOD = "1.16"
DEFAULT_GO_WORK = "1.18"
# Since then a go.mod names all it takes to build its module ...
PRUNING = "1.17"
# ... and a module that needs a newer Go than there is cannot be used.
STRICT = "1.21"

_NUMBER = r"(0|[1-9][0-9]*+)"
_VERSION = compile_on_use(
    rf"{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}|([a-z]++){_NUMBER}?)?)?", re.ASCII
)
_OWN_SUFFIX = compile_on_use(r"[ \t-].*", re.DOTALL)

# A number of any length compares by its digits' count, then by its digits.
_Number: TypeAlias = tuple[int, str]
# major, minor, patch, kind, number of that kind
_Precedence: TypeAlias = tuple[_Number, _Number, _Number, str, _Number]

_NONE: _Number = (0, "")
_ZERO: _Number = (1, "0")
_LAST_WITHOUT_PATCH: _Number = (2, "20")
_INVALID: _Precedence = (_NONE, _NONE, _NONE, "", _NONE)


def is_valid(version: str) -> bool:
    """Tell whether ``version`` is a version of Go, without the ``go``."""
    return _VERSION.fullmatch(version) is not None


def compare(a: str, b: str) -> int:
    """Compare two versions of Go: -1, 0 or +1."""
    x, y = _precedence(a), _precedence(b)
    return (x > y) - (x < y)


def from_toolchain(name: str) -> str:
    """Return the version of Go that a toolchain has, or ""."""
    if not name.startswith("go") or "/" in name or "\\" in name:
        return ""
    version = _OWN_SUFFIX.sub("", name[2:])
    return version if is_valid(version) else ""


def is_toolchain(path: str) -> bool:
    """Tell whether this is one of the two modules that cannot be downloaded."""
    return path in (GO, TOOLCHAIN)


def compare_of(path: str, a: str, b: str) -> int:
    """Compare two versions of one module: -1, 0 or +1."""
    if path == GO:
        return compare(a, b)
    if path == TOOLCHAIN:
        return compare(_of_toolchain(a), _of_toolchain(b))
    return semver.compare(a, b)


def sort_modules(modules: Iterable[ModuleVersion]) -> list[ModuleVersion]:
    """Return module versions sorted by path, then by version."""
    return sorted(modules, key=cmp_to_key(_compare_modules))


def _compare_modules(a: ModuleVersion, b: ModuleVersion) -> int:
    if a.path != b.path:
        return -1 if a.path < b.path else 1
    return compare_of(a.path, a.version, b.version)


def _of_toolchain(name: str) -> str:
    return name if is_valid(name) else from_toolchain(name)


@lru_cache(maxsize=1024)
def _precedence(version: str) -> _Precedence:
    match = _VERSION.fullmatch(version)
    if match is None:
        return _INVALID
    major, minor, patch, kind, number = match.groups()
    if minor is None:
        return _number(major), _ZERO, _ZERO, "", _NONE
    if patch is None and kind is None and _number(minor) <= _LAST_WITHOUT_PATCH:
        patch = "0"
    return _number(major), _number(minor), _number(patch), kind or "", _number(number)


def _number(digits: str | None) -> _Number:
    return (len(digits), digits) if digits else _NONE
