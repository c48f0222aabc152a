"""Plan for a module: which of the versions on offer are wanted. Pure.

``list`` names releases and pre-releases, the index pseudo-versions as well. A
module without any tag, or of which every tagged version is retracted, is known by
``@latest`` alone, which names a pseudo-version; that one counts, whatever the rule
says of pseudo-versions.

Which version "latest" prefers is Go's rule (gosync.gomod.latest): releases before
pre-releases, and no ``+incompatible`` version if the highest compatible one has a
go.mod. It applies to what a rule's conditions leave, so that with a cool-down
"latest" is the newest version that is old enough.

The notice. Clients learn of retractions and of a deprecation from the go.mod of
the highest version in ``list`` (https://go.dev/ref/mod#go-mod-file-retract), and
``list`` names only what is carried whole. Where a list is followed and that
version's go.mod deprecates the module or retracts what is chosen, it is taken as
well, be it outside the rules' ranges or retracted by itself. It waits like any
other until a cool-down is over, and it is not taken if it is excluded: a
poisoned release must not cross at once because it says that others are bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from gosync.catalog.versions import Need
from gosync.clock import format_time, parse_time, shift
from gosync.gomod import semver
from gosync.gomod.deps import Deps
from gosync.gomod.pseudo import is_pseudo_version
from gosync.site.policy import Rule
from gosync.site.rules import Pick, VersionRule
from gosync.sync.offer import Offer, Offered

_INCOMPATIBLE = "+incompatible"
_WIDTH = {deps: width for width, deps in enumerate(Deps)}  # each has the one before


class Omission(StrEnum):
    """Why a version in a rule's range is not taken."""

    EXCLUDED = "excluded"
    RETRACTED = "retracted"
    BEFORE_SINCE = "before since"
    TOO_YOUNG = "too young"


class Choice(msgspec.Struct, frozen=True):
    """A version that is wanted.

    Attributes:
        version: The version.
        need: How much of it.
        rules: The numbers of the selects that want it.
        deps: Which dependencies come along: the widest that any asks for.
        max_zip_bytes: The largest zip that any takes, None for no limit.
        notice: Whether it is there for what its go.mod says.
    """

    version: str
    need: Need
    rules: tuple[int, ...]
    deps: Deps = Deps.NONE
    max_zip_bytes: int | None = None
    notice: bool = False


@dataclass(frozen=True)
class Chosen:
    """What the rules choose of one module.

    Attributes:
        choices: The versions, ascending; a notice is last.
        reconsider_at: When the next cool-down ends, or None.
        omitted: Versions in a rule's range that are not taken, and why.
        unmatched: Selects that name this module by its path while nothing that
            is offered fits; what only waits for its cool-down does fit.
    """

    choices: tuple[Choice, ...]
    reconsider_at: str | None = None
    omitted: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[int, ...] = ()
    considered: int = 0


_Test: TypeAlias = Callable[[Offered], bool]
# Need, rules, deps and max_zip_bytes of a Choice.
_Union: TypeAlias = tuple[Need, tuple[int, ...], Deps, int | None]


def choose(path: str, rules: Sequence[Rule], offer: Offer, *, now: str) -> Chosen:
    """Return what the rules want of what is offered.

    Args:
        path: The module.
        rules: All rules about it, as Policy.rules_for has them.
        offer: What is offered of it.
        now: The time that cool-downs are held against.
    """
    return _Choosing(path, rules, offer, now).result()


