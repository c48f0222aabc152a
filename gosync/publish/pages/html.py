"""Parts of pages: a document, a table, sizes and links as pages show them. Pure.

A page names by a policy (CSP) what it may do, by the hashes of its own style sheet and
script: nothing else runs, whatever stands in it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from gosync.folder import routes
from gosync.publish.pages.style import STYLE
from gosync.publish.pages.words import LOCALES, NAMES, Words
from gosync.text import printable

_MAX_TEXT = 300
_SAFE = "/!@+~,=-._"
_ENGLISH = Words()


def document(
    title: str,
    body: Iterable[str],
    *,
    words: Words = _ENGLISH,
    script: str = "",
    feed: str = "",
) -> bytes:
    """Return a whole page.

    Args:
        title: Its title.
        body: Its parts in HTML; empty ones are left out.
        words: The words of its language.
        script: A script for its end; it may load files of the tree.
        feed: The relative address of its feed, "" for none.
    """
    news = (
        '<link rel="alternate" type="application/atom+xml"'
        f' title="{words.say("What is new")}" href="{feed}">\n'
        if feed
        else ""
    )
    others = "".join(
        f'<link rel="alternate" hreflang="{LOCALES[language]}" href="{name}">\n'
        for language, name in words.others
    )
    head = (
        f'<!doctype html>\n<html lang="{LOCALES[words.language]}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f"{_policy(script)}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{others}{news}<style>\n{STYLE}</style>\n</head>\n"
    )
    foot = words.say("A static GOPROXY, written by gosync.")
    foot = f"<footer>{foot}{_languages(words)}</footer>"
    parts = (part for part in body if part)
    text = "\n".join(["<body><main>", *parts, "</main>", foot])
    code = f"<script>{script}</script>\n" if script else ""
    return f"{head}{text}\n{code}</body>\n</html>\n".encode()


def _languages(words: Words) -> str:
    """Return links to the page in its other languages."""
    return "".join(
        f' <a href="{name}" hreflang="{LOCALES[language]}" lang="{LOCALES[language]}">'
        f"{NAMES[language]}</a>"
        for language, name in words.others
    )


def _policy(script: str) -> str:
    rules = ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]
    rules.append(f"style-src {_source(f'{chr(10)}{STYLE}')}")
    if script:
        # What the script loads may run: it names files of the tree alone.
        rules.append(f"script-src {_source(script)} 'strict-dynamic'")
        rules.append("connect-src 'self'")
    content = "; ".join(rules)
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">\n'


def _source(text: str) -> str:
    digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def table(columns: Iterable[str], rows: str, *, number: int = -1) -> str:
    """Return a table.

    Args:
        columns: Its headings.
        rows: Its rows in HTML.
        number: The place of the column that has numbers, -1 for none.
    """
    heads = "".join(
        f"<th scope=col{' class=number' if at == number else ''}>{column}</th>"
        for at, column in enumerate(columns)
    )
    return (
        f"<div class=scroll><table><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def breadcrumb(up: str, words: Words) -> str:
    """Return the way from a page back to the front page; ``up`` is to the root."""
    home = words.page(f"{up}{routes.ROOT_PAGE}")
    label, title = words.say("Breadcrumb"), words.say("Go modules")
    return f'<nav aria-label="{label}"><a href="{home}">{title}</a></nav>'


def folded(summary: str, inside: str) -> str:
    """Return what is shown once somebody asks for it."""
    return f"<details><summary>{summary}</summary>\n{inside}</details>"


def up(path: str) -> str:
    """Return the relative address of the root, from a page."""
    return "../" * path.count("/")


def href(path: str) -> str:
    """Return a path as the value of an attribute."""
    return escape(quote(path, safe=_SAFE))


def size(size_bytes: int) -> str:
    """Return a size in the unit that suits it."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024 or unit == "MiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def short(text: str, length: int = _MAX_TEXT) -> str:
    """Return the beginning of others' text, on one line, without control characters."""
    line = " ".join(text[: 4 * length].split())
    cut = line if len(line) <= length else f"{line[:length]}..."
    return printable(cut)
