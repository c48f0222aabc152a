"""The words of pages, in the reader's language. Pure.

Code has each text in English, with ``{names}`` where something is put in; it may have
HTML in it, and so may what is put in. ``pages.toml`` has the Chinese one by it. A tree
has its pages once a language: that of the first one is ``index.html``, beside it lie
``index.en.html`` or ``index.zh.html``. So links within a language are the same, no
script is needed, and a reader stays in one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence

import msgspec

from gosync.folder import routes

ENGLISH = "en"
CHINESE = "zh"
NAMES = {ENGLISH: "English", CHINESE: "\u4e2d\u6587"}
LOCALES = {ENGLISH: "en", CHINESE: "zh-Hans"}


class Words(msgspec.Struct, frozen=True):
    """The words of one language.

    Attributes:
        language: "en" or "zh".
        name: What pages in it are called.
        others: The other languages of the tree, and what pages in those are called.
        texts: Its texts by the English ones; what is not there is English.
    """

    language: str = ENGLISH
    name: str = routes.ROOT_PAGE
    others: tuple[tuple[str, str], ...] = ()
    texts: Mapping[str, str] = {}

    def say(self, text: str, /, **parts: object) -> str:
        """Return a text with its parts put in, as by ``str.format``."""
        return self.texts.get(text, text).format_map(parts)

    def keep(self, text: str, /) -> str:
        """Return a text with its ``{names}`` as they are: a script puts parts in."""
        return self.texts.get(text, text)

    def count(self, number: int, noun: str) -> str:
        """Return a number of things; ``noun`` is for one of them."""
        pattern = f"{{n}} {noun}{'' if number == 1 else 's'}"
        return self.say(pattern, n=digits(number))

    def page(self, path: str) -> str:
        """Return the page of this language that lies where one of the tree does."""
        return f"{path.removesuffix(routes.ROOT_PAGE)}{self.name}"

    def native(self, path: str) -> str:
        """Return the same of pages that are ``index.html`` in English in every tree."""
        name = routes.PAGE_NAMES[self.language != ENGLISH]
        return f"{path.removesuffix(routes.ROOT_PAGE)}{name}"


def digits(value: int) -> str:
    """Return a number with its digits in groups of three."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def page_names(languages: Sequence[str]) -> dict[str, str]:
    """Return what the pages of each language are called."""
    return {
        language: f"index.{language}.html" if at else routes.ROOT_PAGE
        for at, language in enumerate(languages)
    }


def parse_texts(data: bytes) -> dict[str, str]:
    """Return the Chinese texts of a pages.toml by the English ones.

    Raises:
        ValueError: It is none.
    """
    rows = tomllib.loads(data.decode("utf-8"))["text"]
    found = {str(each["en"]): str(each["zh"]) for each in rows}
    if len(found) != len(rows):
        raise ValueError("pages.toml: a text is there twice")
    return found
