"""How to use the tree: the lines to paste, for the front page. Pure.

The lines name the tree's own address, which a static tree does not know. When no URL
is configured, script puts in the address that the page was read at; without script a
placeholder stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import msgspec

from gosync.publish.setupscript import gosumdb
from gosync.sumdb.names import Database
from gosync.text import printable

PLACEHOLDER = "https://ADDRESS-OF-THIS-PAGE"


class TreeUse(msgspec.Struct, frozen=True):
    """What those who use a tree need to know.

    Attributes:
        url: The tree's address, "" when it is not known.
        database: The checksum database, or None.
        private: GOPRIVATE patterns of what no database vouches for.
        toolchains: Whether Go toolchains are carried.
        vulndb: Whether there is a vulnerability database.
        contact: Whom to ask for more, "" for nobody.
    """

    url: str = ""
    database: Database | None = None
    private: tuple[str, ...] = ()
    toolchains: bool = False
    vulndb: bool = False
    contact: str = ""


def usage(use: TreeUse) -> str:
    """Return the section of the front page, in HTML."""
    parts = [
        '<section aria-labelledby="use"><h2 id="use">Use this mirror</h2>',
        _lines(_settings(use)),
        f"<p>{' '.join(_notes(use))}</p>",
        *_script(use),
        *_vulnerabilities(use),
    ]
    if use.contact:
        parts.append(f"<p>To ask for more: {escape(printable(use.contact))}</p>")
    return "\n".join(parts) + "</section>"


def _settings(use: TreeUse) -> Iterator[str]:
    yield f"go env -w GOPROXY={_address(use)}"
    yield f"go env -w GOSUMDB={escape(gosumdb(use.database))}"
    yield f"go env -w GOTOOLCHAIN={'auto' if use.toolchains else 'local'}"
    if use.private and use.database is not None:
        patterns = escape(",".join(use.private))
        # Quoted: a shell would take the stars for its own.
        yield f'go env -w "GONOSUMDB={patterns}" GONOPROXY=none'


def _notes(use: TreeUse) -> Iterator[str]:
    yield (
        "Nothing else is asked: the checksum database is in the tree too."
        if use.database is not None
        else "This tree has no checksum database."
    )
    yield (
        "Go toolchains are carried: go takes a newer one where a module needs it."
        if use.toolchains
        else "No Go toolchains are carried: go stays with the installed one, and says"
        " so where a module needs a newer one."
    )


def _script(use: TreeUse) -> Iterator[str]:
    yield (
        "<p>Or let a script set this, try one module, and put everything back if that"
        " fails (<code>setup.ps1</code> on Windows; <code>--install DIR</code> brings"
        " Go too, where <a href=dl/index.html>this mirror has it</a>):</p>"
        if use.toolchains
        else "<p>Or let a script set this, try one module, and put everything back if"
        " that fails (<code>setup.ps1</code> on Windows):</p>"
    )
    yield _lines([f"curl -fsS {_address(use)}/setup.sh | sh -s -- {_address(use)}"])


def _vulnerabilities(use: TreeUse) -> Iterator[str]:
    if use.vulndb:
        yield "<p>Known vulnerabilities of what you build:</p>"
        yield _lines([f"govulncheck -db {_address(use)}/vulndb ./..."])


def _lines(lines: Iterator[str] | list[str]) -> str:
    return f"<pre tabindex=0><code>{chr(10).join(lines)}</code></pre>"


def _address(use: TreeUse) -> str:
    if use.url:
        return escape(use.url.rstrip("/"))
    return f'<span data-root=".">{PLACEHOLDER}</span>'
