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
from typing import Final

import msgspec

from gosync.catalog.shown import ShownModule
from gosync.folder import routes
from gosync.hint import command
from gosync.publish.pages import html
from gosync.publish.pages.script import script
from gosync.publish.pages.usage import TreeUse, usage
from gosync.publish.pages.words import Words, digits
from gosync.sumdb.names import Database
from gosync.sumdb.tlog import format_hash
from gosync.sumdb.treehead import SignedHead

_COLUMNS: Final = ("Module", "Newest", "Versions", "Proof")
_ENGLISH: Final = Words()
_MAX_SYNOPSIS: Final = 160


class ModuleSummary(msgspec.Struct, frozen=True):
    """One line of the list of modules.

    Attributes:
        path: The module path.
        page: Where the module's page lies.
        newest: Its newest version, "" when only ``.mod`` files are carried.
        versions: How many versions are carried whole.
        proven: How many of these the checksum database vouches for.
        go_mods: How many more are carried as a ``.mod`` alone.
        synopsis: What it is, "" where nothing says so.
    """

    path: str
    page: str
    newest: str
    versions: int
    proven: int
    go_mods: int = 0
    synopsis: str = ""

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
        database: The checksum database that proves versions, or None.
        docs: Where gosync's documentation begins, "" for nowhere.
    """

    use: TreeUse
    head: SignedHead | None
    modules: int
    versions: int
    proven: int
    go_mods: int = 0
    explained: str = ""
    search: tuple[str, ...] = ()
    database: Database | None = None
    docs: str = ""

    @property
    def pinned(self) -> int:
        """How many nobody vouches for but our first sight."""
        return self.versions - self.proven


def summary_of(shown: ShownModule) -> ModuleSummary:
    """Return a module's line in the list; its page is the English one."""
    return ModuleSummary(
        path=shown.path,
        page=routes.module_page(shown.path),
        newest=shown.newest,
        versions=shown.versions,
        proven=shown.proven,
        go_mods=shown.go_mods,
        synopsis=shown.synopsis,
    )


def front_page(
    facts: TreeFacts,
    modules: Sequence[ModuleSummary],
    parts: Sequence[ListPart] = (),
    words: Words = _ENGLISH,
) -> bytes:
    """Return the tree's front page.

    Args:
        facts: What it says about the tree.
        modules: The whole list, where it has no pages of its own.
        parts: Its pages otherwise.
        words: The words of its language.
    """
    say = words.say
    if parts:
        table = _parts_table(parts, words)
    elif modules:
        table = _modules_table(modules, "", words)
    else:
        table = f"<p>{say('Nothing is carried yet.')}</p>"
    title = say("Go modules")
    feed = f'<a href="{routes.FEED}">{say("What is new")}</a>'
    body = [
        f"<header><h1>{title}</h1>",
        *(f"<p class=lead>{sentence}</p>" for sentence in _sentences(facts, words)),
        _freshness(words),
        "</header>",
        _search(facts.search, words),
        usage(facts.use, words),
        f'<section aria-labelledby="new"><h2 id="new">{say("Came in last")}</h2>',
        '<div id="news"></div>',
        f"<p>{feed}{say(', ')}{say('for feed readers')}</p>",
        "</section>",
        f'<section aria-labelledby="modules"><h2 id="modules">{say("Modules")}</h2>',
        table,
        "</section>",
        *_explained(facts, words),
        _other_heads(facts, words),
    ]
    code = script(words)
    return html.document(title, body, words=words, script=code, feed=routes.FEED)


def list_page(modules: Sequence[ModuleSummary], words: Words = _ENGLISH) -> bytes:
    """Return one page of a list of modules that has several; of at least one."""
    first, last = modules[0].path, modules[-1].path
    up = html.up(routes.list_page(""))
    body = [
        html.breadcrumb(up, words),
        f"<header><h1 class=path>{escape(first)} &#8211; {escape(last)}</h1></header>",
        _modules_table(modules, up, words),
    ]
    title = words.say("Go modules from {first}", first=first)
    return html.document(title, body, words=words)


def _sentences(facts: TreeFacts, words: Words) -> Iterator[str]:
    modules = words.count(facts.modules, "module")
    versions = words.count(facts.versions, "version")
    if facts.go_mods:
        yield words.say(
            "{modules}, {versions} and {alone} alone.",
            modules=modules,
            versions=versions,
            alone=words.count(facts.go_mods, "go.mod file"),
        )
    else:
        yield words.say("{modules}, {versions}.", modules=modules, versions=versions)
    if facts.database is not None and facts.head is not None:
        tree = facts.head.tree
        yield words.say(
            "{versions} proven in <b>{name}</b> at its tree head of {records},"
            " <code class=hash>{hash}</code>",
            versions=words.count(facts.proven, "version"),
            name=escape(facts.database.name),
            records=words.count(tree.n, "record"),
            hash=escape(format_hash(tree.hash)),
        )
    if facts.pinned:
        pinned = words.count(facts.pinned, "version")
        yield words.say(
            "{versions} pinned to the hash that was seen first.", versions=pinned
        )


