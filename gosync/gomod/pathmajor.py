"""The major version inside a module path.

``example.com/m/v2`` holds the versions ``v2.x.y``; without a suffix a path
holds ``v0`` and ``v1``, and later ones only as ``+incompatible``. Paths below
``gopkg.in/`` always end in ``.vN``, with ``-unstable`` allowed after it.

A path major is the suffix with its separator: ``""``, ``"/v2"``, ``".v1"``.
"""

from __future__ import annotations

import re

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.pattern import compile_on_use

_SLASH_MAJOR = compile_on_use(r"(.*)(/v([0-9.]+))", re.DOTALL)
_SLASH_NUMBER = compile_on_use(r"[2-9]|[1-9][0-9]+")
_GOPKG_MAJOR = compile_on_use(
    r"(.*)(\.v(?:0|[1-9][0-9]*(?:-unstable)?|-unstable))", re.DOTALL
)


def split_path_version(path: str) -> tuple[str, str, bool]:
    """Split a module path into its prefix and its path major.

    Returns:
        The prefix, the path major, and whether the suffix is allowed. Where it
        is not (``/v1``, ``/v1.2``, ``/v02``), the prefix is the whole path.
    """
    if path.startswith("gopkg.in/"):
        match = _GOPKG_MAJOR.fullmatch(path)
        return (match[1], match[2], True) if match else (path, "", False)
    match = _SLASH_MAJOR.fullmatch(path)
    if match is None:
        return path, "", True
    if _SLASH_NUMBER.fullmatch(match[3]) is None:
        return path, "", False
    return match[1], match[2], True


def path_major_prefix(path_major: str) -> str:
    """Return the major version that a path major stands for: ``v2`` of ``/v2``.

    Raises:
        MalformedError: It is not what split_path_version returns.
    """
    if not path_major:
        return ""
    prefix = _without_unstable(path_major)[1:]
    if path_major[0] not in "/." or prefix != semver.major(prefix):
        raise MalformedError("path major", path_major, "must be /vN or .vN")
    return prefix


def check_path_major(version: str, path_major: str) -> None:
    """Check that a version may live under a path with this path major.

    Raises:
        MalformedError: The major versions differ.
    """
    if not match_path_major(version, path_major):
        allowed = _without_unstable(path_major)[1:] or "v0, v1 or +incompatible"
        raise MalformedError("version", version, f"the path allows only {allowed}")


def match_path_major(version: str, path_major: str) -> bool:
    """Tell whether a version may live under a path with this path major."""
    path_major = _without_unstable(path_major)
    if path_major == ".v1" and version.startswith("v0.0.0-"):
        return True  # early go commands wrote such pseudo-versions for gopkg.in
    major = semver.major(version)
    if not path_major:
        return major in ("v0", "v1") or semver.build(version) == "+incompatible"
    return path_major[0] in "/." and major == path_major[1:]


def _without_unstable(path_major: str) -> str:
    if path_major.startswith(".v"):
        return path_major.removesuffix("-unstable")
    return path_major
