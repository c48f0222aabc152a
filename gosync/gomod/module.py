"""A module version, and the door to the rules about its two parts.

A module path says where a module lives, a version which state of it. The two
must fit: see :mod:`gosync.gomod.pathmajor`. Written as one, they are
``path@version``, both unescaped; "@" occurs in neither.
"""

from __future__ import annotations

from typing import Self

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.escape import (
    escape_path,
    escape_version,
    unescape_path,
    unescape_version,
)
from gosync.gomod.lengths import check_lengths
from gosync.gomod.pathcheck import check_file_path, check_import_path, check_path
from gosync.gomod.pathmajor import (
    check_path_major,
    match_path_major,
    path_major_prefix,
    split_path_version,
)

__all__ = [
    "ModuleVersion",
    "OfVersion",
    "canonical_version",
    "check",
    "check_file_path",
    "check_import_path",
    "check_lengths",
    "check_path",
    "check_path_major",
    "escape_path",
    "escape_version",
    "match_path_major",
    "path_major_prefix",
    "split_path_version",
    "unescape_path",
    "unescape_version",
]


class ModuleVersion(msgspec.Struct, frozen=True, order=True, gc=False):
    """One version of one module; prints as ``path@version``.

    A main module has no version and prints as its path alone, as in ``go mod graph``.

    The order is that of the strings, which is enough to be deterministic; for
    precedence sort by :func:`gosync.gomod.semver.version_key`.

    Attributes:
        path: The module path, unescaped.
        version: The version, unescaped and usually canonical; "" of a main module.
    """

    path: str
    version: str

    def __str__(self) -> str:
        return f"{self.path}@{self.version}" if self.version else self.path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``path@version``; the inverse of ``str``.

        Raises:
            MalformedError: There is no "@", or ``check`` refuses the parts.
        """
        path, at, version = text.partition("@")
        if not at:
            raise MalformedError("module version", text, "must be path@version")
        check(path, version)
        return cls(path, version)


class OfVersion:
    """A record of one module version, whose fields ``path`` and ``version`` name it."""

    __slots__ = ()
    path: str
    version: str

    @property
    def mv(self) -> ModuleVersion:
        """The version, as a key."""
        return ModuleVersion(self.path, self.version)


def check(path: str, version: str) -> None:
    """Check a module path, a version (shorthands allowed), and that they fit.

    Raises:
        MalformedError: One is malformed or longer than ``go`` can store, or the
            major versions differ.
    """
    check_lengths(path, version)
    check_path(path)
    if not semver.is_valid(version):
        raise MalformedError("version", version, "not a semantic version")
    check_path_major(version, split_path_version(path)[1])


def canonical_version(version: str) -> str:
    """Return the canonical form, which here keeps ``+incompatible``.

    Any other build is dropped; an invalid version gives "".
    """
    suffix = "+incompatible" if semver.build(version) == "+incompatible" else ""
    return semver.canonical(version) + suffix
