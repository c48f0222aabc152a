"""All classes on one page in each language, for places without a web search. Pure.

A page needs no other file and no script; each class has its name as anchor, and the
words of go by which a browser's search finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import chain
from typing import Final

from gosync.diagnose.catalogue import FailureCatalogue, FailureClass
from gosync.diagnose.language import PAGE_FILES, Language
from gosync.diagnose.needles import needle_of
from gosync.diagnose.pages import page_of
from gosync.publish.pages.style import STYLE
from gosync.publish.pages.words import NAMES

_SHORTEST_WORDS: Final = 8


def handbook(catalogue: FailureCatalogue, language: Language) -> bytes:
    """Return the page in a language."""
    words = catalogue.words[language]
    title = escape(words["title"])
    others = " ".join(
        f'<a href="{name}" lang="{each}">{NAMES[each]}</a>'
        for each, name in PAGE_FILES.items()
        if each is not language
    )
    families = dict.fromkeys(each.family for each in catalogue)
    body = chain.from_iterable(
        _family(catalogue, family, language) for family in families
    )
    text = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n<p>{others}</p>\n{text}\n</body>\n</html>\n"
    ).encode()


def _family(
    catalogue: FailureCatalogue, family: str, language: Language
) -> Iterator[str]:
    yield f'<h2 id="{family}">{family}</h2>'
    for failure in catalogue:
        if failure.family == family:
            yield from _entry(catalogue, failure, language)


def _entry(
    catalogue: FailureCatalogue, failure: FailureClass, language: Language
) -> Iterator[str]:
    name, _, *lines = page_of(catalogue, failure, language)
    yield f'<h3 id="{name}">{name}</h3>'
    for line in filter(None, lines):
        shown = escape(line.strip())
        command = line.startswith("  $ ")
        yield f"<pre>{shown[2:]}</pre>" if command else f"<p>{shown}</p>"
    if said := "; ".join(_words_of_go(failure)):
        yield f"<p><small>{escape(said)}</small></p>"


def _words_of_go(failure: FailureClass) -> Iterator[str]:
    """Yield texts by which a search finds the class."""
    for pattern in failure.patterns:
        words = needle_of(pattern).strip()
        if len(words) >= _SHORTEST_WORDS:
            yield words
