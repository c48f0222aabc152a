"""What a module's page tells of known vulnerabilities. Pure.

What is said is of the versions in this tree. A link leads to the entry in the tree's
own database, ``vulndb/``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final

from gosync.artifact import VULNDB
from gosync.folder import routes
from gosync.osv.files import entry_file
from gosync.publish import html
from gosync.publish.contents import ModuleContents
from gosync.publish.knownvulns import KnownVuln

_MAX_VULNS: Final = 200
_MAX_VERSIONS: Final = 5
_MAX_ALIASES: Final = 4
_MAX_ALIAS: Final = 40
_COLUMNS: Final = ("Vulnerability", "What it is", "Affected here", "Fixed in")


def vuln_section(contents: ModuleContents) -> Iterator[str]:
    """Yield the section's parts; nothing where nothing is known."""
    if not contents.vulns:
        return
    whole = {each.row.version for each in contents.versions if each.whole}
    up = html.up(contents.at.page)
    rows = "\n".join(
        _row(each, whole, up) for each in islice(contents.vulns, _MAX_VULNS)
    )
    yield '<section aria-labelledby="vulns">'
    yield '<h2 id="vulns">Known vulnerabilities</h2>'
    yield _newest(contents)
    yield html.table(_COLUMNS, rows)
    more = len(contents.vulns) - _MAX_VULNS
    if more > 0:
        yield f"<p>{html.number(more)} more.</p>"
    yield "</section>"


def _newest(contents: ModuleContents) -> str:
    newest = "" if contents.latest is None else contents.latest.row.version
    affecting = sum(newest in each.affected for each in contents.vulns)
    if not affecting:
        return f"<p>None of them affects {escape(newest)}, the newest here.</p>"
    of = "is affected by " + ("1 of them" if affecting == 1 else f"{affecting} of them")
    return f"<p class=note>{escape(newest)}, the newest here, <b>{of}</b>.</p>"


def _row(vuln: KnownVuln, whole: Collection[str], up: str) -> str:
    entry = routes.artifact_file(VULNDB, entry_file(vuln.id)) or ""
    aliases = ", ".join(
        escape(html.short(each, _MAX_ALIAS)) for each in vuln.aliases[:_MAX_ALIASES]
    )
    return (
        f'<tr><th scope=row><a href="{up}{html.href(entry)}">{escape(vuln.id)}</a>'
        f"{f'<br><small>{aliases}</small>' if aliases else ''}</th>"
        f"<td>{escape(html.short(vuln.summary))}</td>"
        f"<td class=version>{_affected(vuln.affected)}</td>"
        f"<td class=version>{_fixed(vuln.fixed, whole)}</td></tr>"
    )


def _affected(versions: Sequence[str]) -> str:
    newest_first = versions[::-1]
    shown = ", ".join(map(escape, newest_first[:_MAX_VERSIONS]))
    more = len(versions) - _MAX_VERSIONS
    return f"{shown} <small>and {html.number(more)} more</small>" if more > 0 else shown


def _fixed(versions: Sequence[str], whole: Collection[str]) -> str:
    """Return the versions that fix it, the highest first, and whether they are here."""
    if not versions:
        return "<small>nothing yet</small>"
    return ", ".join(
        f"{escape(html.short(each, _MAX_ALIAS))}"
        f"{'' if each in whole else ' <small>not carried</small>'}"
        for each in islice(reversed(versions), _MAX_VERSIONS)
    )
