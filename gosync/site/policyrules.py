"""Rules of the policy: which versions may come in, beside what is selected. Pure.

    licences   which licences (``licencerules``)
    deny       modules, patterns and versions that may not, as an ``exclude`` names them
    min_age    days since a version became known
    max_zip    the largest zip; its size is known once it is here
    deprecated, retracted  what its author says (``ingest.storednotices``)
    vulnerabilities        which known ones it has (``vulnrules``)
    require_signature      who must have signed it (``signaturerules``)

An exception lets in what a rule would keep out, up to the end of its last day (UTC), or
for some licences alone. What it does not cover is denied all the same. Rules are of
zips: a ``.mod`` alone always comes in, since ``go`` needs it to choose versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import msgspec

from gosync.catalog.rulings import Effect, Ruling
from gosync.clock import parse_time
from gosync.gomod.module import ModuleVersion
from gosync.licence.found import ModuleLicences
from gosync.site.ground import Ground, Treatment
from gosync.site.licencerules import LicenceRules, matches
from gosync.site.rules import Exclusion
from gosync.site.signaturerules import SignatureCount, SignatureRule
from gosync.site.vulnrules import Vulnerability, VulnRules, names_any

DENY, MIN_AGE, MAX_ZIP = "policy.deny", "policy.min_age", "policy.max_zip"
UNREAD = "policy.licences"
DEPRECATED, RETRACTED = "policy.deprecated", "policy.retracted"
DECISION = "decision"


class PolicyException(msgspec.Struct, frozen=True):
    """An exception to the rules.

    Attributes:
        modules: What it lets in.
        reason: Why.
        until: The last day, None for no end.
        licences: The licences that it lets in.
        vulnerabilities: The vulnerabilities that it lets in; where neither is named,
            whatever the rule is.
    """

    modules: tuple[Exclusion, ...]
    reason: str
    until: date | None
    licences: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()

    def covers(self, mv: ModuleVersion, ground: Ground) -> bool:
        """Return whether it is about this version and this ground."""
        if self.licences or self.vulnerabilities:
            licence = matches(self.licences, ground.licence)
            if not licence and not names_any(
                self.vulnerabilities, ground.vulnerability
            ):
                return False
        return names(self.modules, mv)

    def has_ended(self, now: datetime) -> bool:
        """Return whether its last day is over."""
        return self.until is not None and now.date() > self.until

    def ends_within(self, days: int, now: datetime) -> bool:
        """Return whether it is in force, and ends in so many days or fewer."""
        if self.until is None or self.has_ended(now):
            return False
        return self.until - now.date() <= timedelta(days=days)


class Prohibition(msgspec.Struct, frozen=True):
    """What was decided not to come in, whatever exceptions say.

    Attributes:
        modules: What may not.
        reason: Why.
        until: The last day, None for no end.
    """

    modules: tuple[Exclusion, ...]
    reason: str
    until: date | None

    def holds(self, mv: ModuleVersion, now: datetime) -> bool:
        """Return whether it is in force for a version."""
        has_ended = self.until is not None and now.date() > self.until
        return not has_ended and names(self.modules, mv)


class PolicyRules(msgspec.Struct, frozen=True, kw_only=True):
    """All rules.

    Attributes:
        licences: Which licences may come in.
        deny: What may not.
        min_age_days: How long a version must have been known.
        max_zip_bytes: The largest zip, None for no limit.
        deprecated: What becomes of a module that its author advises against.
        retracted: What becomes of a version that its author took back.
        vulnerabilities: Which known ones keep it out; None: none.
        signatures: Who must have signed it.
        exceptions: What is let in all the same.
        prohibitions: What was decided not to come in.
        contact: Whom to ask, in words or as an address; "" for nobody.
    """

    licences: LicenceRules | None = None
    deny: tuple[Exclusion, ...] = ()
    min_age_days: float = 0
    max_zip_bytes: int | None = None
    deprecated: Treatment = Treatment.ALLOW
    retracted: Treatment = Treatment.ALLOW
    vulnerabilities: VulnRules | None = None
    signatures: tuple[SignatureRule, ...] = ()
    exceptions: tuple[PolicyException, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    contact: str = ""

    @property
    def asks_authors(self) -> bool:
        """Whether it counts what authors say of their versions."""
        return {self.deprecated, self.retracted} != {Treatment.ALLOW}

    @property
    def says_nothing(self) -> bool:
        """Whether everything may come in."""
        limits = self.min_age_days or self.max_zip_bytes is not None
        named = self.deny or self.prohibitions or self.signatures
        known = self.licences is not None or self.vulnerabilities is not None
        return not (limits or named or self.asks_authors or known)


class VersionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a version that rules look at.

    Attributes:
        mv: The version.
        known_at: When it became known, None where nobody says.
        zip_bytes: Its zip's size, None where that is not here.
        licences: Its licences, None where they are not known.
        known_from: The version whose licences these are, "" for its own.
        is_unread: Whether its zip is here, and its licences cannot be read.
        deprecated: Why its author advises against the module, "" if not so.
        retracted: Why its author took it back, "" if not so.
        vulnerabilities: The known ones that it has.
        signatures: How it stands to each rule of signatures that concerns it.
    """

    mv: ModuleVersion
    known_at: str | None = None
    zip_bytes: int | None = None
    licences: ModuleLicences | None = None
    known_from: str = ""
    is_unread: bool = False
    deprecated: str = ""
    retracted: str = ""
    vulnerabilities: tuple[Vulnerability, ...] = ()
    signatures: tuple[SignatureCount, ...] = ()


