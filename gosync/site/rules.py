"""Version rules: which versions of a module a select asks for. Pure.

Grammar of ``[[select]] versions``; terms stand in any order, at most one pick::

    versions   = term { " " term }
    term       = comparison | pick
    comparison = ( ">=" | ">" | "<" | "<=" | "=" ) version
    pick       = "all" | ( "latest" | "per-minor" ) [ ":" count ]

All comparisons must hold; then the pick takes some of what is left:

    all           every version; the default
    latest:N      the N newest, in the order in which ``latest`` prefers them:
                  releases first, pre-releases only where these are too few
    per-minor:N   the N newest of each minor version, in the same order

Order is that of semantic versions, but for one thing: ``<v2.0.0`` leaves out
v2.0.0-rc.1 as well, although it is lower. Who writes it wants nothing of v2.0.0,
and its pre-releases are that. ``<=v2.0.0`` and ``>=v2.0.0-0`` take them in.

``>=v1.2`` and ``<v1.2`` mean v1.2.0. ``>v1.2`` and ``<=v1.2`` are refused as
ambiguous, as in Go's own queries, because all of v1.2.* could be meant; so is
``=v1.2``, which Go does not know.

An entry of ``exclude`` is a path, a GOPRIVATE pattern, or either of these with a
version or comparisons: ``a.b/c``, ``a.b/*``, ``a.b/c@v1.2.3``,
``a.b/*@>=v1.2.0 <v1.2.5``. A path is that module alone, a pattern covers what
lies below it.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import msgspec

from gosync.clock import format_time
from gosync.errors import MalformedError
from gosync.gomod import module, semver
from gosync.gomod.patterns import PatternSet, is_literal
from gosync.pattern import compile_on_use

_MAX_CHARACTERS = 1000
_LOWEST = "v0.0.0-0"
_BEFORE_RELEASE = "-0"  # the lowest pre-release there is
_COMPARISON = compile_on_use(r"(>=|<=|>|<|=)(.*)", re.DOTALL)
_PICK = compile_on_use(r"(all|latest|per-minor)(?::([1-9][0-9]{0,5}))?", re.ASCII)
_DATE = compile_on_use(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = compile_on_use(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


class Pick(StrEnum):
    """Which of the versions that satisfy a rule's other conditions are taken."""

    ALL = "all"
    LATEST = "latest"
    PER_MINOR = "per-minor"


class Range(msgspec.Struct, frozen=True):
    """What a conjunction of comparisons holds for: low <= version < high.

    Every comparison has this form, because each version has a next one: nothing
    lies between v1.2.3 and v1.2.4-0, nor between v1.2.3-rc and v1.2.3-rc.0.

    Attributes:
        low: The lowest version, "" for no limit.
        high: The lowest version above, "" for no limit.
    """

    low: str = ""
    high: str = ""

    def holds(self, version: str) -> bool:
        """Return whether the version is within; its build does not count."""
        if self.low and semver.compare(version, self.low) < 0:
            return False
        return not self.high or semver.compare(version, self.high) < 0

    @property
    def is_empty(self) -> bool:
        """Whether no version at all is within."""
        return bool(self.high) and semver.compare(self.low or _LOWEST, self.high) >= 0

    def narrow(self, other: Range) -> Range:
        """Return what is within both."""
        low = max(self.low, other.low, key=semver.version_key)
        highs = filter(None, (self.high, other.high))
        return Range(low, min(highs, key=semver.version_key, default=""))


ANY_VERSION = Range()


class Exclusion(msgspec.Struct, frozen=True):
    """One entry of ``exclude``.

    Attributes:
        path: A module path or a GOPRIVATE pattern.
        bounds: Which of its versions.
    """

    path: str
    bounds: Range = ANY_VERSION

    def concerns(self, path: str) -> bool:
        """Return whether it is about this module."""
        if is_literal(self.path):
            return path == self.path
        return _pattern(self.path).match(path)