def _freshness(words: Words) -> str:
    """Return where script says how fresh the data is, and who says it without."""
    said = words.say("How fresh this is")
    link = f'<a href="{routes.STATUS}">{said}</a>'
    return (
        f'<p class=lead><span id="fresh"></span>{link}</p>'
        '<p class=lead id="found" hidden></p>'
    )


def _search(index: Sequence[str], words: Words) -> str:
    """Return the search, hidden until script can answer."""
    if not index:
        return ""
    hint = words.say("a word of its path, of what it is, or of a command")
    return (
        f'<form id="search" role=search hidden data-index="{" ".join(index)}">'
        f'<label for="query">{words.say("Find a module")}</label>\n'
        '<input id="query" type=search autocomplete=off spellcheck=false'
        f' placeholder="{hint}" aria-describedby="told">\n'
        '<p id="told" role=status></p>\n<ul id="results"></ul></form>'
    )


def _explained(facts: TreeFacts, words: Words) -> Iterator[str]:
    if facts.explained:
        told = words.say(
            '<a href="{page}">When go fails</a>: each error, and what to do',
            page=escape(words.native(facts.explained)),
        )
        yield f"<p>{told}</p>"
    if facts.docs:
        told = words.say(
            '<a href="{page}">Documentation</a> of gosync, which made this mirror',
            page=escape(words.native(facts.docs)),
        )
        yield f"<p>{told}</p>"


def _other_heads(facts: TreeFacts, words: Words) -> str:
    """Return what to do where go remembers a tree head from elsewhere."""
    database = facts.use.database
    if database is None or facts.head is None:
        return ""
    name = escape(database.name)
    parts = [
        '<section aria-labelledby="heads"><h2 id="heads">',
        words.say("If go says <code>checking tree#N</code> and a tile is missing"),
        "</h2>\n<p>",
        _house_head(name, words) if facts.use.house_log else _head(facts, name, words),
        "</p>\n<pre tabindex=0><code class=paste>",
        f'rm "$(go env GOPATH)/pkg/sumdb/{name}/latest"</code></pre>\n<p>',
        words.say(
            "That costs a protection: go then trusts the next head it sees, and will"
            " not notice if that log is another than the one it saw before, or an older"
            " one. Nothing else is lost."
        ),
        "</p></section>",
    ]
    return "".join(parts)


def _head(facts: TreeFacts, name: str, words: Words) -> str:
    assert facts.head is not None
    return words.say(
        "It was online before, or used another mirror: it remembers a tree head of"
        " <code>{name}</code> with N records, and proves it first. This mirror's has"
        " {records}. Where N is smaller, its operator can serve you: send your file"
        " <code>pkg/sumdb/{name}/latest</code> for <code>{command}</code>. Where N is"
        " larger the mirror is behind: wait, or let go forget what it remembers:",
        name=name,
        records=digits(facts.head.tree.n),
        command=escape(str(command("publish", "--head", "FILE"))),
    )


def _house_head(name: str, words: Words) -> str:
    return words.say(
        "It used another copy of this mirror: it remembers a tree head of"
        " <code>{name}</code>, this site's own log, with more records than this copy"
        " has. Wait until it has caught up, or let go forget what it remembers:",
        name=name,
    )


def _modules_table(modules: Iterable[ModuleSummary], up: str, words: Words) -> str:
    rows = "\n".join(_module_row(module, up, words) for module in modules)
    columns = [words.say(each) for each in _COLUMNS]
    return html.table(columns, rows, number=_COLUMNS.index("Versions"))


def _module_row(module: ModuleSummary, up: str, words: Words) -> str:
    told = escape(html.short(module.synopsis, _MAX_SYNOPSIS))
    newest = escape(module.newest) or f"<i>{words.say('go.mod only')}</i>"
    return (
        f'<tr><th scope=row class=module><a class=path href="{up}'
        f'{html.href(words.page(module.page))}">{escape(module.path)}</a>'
        f"{f'<span class=told>{told}</span>' if told else ''}</th>"
        f"<td class=version>{newest}</td>"
        f"<td class=number>{_versions(module)}</td>"
        f"<td>{_proof_of_module(module, words)}</td></tr>"
    )


def _versions(module: ModuleSummary) -> str:
    if not module.go_mods:
        return digits(module.versions)
    versions, alone = digits(module.versions), digits(module.go_mods)
    return f"{versions} <small>+ {alone} go.mod</small>"


def _proof_of_module(module: ModuleSummary, words: Words) -> str:
    if not module.versions:
        return f"<small>{words.say('nothing to build with')}</small>"
    if not module.pinned:
        return f"<span class=proven>{words.say('proven')}</span>"
    if not module.proven:
        return f"<span class=pinned>{words.say('pinned')}</span>"
    proven = words.say("{n} proven", n=digits(module.proven))
    pinned = words.say("{n} pinned", n=digits(module.pinned))
    return f"<span class=proven>{proven}</span> <span class=pinned>{pinned}</span>"


def _parts_table(parts: Iterable[ListPart], words: Words) -> str:
    rows = "\n".join(
        f'<tr><th scope=row class=path><a href="{words.page(part.page)}">'
        f"{escape(part.first)}</a></th></tr>"
        for part in parts
    )
    return html.table((words.say("From"),), rows)
