"""The tree's front page and the pages of its list of modules. Pure.

A page depends on the tree's content alone: no time, no version of gosync, so
that nothing new writes nothing. It needs no other file: style sheet and script are
inside, no fonts, no images. Every text goes through ``html.escape`` and every address
through ``quote``: module names are other people's. What changes beside the modules,
how fresh the data is and what came in when, ``script`` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

import msgspec

from gosync.catalog.shown import ShownModule
from gosync.folder import routes
from gosync.hint import command
from gosync.publish import html
from gosync.publish.script import SCRIPT
from gosync.publish.usage import TreeUse, usage
from gosync.sumdb.tlog import format_hash
from gosync.sumdb.treehead import SignedHead


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
        use: What those who use it need to know.
        head: The tree head that the lookups carry, or None.
        modules: How many modules there are.
        versions: How many versions there are, whole.
        proven: How many of these the checksum database vouches for.
        go_mods: How many versions there are as a ``.mod`` alone.
        explained: Where a page explains why ``go`` fails, "" for nowhere.
        search: The files of the search index.
    """

    use: TreeUse
    head: SignedHead | None
    modules: int
    versions: int
    proven: int
    go_mods: int = 0
    explained: str = ""
    search: tuple[str, ...] = ()

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
        _freshness(),
        "</header>",
        _search(facts.search),
        usage(facts.use),
        '<section aria-labelledby="new"><h2 id="new">Came in last</h2>',
        '<div id="news"></div>',
        f'<p><a href="{routes.FEED}">What is new</a>, for feed readers</p>',
        "</section>",
        '<section aria-labelledby="modules"><h2 id="modules">Modules</h2>',
        table,
        "</section>",
        *_explained(facts),
        _other_heads(facts),
    ]
    return html.document("Go modules", body, script=SCRIPT, feed=routes.FEED)


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


def _sentences(facts: TreeFacts) -> Iterator[str]:
    modules, versions = facts.modules, facts.versions
    alone = f" and {html.plural(facts.go_mods, 'go.mod file')} alone"
    yield (
        f"{html.plural(modules, 'module')}, {html.plural(versions, 'version')}"
        f"{alone if facts.go_mods else ''}."
    )
    if facts.use.database is not None and facts.head is not None:
        tree = facts.head.tree
        yield (
            f"{html.plural(facts.proven, 'version')} proven in"
            f" <b>{escape(facts.use.database.name)}</b> at its tree head of"
            f" {html.number(tree.n)} records,"
            f" <code class=hash>{escape(format_hash(tree.hash))}</code>"
        )
    if facts.pinned:
        pinned = html.plural(facts.pinned, "version")
        yield f"{pinned} pinned to the hash that was seen first."


def _freshness() -> str:
    """Return where script says how fresh the data is, and who says it without."""
    link = f'<a href="{routes.STATUS}">How fresh this is</a>'
    return f'<p class=lead><span id="fresh"></span>{link}</p>'


def _search(index: Sequence[str]) -> str:
    """Return the search, hidden until script can answer."""
    return (
        f'<form id="search" role=search hidden data-index="{" ".join(index)}">'
        '<label for="query">Find a module</label>\n'
        '<input id="query" type=search autocomplete=off spellcheck=false'
        ' placeholder="a part of its path" aria-describedby="told">\n'
        '<p id="told" role=status></p>\n<ul id="results"></ul></form>'
        if index
        else ""
    )


def _explained(facts: TreeFacts) -> Iterator[str]:
    if facts.explained:
        page = escape(facts.explained)
        yield f'<p><a href="{page}">When go fails</a>: each error, and what to do</p>'


def _other_heads(facts: TreeFacts) -> str:
    """Return what to do where go remembers a tree head from elsewhere."""
    if facts.use.database is None or facts.head is None:
        return ""
    serve_head = escape(str(command("publish", "--head", "FILE")))
    name, records = escape(facts.use.database.name), html.number(facts.head.tree.n)
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


def _parts_table(parts: Iterable[ListPart]) -> str:
    rows = "\n".join(
        f'<tr><th scope=row class=path><a href="{part.page}">{escape(part.first)}</a>'
        "</th></tr>"
        for part in parts
    )
    return html.table(("From",), rows)
