"""The words of pages in each language of a tree, from gosync's own pages.toml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from gosync.publish.pages.words import CHINESE, Words, page_names, parse_texts

TEXTS_FILE: Final = Path(__file__).with_name("pages.toml")


@cache
def words_of(languages: tuple[str, ...]) -> tuple[Words, ...]:
    """Return the words of a tree's languages, of each one."""
    names = page_names(languages)
    return tuple(
        Words(
            language,
            name,
            tuple((each, names[each]) for each in languages if each != language),
            chinese_texts() if language == CHINESE else {},
        )
        for language, name in names.items()
    )


@cache
def chinese_texts() -> Mapping[str, str]:
    """Return the Chinese texts by the English ones."""
    return parse_texts(TEXTS_FILE.read_bytes())
