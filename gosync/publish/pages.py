"""Pages for people: what the tree has, how it was proven, how to use it. Pure.

A page depends on the tree's content alone: no time, no version of gosync, so
that nothing new writes nothing. It needs no other file: one style sheet inside,
no fonts, no images. Every text goes through ``html.escape`` and every address
through ``quote``: module names are other people's.

The two lines to paste name the tree's own address, which a static tree does not
know. When no URL is configured, four lines of script put in the address that
the page was read at, ``file:`` included; without script a placeholder stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

import msgspec

from gosync.catalog.shown import ShownModule
from gosync.catalog.versions import Proof
from gosync.catalog.withdrawn import Withdrawal
from gosync.folder import routes
from gosync.gomod.filekind import FileKind
from gosync.hint import command
from gosync.publish import html
from gosync.publish.contents import Carried, ModuleContents
from gosync.publish.style import PLACEHOLDER, SCRIPT
from gosync.sumdb.names import GOLANG_SUMDB, Database
from gosync.sumdb.tlog import format_hash
from gosync.sumdb.treehead import SignedHead

_SHORT_HASH = 12


class ModuleSummary(msgspec.Struct, frozen=True):
    """One line of the list of modules.

    Attributes:
        path: The module path.
        page: Where the module's page lies.
        newest: Its newest version, "" when only ``.mod`` files are carried.
        versions: How many versions are carried whole.
        proven: How many of these the checksum database vouches for.
        go_mods: How many more are carried as a ``.mod`` alone.
    """

    path: str
    page: str
    newest: str
    versions: int
    proven: int
    go_mods: int = 0

    @property
    def pinned(self) -> int:
        """How many nobody vouches for but our first sight."""
        return self.versions - self.proven


class ListPart(msgspec.Struct, frozen=True):
    """A page of the list of modules.

    Attributes:
        page: Where it lies.
        first: The first module on it.
    """

    page: str
    first: str


class TreeFacts(msgspec.Struct, frozen=True):
    """What the front page says about the tree.

    Attributes:
        url: The tree's address, "" when it is not known.
        database: The checksum database, or None.
        head: The tree head that the lookups carry, or None.
        private: GOPRIVATE patterns of what no database vouches for.
        modules: How many modules there are.
        versions: How many versions there are, whole.
        proven: How many of these the checksum database vouches for.
        go_mods: How many versions there are as a ``.mod`` alone.
        explained: Where a page explains why ``go`` fails, "" for nowhere.
    """

    url: str
    database: Database | None
    head: SignedHead | None
    private: tuple[str, ...]
    modules: int
    versions: int
    proven: int
    go_mods: int = 0
    explained: str = ""

    @property
    def pinned(self) -> int:
        """How many nobody vouches for but our first sight."""
        return self.versions - self.proven


def summary_of(shown: ShownModule) -> ModuleSummary:
    """Return a module's line in the list."""
    return ModuleSummary(
        path=shown.path,
        page=routes.module_page(shown.path),
        newest=shown.newest,
        versions=shown.versions,
        proven=shown.proven,
        go_mods=shown.go_mods,
    )


def front_page(
    facts: TreeFacts, modules: Sequence[ModuleSummary], parts: Sequence[ListPart] = ()
) -> bytes:
    """Return the tree's front page.

    Args:
        facts: What it says about the tree.
        modules: The whole list, where it has no pages of its own.
        parts: Its pages otherwise.
    """
    if parts:
        table = _parts_table(parts)
    elif modules:
        table = _modules_table(modules, "")
    else:
        table = "<p>Nothing is carried yet.</p>"
    body = [
        "<header><h1>Go modules</h1>",
        *(f"<p class=lead>{sentence}</p>" for sentence in _sentences(facts)),
        "</header>",
        _usage(facts),
        _other_heads(facts),
        '<section aria-labelledby="modules"><h2 id="modules">Modules</h2>',
        table,
        "</section>",
        *_explained(facts),
        f'<p><a href="{routes.FEED}">What is new</a>, for feed readers</p>',
    ]
    script = "" if facts.url else SCRIPT
    return html.document("Go modules", body, script=script, feed=routes.FEED)


