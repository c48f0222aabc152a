"""One line about a vulnerability of a module that is carried."""

from __future__ import annotations

from gosync.osv.vulnerable import VulnerableModule
from gosync.text import printable

_VERSIONS = 5


def vulnerable_line(found: VulnerableModule) -> str:
    """Return what affects which versions, and the fix; others' text is escaped."""
    aliases = f" ({', '.join(found.aliases)})" if found.aliases else ""
    known = f"{found.id}{aliases} {found.module} {found.versions_text(_VERSIONS)}"
    return printable(f"{known}: {found.fixed_text}")
