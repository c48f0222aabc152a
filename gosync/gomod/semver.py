"""Semantic versions with a leading ``v``, as Go orders them.

Grammar::

    version    = "v" number [ "." number [ "." number [ prerelease ] [ build ] ] ]
    number     = "0" | nonzero-digit { digit }         any length
    prerelease = "-" identifier { "." identifier }     all-digit ones: a number
    build      = "+" identifier { "." identifier }
    identifier = one or more of 0-9 A-Z a-z "-"

This is Semantic Versioning 2.0.0 (https://semver.org) with two differences: the
``v`` is required, and ``v1`` and ``v1.2`` stand for ``v1.0.0`` and ``v1.2.0``.
The canonical form has three numbers and no build.

Precedence ignores the build. An invalid version is lower than any valid one,
and all invalid ones are equal. Sorting breaks ties by the string, so that one
set of versions has one order.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from gosync.pattern import compile_on_use

NUMBER = r"(?:0|[1-9][0-9]*+)"
_IDENTIFIER = r"[0-9A-Za-z-]++"
_PRERELEASE_IDENTIFIER = rf"(?:{NUMBER}(?![0-9A-Za-z-])|[0-9]*+[A-Za-z-][0-9A-Za-z-]*+)"
# What comes after the third number: the pre-release and the build, if there are any.
SUFFIX = (
    rf"(-{_PRERELEASE_IDENTIFIER}(?:\.{_PRERELEASE_IDENTIFIER})*+)?+"
    rf"(\+{_IDENTIFIER}(?:\.{_IDENTIFIER})*+)?+"
)
_VERSION = compile_on_use(rf"v({NUMBER})(?:\.({NUMBER})(?:\.({NUMBER}){SUFFIX})?)?")

# A number of any length compares by its digits' count, then by its digits.
_Number: TypeAlias = tuple[int, str]
# (0, digits' count, digits) or (1, 0, word): numbers are lower than words.
_Identifier: TypeAlias = tuple[int, int, str]
# valid, major, minor, patch, is a release, pre-release identifiers
_Precedence: TypeAlias = tuple[
    bool, _Number, _Number, _Number, bool, tuple[_Identifier, ...]
]
VersionKey: TypeAlias = tuple[_Precedence, str]

_NO_NUMBER: _Number = (0, "")
_INVALID: _Precedence = (False, _NO_NUMBER, _NO_NUMBER, _NO_NUMBER, False, ())


def is_valid(version: str) -> bool:
    """Tell whether ``version`` is a semantic version, shorthands included."""
    return _VERSION.fullmatch(version) is not None


def canonical(version: str) -> str:
    """Fill in a missing minor and patch, and drop the build; "" when invalid."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return ""
    if match[3] is not None:
        return version[: len(version) - len(match[5] or "")]
    return version + (".0.0" if match[2] is None else ".0")


def major(version: str) -> str:
    """Return the major version with its ``v``: ``v2`` of ``v2.1.0``."""
    match = _VERSION.fullmatch(version)
    return "v" + match[1] if match else ""


def major_minor(version: str) -> str:
    """Return the major and minor version: ``v2.1`` of ``v2.1.0``."""
    match = _VERSION.fullmatch(version)
    return f"v{match[1]}.{match[2] or '0'}" if match else ""


def prerelease(version: str) -> str:
    """Return the pre-release with its ``-``: ``-rc.1`` of ``v1.0.0-rc.1+x``."""
    match = _VERSION.fullmatch(version)
    return match[4] or "" if match else ""


def build(version: str) -> str:
    """Return the build with its ``+``: ``+x`` of ``v1.0.0-rc.1+x``."""
    match = _VERSION.fullmatch(version)
    return match[5] or "" if match else ""


def compare(a: str, b: str) -> int:
    """Compare by precedence: -1, 0 or +1; builds do not count."""
    x, y = _precedence(a), _precedence(b)
    return (x > y) - (x < y)


def version_key(version: str) -> VersionKey:
    """Return the key for ``sorted`` and ``max``: precedence, then the string."""
    return _precedence(version), version


def sort_versions(versions: Iterable[str]) -> list[str]:
    """Return the versions in ascending order."""
    return sorted(versions, key=version_key)


def max_version(versions: Iterable[str]) -> str | None:
    """Return the highest version as it is spelled, or None of none."""
    return max(versions, key=version_key, default=None)


@lru_cache(maxsize=65536)
def _precedence(version: str) -> _Precedence:
    match = _VERSION.fullmatch(version)
    if match is None:
        return _INVALID
    pre = match[4]
    return (
        True,
        _number(match[1]),
        _number(match[2] or "0"),
        _number(match[3] or "0"),
        pre is None,
        () if pre is None else tuple(map(_identifier, pre[1:].split("."))),
    )


def _number(digits: str) -> _Number:
    return len(digits), digits


def _identifier(text: str) -> _Identifier:
    return (0, len(text), text) if text.isdecimal() else (1, 0, text)