class _Choosing:
    """The rules on their way over one module's versions."""

    def __init__(
        self, path: str, rules: Sequence[Rule], offer: Offer, now: str
    ) -> None:
        self._path = path
        self._rules = rules
        self._facts = offer.facts
        self._now = now
        self._tagged = [v for v in offer.versions if not is_pseudo_version(v.version)]
        self._versions = offer.versions
        self._untagged: Offered | None = None  # what @latest names instead of a list
        if offer.latest and not self._has_tags():
            self._take_latest(offer.latest)
        self._wanted: dict[str, tuple[int, ...]] = {}  # by which of the rules
        self._unions: dict[tuple[int, ...], _Union] = {}
        self._omitted: dict[str, str] = {}
        self._waiting: dict[float, str] = {}  # the eldest too young, by cool-down

    def _has_tags(self) -> bool:
        """Return whether a version is tagged that is not retracted."""
        return any(not self._facts.retracts(each.version) for each in self._tagged)

    def _take_latest(self, latest: str) -> None:
        offered = {each.version: each for each in self._versions}
        self._untagged = offered.get(latest) or Offered(latest, None, self._now)
        self._versions = tuple({**offered, latest: self._untagged}.values())

    def result(self) -> Chosen:
        unmatched = [
            rule.select
            for position, rule in enumerate(self._rules)
            if not self._apply(position, rule)
        ]
        top = self._notice()
        choices = [
            self._choice(version)
            for version in semver.sort_versions(self._wanted)
            if top is None or version != top.version
        ]
        if top is not None:
            choices.append(top)
            choices.sort(key=lambda c: (c.notice, semver.version_key(c.version)))
        taken = {choice.version for choice in choices}
        waiting = self._waiting.items()
        return Chosen(
            tuple(choices),
            min((_matures_at(known, days) for days, known in waiting), default=None),
            {v: why for v, why in self._omitted.items() if v not in taken},
            tuple(dict.fromkeys(unmatched)),
            len(self._versions),
        )

    def _apply(self, position: int, rule: Rule) -> bool:
        """Take what a rule wants; return False if it ought to find something."""
        if rule.versions is None:
            self._want(rule.exact, position)
            return True
        candidates = self._candidates(rule.versions)
        tests = self._tests(rule.versions)
        left = [each for each in candidates if self._passes(each, tests)]
        matched = [each for each in left if self._is_old_enough(each, rule.versions)]
        for version in self._pick(rule.versions, matched):
            self._want(version, position)
        return bool(left) or rule.by_pattern or not self._versions

    def _want(self, version: str, position: int) -> None:
        self._wanted[version] = (*self._wanted.get(version, ()), position)

    def _choice(self, version: str) -> Choice:
        """Return the choice of a version; most are wanted by the same rules."""
        positions = self._wanted[version]
        union = self._unions.get(positions)
        if union is None:
            union = _union([self._rules[each] for each in positions])
            self._unions[positions] = union
        return Choice(version, *union)

    def _candidates(self, rule: VersionRule) -> Iterable[Offered]:
        """Return the versions of the rule's kind and in its range."""
        found: Iterable[Offered] = self._versions if rule.pseudo else self._tagged
        if not rule.prereleases:
            found = [each for each in found if not _is_prerelease(each.version)]
        if self._untagged is not None and not rule.pseudo:
            found = [*found, self._untagged]
        if rule.bounds.low or rule.bounds.high:
            found = [each for each in found if rule.bounds.holds(each.version)]
        return found

    def _tests(self, rule: VersionRule) -> list[tuple[Omission, _Test]]:
        """Return what keeps a version out, but for its age."""
        tests: list[tuple[Omission, _Test]] = []
        if ranges := rule.exclusions_of(self._path):
            tests.append(
                (
                    Omission.EXCLUDED,
                    lambda each: any(r.holds(each.version) for r in ranges),
                )
            )
        if self._facts.retracted and not rule.retracted:
            tests.append(
                (Omission.RETRACTED, lambda each: self._facts.retracts(each.version))
            )
        if since := rule.since.removesuffix("Z"):
            tests.append((Omission.BEFORE_SINCE, lambda each: each.known_since < since))
        return tests

    def _passes(self, each: Offered, tests: list[tuple[Omission, _Test]]) -> bool:
        for omission, keeps_out in tests:
            if keeps_out(each):
                self._omitted[each.version] = omission
                return False
        return True

    def _is_old_enough(self, each: Offered, rule: VersionRule) -> bool:
        """Return whether the cool-down is over; remember when it will be."""
        if not rule.min_age_days:
            return True
        if each.known_since <= _cutoff(self._now, rule.min_age_days):
            return True
        eldest = self._waiting.get(rule.min_age_days, each.known_since)
        self._waiting[rule.min_age_days] = min(eldest, each.known_since)
        self._omitted[each.version] = Omission.TOO_YOUNG
        return False

    def _pick(self, rule: VersionRule, matched: Sequence[Offered]) -> list[str]:
        versions = [each.version for each in matched]
        match rule.pick:
            case Pick.ALL:
                return versions
            case Pick.LATEST:
                return self._by_preference(self._countable(versions))[: rule.count]
            case Pick.PER_MINOR:
                taken: dict[str, list[str]] = {}
                for version in self._by_preference(versions):
                    minor = taken.setdefault(semver.major_minor(version), [])
                    minor += [version] if len(minor) < rule.count else []
                return [version for minor in taken.values() for version in minor]

    def _countable(self, versions: list[str]) -> list[str]:
        """Leave out what "latest" does not consider beside compatible versions."""
        compatible = [each for each in versions if not each.endswith(_INCOMPATIBLE)]
        judge = semver.max_version(compatible)
        if judge is None or len(compatible) == len(versions):
            return versions
        return compatible if self._facts.is_own(judge) else versions

    def _by_preference(self, versions: list[str]) -> list[str]:
        """Sort from what "latest" likes best to what it likes least."""
        untagged = self._untagged.version if self._untagged else None

        def rank(version: str) -> tuple[bool, bool, semver.VersionKey]:
            is_release = not semver.prerelease(version)
            return version == untagged, is_release, semver.version_key(version)

        return sorted(versions, key=rank, reverse=True)

    def _notice(self) -> Choice | None:
        """Return the top version, if its go.mod speaks of what is chosen.

        It is a notice where no rule takes it anyway.
        """
        facts, wanted = self._facts, self._wanted
        top = next((v for v in self._versions if v.version == facts.top), None)
        if top is None or not wanted:
            return None
        if not (facts.deprecated or any(map(facts.retracts, wanted))):
            return None
        for_it = [_without_deps(r) for r in self._rules if self._admits(top, r)]
        if not for_it:
            return None
        there = [self._rules[each] for each in wanted.get(facts.top, ())]
        anyway = any(rule.need is Need.ZIP for rule in there)
        return Choice(facts.top, *_union([*there, *for_it]), notice=not anyway)

    def _admits(self, top: Offered, rule: Rule) -> bool:
        """Return whether a rule that follows the list lets the notice in."""
        if rule.versions is None:
            return False
        excluded = rule.versions.exclusions_of(self._path)
        if any(each.holds(top.version) for each in excluded):
            return False
        return self._is_old_enough(top, rule.versions)