def list_page(modules: Sequence[ModuleSummary]) -> bytes:
    """Return one page of a list of modules that has several; of at least one."""
    first, last = modules[0].path, modules[-1].path
    up = html.up(routes.list_page(""))
    home = f"{up}{routes.ROOT_PAGE}"
    body = [
        f'<nav aria-label="Breadcrumb"><a href="{home}">Go modules</a></nav>',
        f"<header><h1 class=path>{escape(first)} &#8211; {escape(last)}</h1></header>",
        _modules_table(modules, up),
    ]
    return html.document(f"Go modules from {first}", body)


def module_page(contents: ModuleContents, database: str) -> bytes:
    """Return the page of one module.

    Args:
        contents: What the tree says of it.
        database: The checksum database's name, "" for none.
    """
    path = contents.at.path
    up = html.up(contents.at.page)
    lookups = f"{up}{routes.sumdb_folder(database)}/lookup/" if database else ""
    newest = contents.latest.row.version if contents.latest else ""
    body = [
        f'<nav aria-label="Breadcrumb"><a href="{up}index.html">Go modules</a></nav>',
        f"<header><h1 class=path>{escape(path)}</h1></header>",
        f"<pre><code>go get {escape(path)}@{escape(newest)}</code></pre>"
        if newest
        else _without_zips(contents),
        _withdrawn(contents.withdrawn),
        '<section aria-labelledby="versions">',
        *_versions_of(contents, lookups),
        "</section>",
    ]
    return html.document(path, body)


