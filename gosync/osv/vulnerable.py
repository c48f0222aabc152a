"""Vulnerable modules: an entry, and the versions here that it affects. Pure.

What the entries say is others' text of any length: of what is shown of it there is so
much that one of them fits into a page, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from gosync.gomod.semver import version_key
from gosync.osv.affected import fixes_after, is_affected
from gosync.osv.entry import AffectedModule, VulnEntry

VERSIONS: Final = 20
_ALIASES: Final = 8
_ALIAS_LENGTH: Final = 40
_SUMMARY_LENGTH: Final = 300
_CUT: Final = "..."


class VulnerableModule(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of a module that an entry of the vulnerability database affects.

    Attributes:
        module: Its path.
        id: The entry's.
        aliases: Its numbers elsewhere, the first few.
        summary: What it is, cut to 300 characters.
        versions: Which versions, the newest first, at most VERSIONS of them.
        count: How many versions.
        fixed: The first version above the newest of them without it, "" for none.
        fixed_is_carried: Whether a later version without it is here.
    """

    module: str
    id: str
    aliases: tuple[str, ...]
    summary: str
    versions: tuple[str, ...]
    count: int
    fixed: str
    fixed_is_carried: bool

    @property
    def fixed_text(self) -> str:
        """Where it is fixed, and whether a fixed version is here, for people."""
        if not self.fixed:
            return "fixed in no version yet"
        carried = "a fixed version is here" if self.fixed_is_carried else "not carried"
        return f"fixed in {self.fixed}, {carried}"

    def versions_text(self, most: int) -> str:
        """Return the newest of the versions, and how many more there are."""
        more = f" and {self.count - most} more" if self.count > most else ""
        return f"{', '.join(self.versions[:most])}{more}"

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """What sorts by year and number of the entry, then by module."""
        return tuple(map(int, self.id.split("-")[1:])), self.module


class NewestVulnerable(VulnerableModule, frozen=True, kw_only=True):
    """A vulnerability of a module in a tree.

    Attributes:
        since: When it became known here: the later of when the entry changed last and
            when the newest of the affected versions came in; RFC 3339.
    """

    since: str


def vulnerable_module(
    entry: VulnEntry,
    module: AffectedModule,
    affected: Collection[str],
    carried: Iterable[str],
) -> VulnerableModule:
    """Return what is told of versions that an entry affects.

    Args:
        entry: The entry.
        module: What it says of their module.
        affected: Which versions are told of, at least one.
        carried: All of the module's that can be built with here.
    """
    newest = sorted(affected, key=version_key, reverse=True)
    above = (e for e in carried if version_key(e) > version_key(newest[0]))
    return VulnerableModule(
        module=module.package.name,
        id=entry.id,
        aliases=tuple(_cut(each, _ALIAS_LENGTH) for each in entry.aliases[:_ALIASES]),
        summary=_cut(entry.summary, _SUMMARY_LENGTH),
        versions=tuple(newest[:VERSIONS]),
        count=len(newest),
        fixed=_cut(fixes_after(module, newest[0]), _ALIAS_LENGTH),
        fixed_is_carried=any(not is_affected(module, each) for each in above),
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(_CUT)] + _CUT
