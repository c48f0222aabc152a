"""A module's page: what it is, its versions and needs, how it was proven. Pure.

What is told of the module itself is told of the version that ``@latest`` names, by its
``.mod`` and its licence files; what is retracted, by the highest version's ``.mod``.
Texts of others are shown to some length, their control characters and marks of
writing direction as escapes. Links lead to the module's own files, and to the modules
that require it: whether another one is in the tree changes without this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final

import msgspec

from gosync.catalog.versions import Proof
from gosync.catalog.withdrawn import Withdrawal
from gosync.folder import routes
from gosync.gomod.filekind import FileKind
from gosync.gomod.latest import GoModFacts
from gosync.gomod.modfile import GoMod, Requirement, Retraction
from gosync.gomod.packages import ModulePackages
from gosync.licence.found import ModuleLicences
from gosync.publish import html
from gosync.publish.contents import Carried, ModuleContents
from gosync.publish.packagesection import package_sections
from gosync.publish.vulnsection import vuln_section
from gosync.text import printable

_SHORT_HASH: Final = 12
_MAX_DEPENDENCIES: Final = 500
MAX_DEPENDENTS: Final = 500


class ModuleAbout(msgspec.Struct, frozen=True):
    """What a module's newest version says of itself.

    Attributes:
        go_mod: Its go.mod; None where it cannot be read.
        licences: Its licences; None where they are not known.
        packages: Its packages; None where they are not known.
        dependents: The modules in the tree that require it, MAX_DEPENDENTS + 1 at most.
    """

    go_mod: GoMod | None = None
    licences: ModuleLicences | None = None
    packages: ModulePackages | None = None
    dependents: tuple[str, ...] = ()


def module_page(
    contents: ModuleContents, database: str, about: ModuleAbout | None = None
) -> bytes:
    """Return the page of one module.

    Args:
        contents: What the tree says of it.
        database: The checksum database's name, "" for none.
        about: What its newest version says of itself, where that is known.
    """
    path, about = contents.at.path, about or ModuleAbout()
    up = html.up(contents.at.page)
    lookups = f"{up}{routes.sumdb_folder(database)}/lookup/" if database else ""
    body = [
        f'<nav aria-label="Breadcrumb"><a href="{up}index.html">Go modules</a></nav>',
        f"<header><h1 class=path>{escape(path)}</h1></header>",
        _deprecated(about.go_mod),
        *_introduction(contents, about),
        _withdrawn(contents.withdrawn),
        *vuln_section(contents),
        *_packages(contents, about),
        '<section aria-labelledby="versions">',
        *_versions_of(contents, lookups),
        "</section>",
        *_dependencies(about.go_mod),
        *_dependents(about.dependents, up),
        _proof_in_words(contents, database),
    ]
    return html.document(path, body)


def _introduction(contents: ModuleContents, about: ModuleAbout) -> Iterator[str]:
    if contents.latest is None:
        yield _without_zips(contents)
        return
    newest = escape(contents.latest.row.version)
    yield (
        f"<pre tabindex=0><code>go get {escape(contents.at.path)}@{newest}</code></pre>"
    )
    facts = "\n".join(
        f"<dt>{name}</dt><dd>{value}</dd>"
        for name, value in _facts(contents.latest, about)
        if value
    )
    yield f"<dl class=facts>\n{facts}\n</dl>"


def _packages(contents: ModuleContents, about: ModuleAbout) -> Iterator[str]:
    if contents.latest is not None and about.packages is not None:
        go_mod = about.go_mod or GoMod()
        yield from package_sections(contents.latest.row.mv, about.packages, go_mod)


def _facts(newest: Carried, about: ModuleAbout) -> Iterator[tuple[str, str]]:
    """Yield what the newest version is, each in HTML; "" for what is not known."""
    row, go_mod = newest.row, about.go_mod or GoMod()
    yield "Newest", escape(row.version)
    yield "Committed", escape((row.version_time or "")[:10])
    yield "Licence", _licence(about.licences)
    yield "Needs Go", escape(html.short(go_mod.go))
    yield "Size", html.size(row.zip_bytes) if row.zip_bytes else ""


def _licence(licences: ModuleLicences | None) -> str:
    if licences is None:
        return ""
    text = escape(html.short(licences.expression))
    if licences.unrecognised:
        names = escape(html.short(", ".join(licences.unrecognised)))
        text += f" <small>not recognised: {names}</small>"
    if licences.also:
        text += f" <small>also {escape(html.short(', '.join(licences.also)))}</small>"
    return text


def _deprecated(go_mod: GoMod | None) -> str:
    if go_mod is None or not go_mod.deprecated:
        return ""
    message = escape(html.short(go_mod.deprecated))
    return f"<p class=note><b>Deprecated</b> by its author: {message}</p>"


def _versions_of(contents: ModuleContents, lookups: str) -> Iterator[str]:
    """Yield what can be built with, and folded what only its go.mod is carried of."""
    newest_first = contents.versions[::-1]
    whole = [version for version in newest_first if version.whole]
    alone = [version for version in newest_first if not version.whole]
    yield f'<h2 id="versions">{html.plural(len(whole), "version")}</h2>'
    retracted = contents.retracted
    if whole:
        yield _versions_table(whole, lookups, retracted)
    if alone:
        files = html.plural(len(alone), "version")
        yield (
            f"<details><summary>{files} more as go.mod only: to choose versions by,"
            " not to build with</summary>\n"
            f"{_versions_table(alone, lookups, retracted)}</details>"
        )


def _without_zips(contents: ModuleContents) -> str:
    if not contents.versions:
        return "<p>Nothing of it is carried.</p>"
    return "<p>Only go.mod files are carried: enough to choose versions by.</p>"


def _withdrawn(withdrawals: Sequence[Withdrawal]) -> str:
    """Say what nobody is given any more, why, and who will miss it."""
    if not withdrawals:
        return ""
    rows = "\n".join(
        f"<tr><th scope=row class=version>{escape(each.version)}</th>"
        f"<td class=day>{escape(each.withdrawn_at[:10])}</td>"
        f"<td>{escape(each.reason)}</td>"
        f"<td class=path>{escape(', '.join(each.needed_by))}</td></tr>"
        for each in withdrawals
    )
    table = html.table(("Version", "Withdrawn", "Reason", "Needed by"), rows)
    return (
        '<section aria-labelledby="withdrawn"><h2 id="withdrawn">Withdrawn</h2>\n'
        f"<p>Nobody is given these versions any more.</p>\n{table}</section>"
    )


def _dependencies(go_mod: GoMod | None) -> Iterator[str]:
    """Yield what the newest version needs: at once what it imports, folded the rest."""
    required = () if go_mod is None else go_mod.require
    if not required:
        return
    direct = [each for each in required if not each.indirect]
    indirect = [each for each in required if each.indirect]
    yield '<section aria-labelledby="needs"><h2 id="needs">What the newest needs</h2>'
    if direct:
        yield _requirements(direct)
    if indirect:
        modules = html.plural(len(indirect), "module")
        yield (
            f"<details><summary>{modules} more that these need</summary>\n"
            f"{_requirements(indirect)}</details>"
        )
    yield "</section>"


def _dependents(paths: Sequence[str], up: str) -> Iterator[str]:
    """Yield which modules in the tree require it, each with a link to its page."""
    if not paths:
        return
    items = "\n".join(
        f'<li><a class=path href="{up}{html.href(routes.module_page(each))}">'
        f"{escape(each)}</a></li>"
        for each in paths[:MAX_DEPENDENTS]
    )
    more = "\n<p>And others.</p>" if len(paths) > MAX_DEPENDENTS else ""
    yield '<section aria-labelledby="needed"><h2 id="needed">Needed here by</h2>'
    yield f"<ul class=lines>\n{items}\n</ul>{more}</section>"


def _requirements(required: Sequence[Requirement]) -> str:
    items = "\n".join(
        f"<li><span class=path>{escape(printable(each.path))}</span>"
        f" <small>{escape(printable(each.version))}</small></li>"
        for each in islice(required, _MAX_DEPENDENCIES)
    )
    more = len(required) - _MAX_DEPENDENCIES
    rest = f"\n<p>{html.number(more)} more.</p>" if more > 0 else ""
    return f"<ul class=lines>\n{items}\n</ul>{rest}"


def _proof_in_words(contents: ModuleContents, database: str) -> str:
    """Say what the marks in the table of versions mean."""
    proofs = {version.row.proof for version in contents.versions}
    parts = []
    if Proof.SUMDB in proofs and database:
        parts.append(
            f"<p><span class=proven>Record N</span>: the checksum database"
            f" <code>{escape(database)}</code> has these very hashes in its record N,"
            " which was proven to be in its signed log before anything was kept."
            " <code>go</code> proves it again with what is in this tree.</p>"
        )
    if Proof.PINNED in proofs:
        parts.append(
            "<p><span class=pinned>Pinned at first sight</span>: no checksum database"
            " knows it. The hashes are those of when it was first fetched, and it has"
            " not been anything else here since.</p>"
        )
    if not parts:
        return ""
    title = '<h2 id="proof">How this was proven</h2>'
    words = "\n".join(parts)
    return f'<section aria-labelledby="proof">{title}\n{words}</section>'


def _versions_table(
    versions: Iterable[Carried], lookups: str, retracted: tuple[Retraction, ...]
) -> str:
    rows = "\n".join(_version_row(version, lookups, retracted) for version in versions)
    return html.table(("Version", "Committed", "Files", "Proof"), rows)


def _version_row(
    version: Carried, lookups: str, retracted: tuple[Retraction, ...]
) -> str:
    row, at = version.row, version.at
    day = (row.version_time or "")[:10]
    files = [_file_link(at.info, FileKind.INFO), _file_link(at.mod, FileKind.MOD)]
    if version.whole:
        size = html.size(row.zip_bytes or 0)
        files.append(f"{_file_link(at.zip, FileKind.ZIP)} <small>{size}</small>")
    commit = ""
    if row.commit_hash:
        short = escape(row.commit_hash[:_SHORT_HASH])
        commit = f"<br><small>commit <code>{short}</code></small>"
    return (
        f"<tr><th scope=row class=version>{escape(row.version)}"
        f"{_retracted(row.version, retracted)}</th>"
        f"<td class=day>{escape(day)}{commit}</td>"
        f"<td class=files>{' '.join(files)}</td>"
        f"<td>{_proof_of_version(version, lookups)}</td></tr>"
    )


def _retracted(version: str, retracted: tuple[Retraction, ...]) -> str:
    for each in retracted:
        if not GoModFacts(is_own=True, retracted=(each,)).allow(version):
            why = f": {escape(html.short(each.rationale))}" if each.rationale else ""
            return f"<div class=mark>retracted by its author{why}</div>"
    return ""


def _proof_of_version(version: Carried, lookups: str) -> str:
    row = version.row
    if row.proof is Proof.SUMDB and row.record_id is not None:
        text = f"record {html.number(row.record_id)}"
        link = (
            f'<a href="{lookups}{html.href(version.at.lookup)}">{text}</a>'
            if lookups
            else text
        )
        proof = f"<span class=proven>{link}</span>"
    else:
        proof = "<span class=pinned>pinned at first sight</span>"
    h1 = row.zip_h1 if version.whole else row.mod_h1
    odd = f"<br><small>{escape(row.oddity)}</small>" if row.oddity else ""
    return f"{proof}<br><code class=hash>{escape(h1 or '')}</code>{odd}"


def _file_link(path: str, kind: FileKind) -> str:
    return f'<a href="{html.href(path.rpartition("/")[2])}">{kind.value}</a>'
