"""gosync's documentation as pages of a tree: ``docs/``. Pure.

Who is inside has no web to read it on. Each Markdown file becomes a page, headings have
the anchors that links name; a link to a file that has no page is its text. The first
page lists them by their headings, and so does one in Chinese; all but one README are in
English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import urlsplit

from gosync.folder import routes
from gosync.publish.pages import html
from gosync.publish.pages.markdown import markdown_html
from gosync.publish.pages.words import CHINESE, ENGLISH, LOCALES, NAMES, Words

_MARKDOWN: Final = ".md"
_TITLE = re.compile(r"^#[ ]+(.+)$", re.MULTILINE)
_UP: Final = "../"
_COLUMNS: Final = (  # headings of files, as the list in Chinese has them
    "Access logs and requests",
    "Over the air gap",
    "Capacity: how large a mirror may become, and what it takes",
    "Commands and exit codes",
    "Configuration",
    "Installing gosync",
    "Object storage",
    "Operations",
    "Private modules",
    "Work shared by many processes or machines",
    "Serving",
    "Caches that may be polluted",
)


def doc_pages(files: Mapping[str, str], languages: Sequence[Words]) -> dict[str, bytes]:
    """Return the pages by their names, the lists of them first.

    Args:
        files: Texts by their paths in gosync's repository, ``docs/serving.md``.
        languages: The words of English and of Chinese.
    """
    pages = {path: page_name(path) for path in files}
    words_in = {words.language: words for words in languages}
    made = {
        pages[path]: html.document(
            _title(path, text),
            [_way(words_in[_language(path)]), _page(path, text, pages)],
        )
        for path, text in files.items()
    }
    lists = {each.name: _list(files, pages, each) for each in languages}
    return {**lists, **made}


def page_name(path: str) -> str:
    """Return what the page of a file is called."""
    return f"{path.rpartition('/')[2].removesuffix(_MARKDOWN)}.html"


def _page(path: str, text: str, pages: Mapping[str, str]) -> str:
    link = _links_of(path, pages)
    language = _language(path)
    lang = f' lang="{LOCALES[language]}"' if language != ENGLISH else ""
    article = markdown_html(text, link, anchors=True)
    return f"<article class=readme{lang}>{article}</article>"


def _language(path: str) -> str:
    return CHINESE if ".zh-" in path else ENGLISH


def _top(words: Words) -> str:
    """Return a link to the tree's first page, whatever language that is in."""
    return f'<a href="{_UP}{routes.ROOT_PAGE}">{words.say("Go modules")}</a>'


def _way(words: Words) -> str:
    title = words.say("Documentation")
    return f'<nav>{_top(words)} &#8250; <a href="{words.name}">{title}</a></nav>'


def _list(files: Mapping[str, str], pages: Mapping[str, str], words: Words) -> bytes:
    items = (
        f'<li><a href="{html.href(pages[path])}">{_listed(path, text, words)}</a></li>'
        for path, text in files.items()
    )
    lines = "\n".join(items)
    body = [
        f"<nav>{_top(words)}</nav>",
        f"<h1>{words.say('Documentation')}</h1>",
        f"<ul class=lines>\n{lines}\n</ul>",
    ]
    return html.document(words.say("Documentation"), body, words=words)


def _listed(path: str, text: str, words: Words) -> str:
    """Return the heading of a file, with its language where the list is in another."""
    title, language = _title(path, text), _language(path)
    shown = escape(words.texts.get(title, title))
    return shown if language == words.language else f"{shown} ({NAMES[language]})"


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
