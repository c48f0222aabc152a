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
from gosync.publish.contents import ModuleContents
from gosync.publish.knownvulns import KnownVuln
from gosync.publish.pages import html
from gosync.publish.pages.words import Words, digits

_MAX_VULNS: Final = 200
_MAX_VERSIONS: Final = 5
_MAX_ALIASES: Final = 4
_MAX_ALIAS: Final = 40
_COLUMNS: Final = ("Vulnerability", "What it is", "Affected here", "Fixed in")
_ENGLISH: Final = Words()


def vuln_section(contents: ModuleContents, words: Words = _ENGLISH) -> Iterator[str]:
    """Yield the section's parts; nothing where nothing is known."""
    if not contents.vulns:
        return
    whole = {each.row.version for each in contents.versions if each.whole}
    up = html.up(contents.at.page)
    rows = "\n".join(
        _row(each, whole, up, words) for each in islice(contents.vulns, _MAX_VULNS)
    )
    yield '<section aria-labelledby="vulns">'
    yield f'<h2 id="vulns">{words.say("Known vulnerabilities")}</h2>'
    yield _newest(contents, words)
    yield html.table([words.say(each) for each in _COLUMNS], rows)
    more = len(contents.vulns) - _MAX_VULNS
    if more > 0:
        yield f"<p>{words.say('{n} more.', n=digits(more))}</p>"
    yield "</section>"


def _newest(contents: ModuleContents, words: Words) -> str:
    newest = "" if contents.latest is None else contents.latest.row.version
    affecting = sum(newest in each.affected for each in contents.vulns)
    if not affecting:
        none = words.say(
            "None of them affects {version}, the newest here.", version=escape(newest)
        )
        return f"<p>{none}</p>"
    told = words.say(
        "{version}, the newest here, <b>is affected by {n} of them</b>.",
        version=escape(newest),
        n=digits(affecting),
    )
    return f"<p class=note>{told}</p>"


def _row(vuln: KnownVuln, whole: Collection[str], up: str, words: Words) -> str:
    entry = routes.artifact_file(VULNDB, entry_file(vuln.id)) or ""
    aliases = ", ".join(
        escape(html.short(each, _MAX_ALIAS)) for each in vuln.aliases[:_MAX_ALIASES]
    )
    place = f"{up}{html.href(entry)}"
    return (
        f'<tr><th scope=row><a class=entry href="{place}">{escape(vuln.id)}</a>'
        f"{f'<br><small>{aliases}</small>' if aliases else ''}</th>"
        f"<td>{escape(html.short(vuln.summary))}</td>"
        f"<td class=version>{_affected(vuln.affected, words)}</td>"
        f"<td class=version>{_fixed(vuln.fixed, whole, words)}</td></tr>"
    )


def _affected(versions: Sequence[str], words: Words) -> str:
    newest_first = versions[::-1]
    shown = ", ".join(map(escape, newest_first[:_MAX_VERSIONS]))
    more = len(versions) - _MAX_VERSIONS
    if more <= 0:
        return shown
    return f"{shown} <small>{words.say('and {n} more', n=digits(more))}</small>"


def _fixed(versions: Sequence[str], whole: Collection[str], words: Words) -> str:
    """Return the versions that fix it, the highest first, and whether they are here."""
    if not versions:
        return f"<small>{words.say('nothing yet')}</small>"
    absent = f" <small>{words.say('not carried')}</small>"
    return ", ".join(
        f"{escape(html.short(each, _MAX_ALIAS))}{'' if each in whole else absent}"
        for each in islice(reversed(versions), _MAX_VERSIONS)
    )
