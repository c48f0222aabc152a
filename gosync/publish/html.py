"""Parts of pages: a document, a table, numbers and links as pages show them. Pure.

A page names by a policy (CSP) what it may do, by the hashes of its own style sheet and
script: nothing else runs, whatever stands in it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from gosync.publish.style import STYLE
from gosync.text import printable

_MAX_TEXT = 300
_SAFE = "/!@+~,=-._"


def document(
    title: str, body: Iterable[str], *, script: str = "", feed: str = ""
) -> bytes:
    """Return a whole page.

    Args:
        title: Its title.
        body: Its parts in HTML; empty ones are left out.
        script: A script for its end; it may load files of the tree.
        feed: The relative address of its feed, "" for none.
    """
    news = (
        '<link rel="alternate" type="application/atom+xml" title="What is new"'
        f' href="{feed}">\n'
        if feed
        else ""
    )
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{_policy(script)}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{news}<style>\n{STYLE}</style>\n</head>\n"
    )
    foot = "<footer>A static GOPROXY, written by gosync.</footer>"
    parts = (part for part in body if part)
    text = "\n".join(["<body><main>", *parts, "</main>", foot])
    code = f"<script>{script}</script>\n" if script else ""
    return f"{head}{text}\n{code}</body>\n</html>\n".encode()


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


def table(columns: Iterable[str], rows: str) -> str:
    """Return a table with these headings and rows in HTML."""
    heads = "".join(
        f"<th scope=col{' class=number' if column == 'Versions' else ''}>{column}</th>"
        for column in columns
    )
    return (
        f"<div class=scroll><table><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def up(path: str) -> str:
    """Return the relative address of the root, from a page."""
    return "../" * path.count("/")


def href(path: str) -> str:
    """Return a path as the value of an attribute."""
    return escape(quote(path, safe=_SAFE))


def number(value: int) -> str:
    """Return a number with its digits in groups of three."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


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
