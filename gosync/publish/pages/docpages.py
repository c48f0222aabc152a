"""gosync's documentation as pages of a tree: ``docs/``. Pure.

Who is inside has no web to read it on. Each Markdown file becomes a page, headings have
the anchors that links name; a link to a file that has no page is its text. The first
page lists them: their headings, and how they begin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Final
from urllib.parse import urlsplit

from gosync.folder import routes
from gosync.publish.pages import html
from gosync.publish.pages.markdown import markdown_html
from gosync.publish.pages.words import CHINESE, LOCALES

_MARKDOWN: Final = ".md"
_TITLE = re.compile(r"^#[ ]+(.+)$", re.MULTILINE)
_UP: Final = "../"
_TOP: Final = f'<nav><a href="{_UP}{routes.ROOT_PAGE}">Go modules</a>'
_LIST: Final = f' &#8250; <a href="{routes.ROOT_PAGE}">Documentation</a>'


def doc_pages(files: Mapping[str, str]) -> dict[str, bytes]:
    """Return the pages by their names, the list of them first.

    Args:
        files: Texts by their paths in gosync's repository, ``docs/serving.md``.
    """
    pages = {path: page_name(path) for path in files}
    made = {
        pages[path]: html.document(
            _title(path, text),
            [f"{_TOP}{_LIST}</nav>", _page(path, text, pages)],
        )
        for path, text in files.items()
    }
    return {routes.ROOT_PAGE: _list(files, pages), **made}


def page_name(path: str) -> str:
    """Return what the page of a file is called."""
    return f"{path.rpartition('/')[2].removesuffix(_MARKDOWN)}.html"


def _page(path: str, text: str, pages: Mapping[str, str]) -> str:
    link = _links_of(path, pages)
    lang = f' lang="{LOCALES[CHINESE]}"' if ".zh-" in path else ""
    article = markdown_html(text, link, anchors=True)
    return f"<article class=readme{lang}>{article}</article>"


def _list(files: Mapping[str, str], pages: Mapping[str, str]) -> bytes:
    items = (
        f'<li><a href="{html.href(pages[path])}">{escape(_title(path, text))}</a></li>'
        for path, text in files.items()
    )
    lines = "\n".join(items)
    body = [
        f"{_TOP}</nav>",
        "<h1>Documentation</h1>",
        f"<ul class=lines>\n{lines}\n</ul>",
    ]
    return html.document("Documentation", body)


def _title(path: str, text: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else path


def _links_of(path: str, pages: Mapping[str, str]) -> Callable[[str], str]:
    folder = path.rpartition("/")[0].split("/") if "/" in path else []

    def link(address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            return f'href="{escape(address)}" rel="noopener noreferrer"'
        if parts.scheme or parts.netloc:
            return ""
        page = pages.get(_joined(folder, parts.path)) if parts.path else ""
        if page is None:
            return ""
        anchor = f"#{parts.fragment}" if parts.fragment else ""
        return f'href="{html.href(page)}{escape(anchor)}"'

    return link


def _joined(folder: Iterable[str], path: str) -> str:
    """Return the path that a relative one stands for."""
    parts = list(folder)
    for each in path.split("/"):
        if each == "..":
            del parts[-1:]
        elif each not in ("", "."):
            parts.append(each)
    return "/".join(parts)
