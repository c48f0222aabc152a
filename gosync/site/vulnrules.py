"""Vulnerability rules of the policy: ``[policy] vulnerabilities``. Pure.

Go's database has no severity, so what counts is which one it is, whether it is fixed,
and for how long it has been known::

    deny        identifiers, or globs of them: refused, whatever the others say
    ignore      identifiers, or globs of them: of no account
    fixed       what becomes of a version where a later version fixes it
    unfixed     what becomes of it where none does
    grace_days  one that became known fewer days ago is only told of: time to upgrade

Identifiers are those of Go's database and their aliases: GO-2024-0001, CVE-2024-1234,
GHSA-xxxx; case does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.osv.affected import fixes_after, is_affected
from gosync.osv.entry import AffectedModule, VulnEntry
from gosync.site.ground import Ground, Treatment
from gosync.site.licencerules import matches

DENY: Final = "policy.vulnerabilities.deny"
FIXED: Final = "policy.vulnerabilities.fixed"
UNFIXED: Final = "policy.vulnerabilities.unfixed"
_IDENTIFIER: Final = re.compile(r"[A-Za-z*?][A-Za-z0-9*?._-]{0,99}")


class Vulnerability(msgspec.Struct, frozen=True):
    """One that affects a version.

    Attributes:
        ids: Its identifier, then its aliases.
        fixed: The first version above that is not affected, "" where there is none.
        published: When it became known, None where nobody says.
        summary: One line.
    """

    ids: tuple[str, ...]
    fixed: str
    published: datetime | None
    summary: str


class VulnRules(msgspec.Struct, frozen=True):
    """Which vulnerabilities keep a version out.

    Attributes:
        deny: Identifiers and globs that are refused.
        ignore: Identifiers and globs that do not count.
        fixed: What becomes of a version that a later one fixes.
        unfixed: What becomes of one that none fixes.
        grace_days: How many days one is only told of.
    """

    deny: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixed: Treatment = Treatment.ALLOW
    unfixed: Treatment = Treatment.ALLOW
    grace_days: float = 0

    def grounds(self, found: Vulnerability, now: datetime) -> Iterator[Ground]:
        """Yield what speaks against a version that has this vulnerability."""
        if names_any(self.deny, found.ids):
            yield Ground(DENY, _text(found), vulnerability=found.ids)
            return
        rule, treatment = (FIXED, self.fixed) if found.fixed else _open(self)
        if treatment is Treatment.ALLOW or names_any(self.ignore, found.ids):
            return
        is_told = treatment is Treatment.WARN or self._is_young(found, now)
        text = _text(found)
        yield Ground(rule, text, vulnerability=found.ids, is_told=is_told)

    def _is_young(self, found: Vulnerability, now: datetime) -> bool:
        if found.published is None:
            return False
        return now - found.published < timedelta(days=self.grace_days)


def _open(rules: VulnRules) -> tuple[str, Treatment]:
    return UNFIXED, rules.unfixed


def _text(found: Vulnerability) -> str:
    fixed = f"fixed in {found.fixed}" if found.fixed else "no version fixes it"
    about = f" ({found.summary})" if found.summary else ""
    return f"it has {found.ids[0]}{about}; {fixed}"


def names_any(entries: tuple[str, ...], ids: tuple[str, ...]) -> bool:
    """Return whether an entry names one of some identifiers."""
    return any(matches(entries, each) for each in ids)


def vulnerability(
    entry: VulnEntry, module: AffectedModule, version: str
) -> Vulnerability | None:
    """Return what an entry says of a version, None where it is not affected.

    Args:
        entry: The entry.
        module: What it says of the version's module.
        version: The version.
    """
    if not is_affected(module, version):
        return None
    return Vulnerability(
        (entry.id, *entry.aliases),
        fixes_after(module, version),
        entry.published,
        " ".join(entry.summary.split())[:200],
    )


def parse_identifier(text: str) -> str:
    """Return an entry of ``deny`` or ``ignore``.

    Raises:
        MalformedError: It can be no identifier.
    """
    if _IDENTIFIER.fullmatch(text) is None:
        raise MalformedError("vulnerability", text, "want one like GO-2024-0001")
    return text
