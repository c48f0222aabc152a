"""How to use the tree: the lines to paste, for the front page. Pure.

The lines name the tree's own address, which a static tree does not know. When no URL
is configured, script puts in the address that the page was read at; without script a
placeholder stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

import msgspec

from gosync.folder import routes
from gosync.publish.pages import html
from gosync.publish.pages.setupscript import gosumdb
from gosync.publish.pages.words import CHINESE, Words
from gosync.sumdb.names import Database
from gosync.text import printable

PLACEHOLDER = "https://ADDRESS-OF-THIS-PAGE"
_MAIL = re.compile("[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


class TreeUse(msgspec.Struct, frozen=True):
    """What those who use a tree need to know.

    Attributes:
        url: The tree's address, "" when it is not known.
        database: The checksum database that clients ask, or None.
        private: GOPRIVATE patterns of what no database vouches for.
        toolchains: Whether Go toolchains are carried.
        vulndb: Whether there is a vulnerability database.
        contact: Whom to ask for more, "" for nobody.
        house_log: Whether the database is one of the site's own, which has private
            modules, too.
        requests: The pages of what was asked for, in English and Chinese; those that
            there are.
    """

    url: str = ""
    database: Database | None = None
    private: tuple[str, ...] = ()
    toolchains: bool = False
    vulndb: bool = False
    contact: str = ""
    house_log: bool = False
    requests: tuple[str, ...] = ()


def usage(use: TreeUse, words: Words) -> str:
    """Return the sections of the front page that tell how to use it, in HTML."""
    between = "" if words.language == CHINESE else " "  # sentences
    parts = [
        '<section aria-labelledby="use">',
        f'<h2 id="use">{words.say("Use this mirror")}</h2>',
        _lines(_settings(use)),
        f"<p>{between.join(_notes(use, words))}</p>",
        *_script(use, words),
        *_vulnerabilities(use, words),
        "</section>",
        *_asking(use, words),
    ]
    return "\n".join(parts)


def _settings(use: TreeUse) -> Iterator[str]:
    yield f"go env -w GOPROXY={_address(use)}"
    yield f"go env -w GOSUMDB={escape(gosumdb(use.database))}"
    yield f"go env -w GOTOOLCHAIN={'auto' if use.toolchains else 'local'}"
    if use.private and use.database is not None and not use.house_log:
        patterns = escape(",".join(use.private))
        # Quoted: a shell would take the stars for its own.
        yield f'go env -w "GONOSUMDB={patterns}" GONOPROXY=none'


def _notes(use: TreeUse, words: Words) -> Iterator[str]:
    if use.database is None:
        yield words.say("This tree has no checksum database.")
    elif use.house_log:
        yield words.say(
            "The checksum database is one of this site's own, private modules among"
            " its records. Nothing else is asked: it is in the tree too."
        )
    else:
        yield words.say("Nothing else is asked: the checksum database is in the tree.")
    yield (
        words.say(
            "Go toolchains are carried: go takes a newer one where a module needs it."
        )
        if use.toolchains
        else words.say(
            "No Go toolchains are carried: go stays with the installed one, and says"
            " so where a module needs a newer one."
        )
    )


def _script(use: TreeUse, words: Words) -> Iterator[str]:
    downloads = words.page(routes.DOWNLOADS_PAGE)
    yield (
        words.say(
            "<p>Or let a script set this, try one module, and put everything back if"
            " that fails (<code>--install DIR</code> brings Go too, where"
            ' <a href="{page}">this mirror has it</a>):</p>',
            page=downloads,
        )
        if use.toolchains
        else words.say(
            "<p>Or let a script set this, try one module, and put everything back if"
            " that fails:</p>"
        )
    )
    yield _lines([f"curl -fsS {_address(use)}/setup.sh | sh -s -- {_address(use)}"])
    yield f"<p>{words.say('The same in PowerShell, on Windows:')}</p>"
    fetched = f"Invoke-RestMethod {_address(use)}/setup.ps1"
    yield _lines([f"&amp; ([scriptblock]::Create(({fetched}))) {_address(use)}"])


def _vulnerabilities(use: TreeUse, words: Words) -> Iterator[str]:
    if use.vulndb:
        yield f"<p>{words.say('Known vulnerabilities of what you build:')}</p>"
        yield _lines([f"govulncheck -db {_address(use)}/vulndb ./..."])


def _asking(use: TreeUse, words: Words) -> Iterator[str]:
    """Yield how to ask for what is not here: by fetching it, or by asking somebody."""
    yield (
        '<section aria-labelledby="more">'
        f'<h2 id="more">{words.say("If something is missing")}</h2>'
    )
    said = words.say(
        "Ask this mirror for it: its log names what it does not have, for its"
        " operators to take up:"
    )
    yield f"<p>{said}</p>"
    yield _lines([f"GOPROXY={_address(use)} go list -m {_WANTED}@latest"])
    if use.requests:
        page = html.href(use.requests[-1 if words.language == CHINESE else 0])
        told = words.say("What was asked for, and what became of it")
        yield f'<p><a href="{page}">{told}</a></p>'
    if use.contact:
        whom = words.say("To ask for more: {contact}", contact=_contact(use.contact))
        yield f"<p>{whom}</p>"
    yield "</section>"


def _contact(text: str) -> str:
    """Return whom to ask; an address of mail as a link."""
    shown = escape(printable(text))
    return f'<a href="mailto:{shown}">{shown}</a>' if _MAIL.fullmatch(text) else shown


def _lines(lines: Iterator[str] | list[str]) -> str:
    return f"<pre tabindex=0><code class=paste>{chr(10).join(lines)}</code></pre>"


def _address(use: TreeUse) -> str:
    if use.url:
        return escape(use.url.rstrip("/"))
    return f'<span data-root=".">{PLACEHOLDER}</span>'


_WANTED: Final = "<span data-wanted>example.com/module</span>"