def _versions_of(contents: ModuleContents, lookups: str) -> Iterator[str]:
    """Yield what can be built with, and folded what only its go.mod is carried of."""
    newest_first = contents.versions[::-1]
    whole = [version for version in newest_first if version.whole]
    alone = [version for version in newest_first if not version.whole]
    yield f'<h2 id="versions">{html.plural(len(whole), "version")}</h2>'
    if whole:
        yield _versions_table(whole, lookups)
    if alone:
        files = html.plural(len(alone), "version")
        yield (
            f"<details><summary>{files} more as go.mod only: to choose versions by,"
            f" not to build with</summary>\n{_versions_table(alone, lookups)}</details>"
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


def _sentences(facts: TreeFacts) -> Iterator[str]:
    modules, versions = facts.modules, facts.versions
    alone = f" and {html.plural(facts.go_mods, 'go.mod file')} alone"
    yield (
        f"{html.plural(modules, 'module')}, {html.plural(versions, 'version')}"
        f"{alone if facts.go_mods else ''}."
    )
    if facts.database is not None and facts.head is not None:
        tree = facts.head.tree
        yield (
            f"{html.plural(facts.proven, 'version')} proven in"
            f" <b>{escape(facts.database.name)}</b> at its tree head of"
            f" {html.number(tree.n)} records,"
            f" <code class=hash>{escape(format_hash(tree.hash))}</code>"
        )
    if facts.pinned:
        pinned = html.plural(facts.pinned, "version")
        yield f"{pinned} pinned to the hash that was seen first."


def _usage(facts: TreeFacts) -> str:
    address = (
        escape(facts.url.rstrip("/"))
        if facts.url
        else f'<span data-root=".">{PLACEHOLDER}</span>'
    )
    lines = [f"go env -w GOPROXY={address}", f"go env -w GOSUMDB={_gosumdb(facts)}"]
    if facts.private and facts.database is not None:
        patterns = escape(",".join(facts.private))
        # Quoted: a shell would take the stars for its own.
        lines.append(f'go env -w "GONOSUMDB={patterns}" GONOPROXY=none')
    note = (
        "Nothing else is asked: the checksum database is in the tree too."
        if facts.database is not None
        else "This tree has no checksum database."
    )
    return (
        '<section aria-labelledby="use"><h2 id="use">Use this mirror</h2>\n'
        f"<pre><code>{chr(10).join(lines)}</code></pre>\n<p>{note}</p></section>"
    )


def _explained(facts: TreeFacts) -> Iterator[str]:
    if facts.explained:
        page = escape(facts.explained)
        yield f'<p><a href="{page}">When go fails</a>: each error, and what to do</p>'


def _other_heads(facts: TreeFacts) -> str:
    """Return what to do where go remembers a tree head from elsewhere."""
    if facts.database is None or facts.head is None:
        return ""
    serve_head = escape(str(command("publish", "--head", "FILE")))
    name, records = escape(facts.database.name), html.number(facts.head.tree.n)
    return (
        '<section aria-labelledby="heads"><h2 id="heads">If go says'
        " <code>checking tree#N</code> and a tile is missing</h2>\n"
        "<p>It was online before, or used another mirror: it remembers a tree head of"
        f" <code>{name}</code> with N records, and proves it first. This mirror's has"
        f" {records}. Where N is smaller, its operator can serve you: send your file"
        f" <code>pkg/sumdb/{name}/latest</code> for"
        f" <code>{serve_head}</code>. Where N is larger the mirror is"
        " behind: wait, or let go forget what it remembers:</p>\n"
        f'<pre><code>rm "$(go env GOPATH)/pkg/sumdb/{name}/latest"</code></pre>\n'
        "<p>That costs a protection: go then trusts the next head it sees, and will"
        " not notice if that log is another than the one it saw before, or an older"
        " one. Nothing else is lost.</p></section>"
    )


def _gosumdb(facts: TreeFacts) -> str:
    if facts.database is None:
        return "off"
    if facts.database.name == GOLANG_SUMDB:  # every go command has its key
        return GOLANG_SUMDB
    return escape(facts.database.verifier_key)


def _modules_table(modules: Iterable[ModuleSummary], up: str) -> str:
    rows = "\n".join(
        f'<tr><th scope=row class=path><a href="{up}{html.href(module.page)}">'
        f"{escape(module.path)}</a></th>"
        f"<td class=version>{escape(module.newest) or '<i>go.mod only</i>'}</td>"
        f"<td class=number>{_versions(module)}</td>"
        f"<td>{_proof_of_module(module)}</td></tr>"
        for module in modules
    )
    return html.table(("Module", "Newest", "Versions", "Proof"), rows)


def _versions(module: ModuleSummary) -> str:
    if not module.go_mods:
        return html.number(module.versions)
    versions, alone = html.number(module.versions), html.number(module.go_mods)
    return f"{versions} <small>+ {alone} go.mod</small>"


def _proof_of_module(module: ModuleSummary) -> str:
    if not module.versions:
        return "<small>nothing to build with</small>"
    if not module.pinned:
        return "<span class=proven>proven</span>"
    pinned = module.pinned
    if not module.proven:
        return "<span class=pinned>pinned</span>"
    return (
        f"<span class=proven>{html.number(module.proven)} proven</span>"
        f" <span class=pinned>{html.number(pinned)} pinned</span>"
    )


def _versions_table(versions: Iterable[Carried], lookups: str) -> str:
    rows = "\n".join(_version_row(version, lookups) for version in versions)
    return html.table(("Version", "Committed", "Files", "Proof"), rows)


def _version_row(version: Carried, lookups: str) -> str:
    row = version.row
    day = (row.version_time or "")[:10]
    at = version.at
    files = [_file_link(at.info, FileKind.INFO), _file_link(at.mod, FileKind.MOD)]
    if version.whole:
        size = html.size(row.zip_bytes or 0)
        files.append(f"{_file_link(at.zip, FileKind.ZIP)} <small>{size}</small>")
    commit = ""
    if row.commit_hash:
        short = escape(row.commit_hash[:_SHORT_HASH])
        commit = f"<br><small>commit <code>{short}</code></small>"
    return (
        f"<tr><th scope=row class=version>{escape(row.version)}</th>"
        f"<td class=day>{escape(day)}{commit}</td>"
        f"<td class=files>{' '.join(files)}</td>"
        f"<td>{_proof_of_version(version, lookups)}</td></tr>"
    )


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


def _parts_table(parts: Iterable[ListPart]) -> str:
    rows = "\n".join(
        f'<tr><th scope=row class=path><a href="{part.page}">{escape(part.first)}</a>'
        "</th></tr>"
        for part in parts
    )
    return html.table(("From",), rows)
