"""Pseudo-versions: versions of commits that carry no tag.

===  =========================================================  =============
1    ``vX.0.0-TIME-REV``                                        no tag before
2    ``vX.Y.(Z+1)-0.TIME-REV`` [``+incompatible``]              ``vX.Y.Z``
3    ``vX.Y.Z-PRE.0.TIME-REV`` [``+incompatible``]              ``vX.Y.Z-PRE``
===  =========================================================  =============

TIME is the commit's time in UTC, ``yyyymmddhhmmss``; REV usually the first 12
hex digits of its hash. The check of the form asks for 14 digits and any
letters or digits; whether TIME is a time shows when it is asked for.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.pattern import compile_on_use

_ZERO_REV = "000000000000"
_PSEUDO = compile_on_use(
    r"""(?P<base> v[0-9]+ \. (?: 0\.0 (?=-) | [0-9]+\.[0-9]+ - (?:[^+]*\.)? 0 (?=\.) ) )
        [-.] (?P<time> [0-9]{14} )
        - (?P<rev> [0-9A-Za-z]+ )
        (?P<build> \+[0-9A-Za-z.-]+ )?""",
    re.VERBOSE,
)


class _Parts(msgspec.Struct, frozen=True):
    base: str  # "vX.0.0", "vX.Y.(Z+1)-0" or "vX.Y.Z-PRE.0"
    time: str
    rev: str
    build: str


def is_pseudo_version(version: str) -> bool:
    """Tell whether a version has the form of a pseudo-version."""
    return _split(version) is not None


def pseudo_version_time(version: str) -> datetime:
    """Return the commit's time, in UTC.

    Raises:
        MalformedError: No pseudo-version, or its digits are not a time.
    """
    digits = _parse(version).time
    year = int(digits[:4])
    month, day, hour, minute, second = (
        int(digits[i : i + 2]) for i in range(4, len(digits), 2)
    )
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise MalformedError("pseudo-version", version, "not a time") from error


def pseudo_version_rev(version: str) -> str:
    """Return the revision, usually the beginning of a commit hash.

    Raises:
        MalformedError: No pseudo-version.
    """
    return _parse(version).rev


def pseudo_version(major: str, older: str, *, time: datetime, rev: str) -> str:
    """Make the pseudo-version of a commit.

    Args:
        major: The major version, like ``v1``; "" stands for ``v0``.
        older: The tagged version before the commit, or "".
        time: The commit's time, aware.
        rev: The revision, usually 12 hex digits.
    """
    stamp = time.astimezone(UTC)
    segment = f"{stamp.year:04}{stamp:%m%d%H%M%S}-{rev}"
    base, build = semver.canonical(older), semver.build(older)
    if not base:
        return f"{major or 'v0'}.0.0-{segment}"
    if semver.prerelease(base):
        return f"{base}.0.{segment}{build}"
    head, _, patch = base.rpartition(".")
    return f"{head}.{_increment(patch)}-0.{segment}{build}"


def _split(version: str) -> _Parts | None:
    if version.count("-") < 2:
        return None  # cheap, and true of most versions
    match = _PSEUDO.fullmatch(version)
    if match is None or not semver.is_valid(version):
        return None
    return _Parts(match["base"], match["time"], match["rev"], match["build"] or "")


def _parse(version: str) -> _Parts:
    parts = _split(version)
    if parts is None:
        raise MalformedError("pseudo-version", version, "not of a known form")
    return parts


def _increment(digits: str) -> str:
    """Add one to a decimal of any length, without int()'s limit."""
    head = digits.rstrip("9")
    nines = len(digits) - len(head)
    if not head:
        return "1" + "0" * nines
    return head[:-1] + chr(ord(head[-1]) + 1) + "0" * nines