def _union(rules: Sequence[Rule]) -> _Union:
    """Return what the rules want of a version together."""
    whole = [rule for rule in rules if rule.need is Need.ZIP]
    limits = [rule.versions.max_zip_bytes if rule.versions else None for rule in whole]
    known = [limit for limit in limits if limit is not None]
    return (
        Need.ZIP if whole else Need.MOD,
        tuple(sorted({rule.select for rule in rules})),
        max((rule.deps for rule in rules), key=_WIDTH.__getitem__),
        max(known) if known and len(known) == len(limits) else None,
    )


def _without_deps(rule: Rule) -> Rule:
    """Return the rule for a notice, which nobody is to build with."""
    return replace(rule, deps=Deps.NONE)


def _is_prerelease(version: str) -> bool:
    return bool(semver.prerelease(version)) and not is_pseudo_version(version)


@lru_cache(maxsize=64)
def _cutoff(now: str, days: float) -> str:
    """Return the latest time that is so long ago, with the index's nine digits."""
    return format_time(shift(parse_time(now), -timedelta(days=days)))[:-1] + "000"


def _matures_at(known_since: str, days: float) -> str:
    """Return when a version is so old; rounded up, as clocks have six digits."""
    moment = shift(parse_time(f"{known_since}Z"), timedelta(days=days))
    _, _, fraction = known_since.partition(".")
    if fraction[6:].strip("0"):
        moment = shift(moment, timedelta(microseconds=1))
    return format_time(moment)
