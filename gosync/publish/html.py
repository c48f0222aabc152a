"""Parts of pages: a document, a table, numbers and links as pages show them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from gosync.publish.style import STYLE

_SAFE = "/!@+~,=-._"


def document(
    title: str, body: Iterable[str], *, script: str = "", feed: str = ""
) -> bytes:
    """Return a whole page.

    Args:
        title: Its title.
        body: Its parts in HTML; empty ones are left out.
        script: A script element for its end.
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
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{news}<style>\n{STYLE}</style>\n</head>\n"
    )
    foot = "<footer>A static GOPROXY, written by gosync.</footer>"
    text = "\n".join(["<body>", *(part for part in body if part), foot])
    return f"{head}{text}\n{script}</body>\n</html>\n".encode()


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
