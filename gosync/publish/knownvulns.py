"""Known vulnerabilities of a module's versions, as its page tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from gosync.gomod.semver import version_key
from gosync.osv.affected import fixes_after, is_affected
from gosync.osv.entry import AffectedModule, VulnEntry


class KnownVuln(msgspec.Struct, frozen=True):
    """A vulnerability that affects versions of a module in the tree.

    Attributes:
        id: The entry's, as ``GO-2024-0001``.
        aliases: Its numbers elsewhere.
        summary: What it is.
        affected: The versions in the tree that it affects, ascending.
        fixed: For each of them the first version above it without it, each once,
            ascending; no version where none is fixed.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    affected: tuple[str, ...]
    fixed: tuple[str, ...]


def known_vulns(
    entries: Iterable[tuple[VulnEntry, AffectedModule]], versions: Iterable[str]
) -> tuple[KnownVuln, ...]:
    """Return what affects versions of a module, the newest entries first.

    Args:
        entries: The entries about the module, with what each says of it.
        versions: The versions in the tree that can be built with.
    """
    ascending = sorted(versions, key=version_key)
    found = (_known(entry, module, ascending) for entry, module in entries)
    return tuple(sorted((v for v in found if v.affected), key=_number, reverse=True))


def digest_vulns(vulns: tuple[KnownVuln, ...]) -> str:
    """Return a digest that changes when the page must, "" for no vulnerability."""
    return sha256(msgspec.json.encode(vulns)).hexdigest() if vulns else ""


def _known(entry: VulnEntry, module: AffectedModule, versions: list[str]) -> KnownVuln:
    affected = tuple(each for each in versions if is_affected(module, each))
    fixed = {fixes_after(module, each) for each in affected} - {""}
    return KnownVuln(
        id=entry.id,
        aliases=entry.aliases,
        summary=entry.summary,
        affected=affected,
        fixed=tuple(sorted(fixed, key=version_key)),
    )


def _number(vuln: KnownVuln) -> tuple[int, ...]:
    """Return year and number of an id."""
    return tuple(map(int, vuln.id.split("-")[1:]))
