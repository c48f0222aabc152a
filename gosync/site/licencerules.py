"""Licence rules of the policy: ``[policy] licences``. Pure.

Each licence that a module has (``ModuleLicences``: of its expression, and ``also``)
must be on the allow-list, where there is one, and none may be on the deny-list. Entries
are SPDX's identifiers, or globs of them, like ``BSD-*``; case does not matter.

A licence file that is not recognised, or none at all, is *unknown*: what becomes of it
is said by ``unknown``, and without that it is refused where there is an allow-list,
else told. An unknown licence beside a known one saves the module from neither list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from gosync.errors import MalformedError
from gosync.licence.expression import (
    is_identifier,
    known_identifiers,
    spdx_identifier,
)
from gosync.licence.found import ModuleLicences
from gosync.site.ground import Ground, Treatment

_OWN = "LicenseRef-"
_META = frozenset("*?[")
ALLOW, DENY, UNKNOWN = (
    "policy.licences.allow",
    "policy.licences.deny",
    "policy.licences.unknown",
)


class LicenceRules(msgspec.Struct, frozen=True):
    """Which licences may come in.

    Attributes:
        allow: Identifiers and globs that may; none: every one.
        deny: Those that may not, whatever ``allow`` says.
        unknown: What becomes of unknown ones.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    unknown: Treatment = Treatment.ALLOW

    def grounds(self, found: ModuleLicences) -> tuple[Ground, ...]:
        """Return what speaks against a module of these licences."""
        return _grounds(self, found)


@lru_cache(maxsize=2048)  # most versions of a module have one and the same licences
def _grounds(rules: LicenceRules, found: ModuleLicences) -> tuple[Ground, ...]:
    return tuple(_each_ground(rules, found))


def _each_ground(rules: LicenceRules, found: ModuleLicences) -> Iterator[Ground]:
    for each in (*found.licences, *found.also):
        if matches(rules.deny, each):
            yield Ground(DENY, f"its licence {each} is denied", each)
        elif rules.allow and not matches(rules.allow, each):
            yield Ground(ALLOW, f"its licence {each} is not allowed", each)
    if not found.is_known and rules.unknown is not Treatment.ALLOW:
        is_told = rules.unknown is Treatment.WARN
        yield Ground(UNKNOWN, _unknown(found), is_told=is_told)


def _unknown(found: ModuleLicences) -> str:
    if found.unrecognised:
        return f"its licence is unknown: {found.unrecognised[0]} is not recognised"
    return "its licence is unknown: it has no licence file"


def matches(entries: Iterable[str], identifier: str) -> bool:
    """Return whether an entry names an identifier."""
    name = identifier.lower()
    return any(fnmatchcase(name, entry.lower()) for entry in entries)


def parse_licence(text: str) -> str:
    """Return an entry as it is matched: SPDX's present identifier, or the glob.

    Raises:
        MalformedError: SPDX's list has no such identifier, or none that it matches.
    """
    if text.startswith(_OWN):
        return text
    if _META.isdisjoint(text):
        if not text or not is_identifier(text):
            raise MalformedError("licence", text, "no identifier of SPDX's list")
        return spdx_identifier(text)
    if not any(matches([text], each) for each in known_identifiers()):
        raise MalformedError("licence", text, "matches no identifier of SPDX's list")
    return text
