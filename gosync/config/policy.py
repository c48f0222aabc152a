"""Section ``[policy]``, made into the rules of what may come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial

from gosync.config.mistakes import Key, Mistakes
from gosync.config.schema import LicencesSection, PolicyExceptionSection, PolicySection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError
from gosync.site.licencerules import LicenceRules, UnknownLicence, parse_licence
from gosync.site.policyrules import PolicyException, PolicyRules
from gosync.site.rules import Exclusion, parse_exclusion

_AT = "policy"


def make_rules(section: PolicySection, mistakes: Mistakes) -> PolicyRules:
    """Return the rules; what is wrong is noted and left out."""
    size = partial(parse_size, section.max_zip)
    return PolicyRules(
        licences=_licences(section.licences, mistakes),
        deny=tuple(_entries(section.deny, (_AT, "deny"), mistakes)),
        min_age_days=section.min_age,
        max_zip_bytes=mistakes.attempt((_AT, "max_zip"), size, None)
        if section.max_zip
        else None,
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
        unknown = UnknownLicence.REFUSE if section.allow else UnknownLicence.WARN
    return LicenceRules(allow, deny, unknown)


def _named(texts: Iterable[str], key: Key, mistakes: Mistakes) -> Iterator[str]:
    for number, text in enumerate(texts, start=1):
        parse = partial(parse_licence, text)
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
        whole = len(licences) == len(section.licences)
        if until is not None and modules and whole:
            yield PolicyException(modules, section.reason, until, licences)


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