class VersionRule(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions a select takes of the modules it names without a version.

    Attributes:
        pick: Which of those that the conditions leave.
        count: How many the pick takes.
        bounds: The range that they lie in.
        prereleases: Whether pre-releases count.
        pseudo: Whether pseudo-versions that the index names count. What
            ``@latest`` names of a module without tags counts always.
        retracted: Whether versions count that their author took back.
        exclude: What does not count.
        min_age_days: How long ago a version must have become known: to the
            index, or else to us.
        since: When it may have become known at the earliest, "" for any time.
        max_zip_bytes: The largest zip, or None.
    """

    pick: Pick = Pick.ALL
    count: int = 1
    bounds: Range = ANY_VERSION
    prereleases: bool = True
    pseudo: bool = False
    retracted: bool = False
    exclude: tuple[Exclusion, ...] = ()
    min_age_days: float = 0
    since: str = ""
    max_zip_bytes: int | None = None

    def exclusions_of(self, path: str) -> tuple[Range, ...]:
        """Return the ranges of a module's versions that are excluded."""
        return tuple(each.bounds for each in self.exclude if each.concerns(path))

    def excludes_module(self, path: str) -> bool:
        """Return whether no version of the module can be taken."""
        return any(bounds == ANY_VERSION for bounds in self.exclusions_of(path))


EVERY_VERSION = VersionRule()


def parse_versions(text: str) -> VersionRule:
    """Parse ``[[select]] versions``; the rule's other keys have their defaults.

    Raises:
        MalformedError: if it does not follow the grammar, has two picks, or no
            version at all satisfies it.
    """
    picks = []
    comparisons = []
    for term in _terms("versions", text):
        match = _PICK.fullmatch(term)
        if match is None or (match[1] == Pick.ALL and match[2]):
            comparisons.append(term)
        else:
            picks.append((Pick(match[1]), int(match[2] or "1")))
    if len(picks) > 1:
        raise MalformedError(
            "versions", text, "more than one of all, latest and per-minor; keep one"
        )
    bounds = _parse_comparisons("versions", text, comparisons)
    pick, count = picks[0] if picks else (Pick.ALL, 1)
    return VersionRule(pick=pick, count=count, bounds=bounds)


def parse_exclusion(text: str) -> Exclusion:
    """Parse one entry of ``exclude``.

    Raises:
        MalformedError: if it is not a path or pattern, with a version or range.
    """
    path, at, versions = text.strip().partition("@")
    if is_literal(path):
        module.check_path(path)
    else:
        check_pattern("exclude entry", text, path)
    if not at:
        return Exclusion(path)
    if not versions.startswith((">", "<", "=")):
        if module.canonical_version(versions) != versions or not versions:
            raise MalformedError(
                "exclude entry", text, "after @ write v1.2.3, or >=v1.2.0 <v1.3.0"
            )
        if is_literal(path):
            module.check(path, versions)
        versions = f"={versions}"
    terms = _terms("exclude entry", versions)
    return Exclusion(path, _parse_comparisons("exclude entry", text, terms))


def parse_since(text: str) -> str:
    """Parse a date (its midnight in UTC) or an RFC 3339 time.

    Returns:
        The time in UTC without trailing zeros: the lowest text of that time.

    Raises:
        MalformedError: if it is neither.
    """
    day = text.strip()
    match = _TIME.fullmatch(f"{day}T00:00:00Z" if _DATE.fullmatch(day) else day)
    if match is None:
        reason = "write a date (2026-01-31) or a time (2026-01-31T12:00:00Z)"
        raise MalformedError("since", text, reason)
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper()}")
        utc = format_time(moment)
    except (ValueError, OverflowError) as exc:
        raise MalformedError("since", text, f"no such time: {exc}") from exc
    return utc.removesuffix("Z").rstrip("0").removesuffix(".") + "Z"


def check_pattern(what: str, text: str, glob: str) -> None:
    """Check one GOPRIVATE pattern.

    Raises:
        MalformedError: if it can match nothing, or is several.
    """
    if "," in glob:
        raise MalformedError(what, text, "one pattern an entry, no commas")
    if len(text) > _MAX_CHARACTERS or not PatternSet([glob]):
        raise MalformedError(what, text, "the pattern is malformed and matches nothing")


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> PatternSet:
    return PatternSet([glob])


def _terms(what: str, text: str) -> list[str]:
    if len(text) > _MAX_CHARACTERS:
        raise MalformedError(what, text, f"longer than {_MAX_CHARACTERS} characters")
    terms = text.split()
    if not terms:
        raise MalformedError(what, text, 'empty; write "all" for every version')
    return terms


def _parse_comparisons(what: str, text: str, terms: list[str]) -> Range:
    bounds = ANY_VERSION
    for term in terms:
        bounds = bounds.narrow(_parse_comparison(what, text, term))
    if bounds.is_empty:
        raise MalformedError(what, text, "no version can satisfy it; widen the range")
    return bounds


def _parse_comparison(what: str, text: str, term: str) -> Range:
    match = _COMPARISON.fullmatch(term)
    if match is None:
        reason = f"{term!r} is neither all, latest:3, per-minor nor like >=v1.2.0"
        raise MalformedError(what, text, reason)
    operator, bound = match[1], match[2]
    version = semver.canonical(bound)
    if not version or semver.build(bound) not in ("", "+incompatible"):
        reason = f"{operator} must be followed by a version like v1.2.0, without space"
        raise MalformedError(what, text, reason)
    if version != bound.removesuffix("+incompatible") and operator not in (">=", "<"):
        reason = f"{term} could mean {version} or all of {bound}; write three numbers"
        raise MalformedError(what, text, reason)
    return _half_open(operator, version)


def _half_open(operator: str, version: str) -> Range:
    match operator:
        case ">=":
            return Range(low=version)
        case ">":
            return Range(low=_next(version))
        case "<=":
            return Range(high=_next(version))
        case "=":
            return Range(low=version, high=_next(version))
        case _:
            is_release = not semver.prerelease(version)
            return Range(high=version + _BEFORE_RELEASE if is_release else version)


def _next(version: str) -> str:
    """Return the lowest version above this one."""
    if semver.prerelease(version):
        return f"{version}.0"
    head, _, patch = version.rpartition(".")
    return f"{head}.{int(patch) + 1}{_BEFORE_RELEASE}"