def names(entries: Iterable[Exclusion], mv: ModuleVersion) -> bool:
    """Return whether an entry names a version."""
    return any(
        each.concerns(mv.path) and each.bounds.holds(mv.version) for each in entries
    )


def rule_on(rules: PolicyRules, facts: VersionFacts, now: datetime) -> Ruling | None:
    """Return what the rules say of a version, None where it simply may come in.

    Args:
        rules: The rules.
        facts: What is known of it.
        now: The time that ages and exceptions are held against.
    """
    for each in rules.prohibitions:
        if each.holds(facts.mv, now):
            return _decided(facts.mv, each)
    told: Ruling | None = None
    for ground in _grounds(rules, facts, now):
        ruling = _ruling(rules, facts, ground, now)
        if ruling.is_denied:
            return ruling
        if told is None or _rank(ruling) < _rank(told):
            told = ruling
    return told


def _decided(mv: ModuleVersion, prohibition: Prohibition) -> Ruling:
    until = prohibition.until
    return Ruling(
        path=mv.path,
        version=mv.version,
        effect=Effect.DENIED,
        rule=DECISION,
        reason=f"it was decided: {prohibition.reason}",
        until="" if until is None else until.isoformat(),
    )


def _rank(ruling: Ruling) -> tuple[bool, str]:
    """What is told first: the exception that ends first, then warnings."""
    return ruling.effect is Effect.WARNED, ruling.until or "9999"


def _ruling(
    rules: PolicyRules, facts: VersionFacts, ground: Ground, now: datetime
) -> Ruling:
    covering = [e for e in rules.exceptions if e.covers(facts.mv, ground)]
    covering.sort(key=lambda each: each.until or date.max)
    in_force = [each for each in covering if not each.has_ended(now)]
    effect, exception = Effect.DENIED, None
    if in_force:
        effect, exception = Effect.EXCEPTED, in_force[-1]
    elif ground.is_told:
        effect = Effect.WARNED
    elif covering:
        exception = covering[-1]
    text = ground.text
    if facts.known_from and ground.licence:
        text += f", as that of {facts.known_from} is"
    if effect is Effect.DENIED and exception is not None:
        text += f"; its exception ended on {exception.until}"
    return Ruling(
        path=facts.mv.path,
        version=facts.mv.version,
        effect=effect,
        rule=ground.rule,
        reason=text,
        known_from=facts.known_from,
        exception="" if exception is None else exception.reason,
        until=""
        if exception is None or exception.until is None
        else exception.until.isoformat(),
    )


def _grounds(
    rules: PolicyRules, facts: VersionFacts, now: datetime
) -> Iterator[Ground]:
    if names(rules.deny, facts.mv):
        yield Ground(DENY, "the policy denies it by name")
    if rules.licences is not None:
        yield from _of_licences(rules.licences, facts)
    if rules.min_age_days and facts.known_at is not None:
        age = now - parse_time(facts.known_at)
        if age < timedelta(days=rules.min_age_days):
            text = f"it became known less than {rules.min_age_days:g} days ago"
            yield Ground(MIN_AGE, text)
    if rules.max_zip_bytes is not None and (facts.zip_bytes or 0) > rules.max_zip_bytes:
        yield Ground(MAX_ZIP, f"its zip has {facts.zip_bytes} bytes")
    yield from _of_its_author(rules, facts)
    if rules.vulnerabilities is not None:
        for each in facts.vulnerabilities:
            yield from rules.vulnerabilities.grounds(each, now)
    for count in facts.signatures:
        yield from count.grounds()


def _of_its_author(rules: PolicyRules, facts: VersionFacts) -> Iterator[Ground]:
    """Yield what its author says against it."""
    for rule, said, treatment in (
        (DEPRECATED, facts.deprecated, rules.deprecated),
        (RETRACTED, facts.retracted, rules.retracted),
    ):
        if said and treatment is not Treatment.ALLOW:
            what = rule.rpartition(".")[2]
            text = f"its author says that it is {what}: {' '.join(said.split())[:300]}"
            yield Ground(rule, text, is_told=treatment is Treatment.WARN)


def _of_licences(rules: LicenceRules, facts: VersionFacts) -> Iterator[Ground]:
    """Yield the grounds of licences; of another version's those that are known."""
    if facts.is_unread:
        text = "its licences cannot be read: its zip is damaged or lost"
        yield Ground(UNREAD, text, is_told=True)
    elif facts.licences is not None:
        found = rules.grounds(facts.licences)
        yield from (each for each in found if each.licence or not facts.known_from)
