"""Doctor's sentences in the reader's language. Pure.

A sentence is said in English, by ``say`` where something is put into it, and is a str
like any other. It remembers what it is made of: ``translated`` says it in another
language, with ``sentences.toml``'s text for the same English one. What is put in may be
a sentence too. A text that the file does not have stays English: names, addresses,
command lines, and what others said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Self


class Sentence(str):
    """A sentence in English that remembers what was put into it.

    Attributes:
        pattern: The sentence with ``{name}`` where something is put in.
        parts: What is put in, by its name.
    """

    __slots__ = ("parts", "pattern")
    pattern: str
    parts: Mapping[str, object]

    def __new__(cls, pattern: str, parts: Mapping[str, object]) -> Self:
        """Make one."""
        made = super().__new__(cls, pattern.format_map(parts))
        made.pattern, made.parts = pattern, parts
        return made


def say(pattern: str, /, **parts: object) -> Sentence:
    """Return a sentence with its parts put in; ``pattern`` is as str.format's."""
    return Sentence(pattern, parts)


def counted(count: int, noun: str) -> Sentence:
    """Return a number of things."""
    return say(f"{{count}} {noun}{'s' * (count != 1)}", count=count)


def translated(text: str, texts: Mapping[str, str]) -> str:
    """Return a sentence in another language.

    Args:
        text: The sentence, in English.
        texts: The language's texts by the English ones; what is not there stays.
    """
    if not isinstance(text, Sentence):
        return texts.get(text, text)
    parts = {
        name: translated(part, texts) if isinstance(part, str) else part
        for name, part in text.parts.items()
    }
    return str(texts.get(text.pattern, text.pattern)).format_map(parts)


def parse_sentences(data: bytes) -> dict[str, str]:
    """Return the Chinese texts of a sentences.toml by the English ones.

    Raises:
        ValueError: It is none.
    """
    rows = tomllib.loads(data.decode("utf-8"))["sentence"]
    found = {str(each["en"]): str(each["zh"]) for each in rows}
    if len(found) != len(rows):
        raise ValueError("sentences: one is there twice")
    return found
