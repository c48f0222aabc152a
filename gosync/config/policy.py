"""Section ``[policy]``, made into the rules of what may come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial

from gosync.config.mistakes import Key, Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import (
    LicencesSection,
    PolicyExceptionSection,
    PolicySection,
    RequireSignatureSection,
    VulnerabilitiesSection,
)
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError
from gosync.site.ground import Treatment
from gosync.site.licencerules import LicenceRules, parse_licence
from gosync.site.policyrules import PolicyException, PolicyRules
from gosync.site.rules import Exclusion, check_pattern, parse_exclusion
from gosync.site.signaturerules import SignatureRule
from gosync.site.vulnrules import VulnRules, parse_identifier

_AT = "policy"


def make_rules(
    section: PolicySection, places: ConfigPaths, mistakes: Mistakes
) -> PolicyRules:
    """Return the rules; what is wrong is noted and left out."""
    size = partial(parse_size, section.max_zip)
    return PolicyRules(
        licences=_licences(section.licences, mistakes),
        deny=tuple(_entries(section.deny, (_AT, "deny"), mistakes)),
        min_age_days=section.min_age,
        max_zip_bytes=mistakes.attempt((_AT, "max_zip"), size, None)
        if section.max_zip
        else None,
        deprecated=section.deprecated,
        retracted=section.retracted,
        vulnerabilities=_vulnerabilities(section.vulnerabilities, mistakes),
        signatures=tuple(_signatures(section.require_signature, places, mistakes)),
        exceptions=tuple(_exceptions(section.exception, mistakes)),
        contact=section.contact,
    )


def _licences(section: LicencesSection, mistakes: Mistakes) -> LicenceRules | None:
    at = (_AT, "licences")
    allow = tuple(_named(section.allow, (*at, "allow"), mistakes))
    deny = tuple(_named(section.deny, (*at, "deny"), mistakes))
    unknown = section.unknown
    if unknown is None:
        if not (section.allow or section.deny):
            return None
        unknown = Treatment.REFUSE if section.allow else Treatment.WARN
    return LicenceRules(allow, deny, unknown)


def _vulnerabilities(
    section: VulnerabilitiesSection, mistakes: Mistakes
) -> VulnRules | None:
    if section == VulnerabilitiesSection():
        return None
    at = (_AT, "vulnerabilities")
    return VulnRules(
        tuple(_named(section.deny, (*at, "deny"), mistakes, parse_identifier)),
        tuple(_named(section.ignore, (*at, "ignore"), mistakes, parse_identifier)),
        section.fixed,
        section.unfixed,
        section.grace_days,
    )


def _signatures(
    sections: RequireSignatureSection | tuple[RequireSignatureSection, ...],
    places: ConfigPaths,
    mistakes: Mistakes,
) -> Iterator[SignatureRule]:
    if isinstance(sections, RequireSignatureSection):
        sections = (sections,)
    for number, section in enumerate(sections, start=1):
        key = (_AT, "require_signature", number)
        if not (section.patterns and section.keys):
            hint = "name both: patterns, and keys that must have signed them"
            mistakes.add(key, ConfigError("a rule that is of nothing", hint=hint))
        for at, text in enumerate(section.patterns, start=1):
            check = partial(check_pattern, "pattern", text, text)
            mistakes.attempt((*key, "patterns", at), check, None)
        keys = (places.path((*key, "keys"), each) for each in section.keys)
        patterns = tuple(section.patterns)
        yield SignatureRule(patterns, tuple(map(str, keys)), section.threshold)


def _named(
    texts: Iterable[str],
    key: Key,
    mistakes: Mistakes,
    parse_one: Callable[[str], str] = parse_licence,
) -> Iterator[str]:
    for number, text in enumerate(texts, start=1):
        parse = partial(parse_one, text)
        found = mistakes.attempt((*key, number), parse, "")
        if found:
            yield found


def _entries(texts: Iterable[str], key: Key, mistakes: Mistakes) -> Iterator[Exclusion]:
    for number, text in enumerate(texts, start=1):
        parse = partial(parse_exclusion, text)
        found = mistakes.attempt((*key, number), parse, None)
        if found is not None:
            yield found


def _exceptions(
    sections: Iterable[PolicyExceptionSection], mistakes: Mistakes
) -> Iterator[PolicyException]:
    for number, section in enumerate(sections, start=1):
        key = (_AT, "exception", number)
        if not section.modules:
            hint = "set modules to what it lets in"
            mistakes.add((*key, "modules"), ConfigError("names no module", hint=hint))
        until = mistakes.attempt(
            (*key, "until"), partial(parse_day, section.until), None
        )
        modules = tuple(_entries(section.modules, (*key, "modules"), mistakes))
        licences = tuple(_named(section.licences, (*key, "licences"), mistakes))
        at = (*key, "vulnerabilities")
        ids = tuple(_named(section.vulnerabilities, at, mistakes, parse_identifier))
        whole = len(licences) == len(section.licences) and len(ids) == len(
            section.vulnerabilities
        )
        if until is not None and modules and whole:
            yield PolicyException(modules, section.reason, until, licences, ids)


def parse_day(text: str) -> date:
    """Return a day written as 2027-01-31.

    Raises:
        ConfigError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        hint = "write it like 2027-01-31"
        raise ConfigError(f"{text!r} is no day", hint=hint) from exc
