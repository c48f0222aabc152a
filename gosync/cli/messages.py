"""What people read on the command line in their language: errors, hints, lines.

English stands in the code. ``messages.toml`` has the Chinese of each sentence by the
English one, with ``{}`` where any text stands and ``{n}`` where a number does; by its
text a sentence is known again. What is put in may be a sentence too, and so may what
stands between semicolons or commas. What the file does not know stays English: names,
paths, command lines, and what others said. Documents for programs stay English.

A kind of error (its class) is said before its message, so that what happened can be
read where the message has no text of its own.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from gosync.diagnose.language import Language, language_of
from gosync.errors import GosyncError
from gosync.pattern import compile_on_use

MESSAGES_FILE: Final = Path(__file__).with_name("messages.toml")
_PLACE: Final = compile_on_use(r"\{n?\}")
_LONGEST: Final = 2000  # of sentences; what is longer is what somebody else said
_JOINED: Final = (("; ", "；"), (", ", "，"))


class Messages:
    """One language's texts.

    Attributes:
        errors: What a kind of error is, by its class's name.
        sentences: Sentences by the English ones.
        comments: Comments of samples, likewise.
    """

    def __init__(
        self,
        errors: Mapping[str, str],
        sentences: Mapping[str, str],
        comments: Mapping[str, str],
    ) -> None:
        """Take them."""
        self.comments = comments
        self.errors, self.sentences = errors, sentences
        self._exact = {**errors, **sentences}
        patterns = [(_pattern(each), zh) for each, zh in sentences.items()]
        self._patterns = sorted(
            ((regex, zh) for regex, zh in patterns if regex.groups),
            key=lambda each: -len(each[0].pattern),
        )

    def told(self, text: str) -> str:
        """Return a sentence in the language, as it is where nothing is known of it."""
        if text in self._exact:
            return self._exact[text]
        if len(text) > _LONGEST:
            return text
        for regex, zh in self._patterns:
            if (found := regex.fullmatch(text)) is not None:
                parts = map(self.told, found.groups())
                return _PLACE.sub("{}", zh).format(*parts)
        return self._told_in_parts(text)

    def _told_in_parts(self, text: str) -> str:
        if "=" in text or "\n" in text:  # a setting, or text for some program
            return text
        for joint, theirs in _JOINED:
            if joint in text:
                parts = text.split(joint)
                told = [self.told(part) for part in parts]
                return text if told == parts else theirs.join(told)
        return text

    def kind(self, error: type[GosyncError]) -> str:
        """Return what kind of error a class is, or the nearest one above it."""
        names = (each.__name__ for each in error.__mro__)
        return next(self.errors[name] for name in names if name in self.errors)


def _pattern(sentence: str) -> re.Pattern[str]:
    text = re.escape(sentence)
    text = text.replace(r"\{n\}", r"(\d+)").replace(r"\{\}", "(.+?)")
    return re.compile(text, re.DOTALL)


def parse_messages(data: bytes) -> Messages:
    """Return the texts of a messages.toml.

    Raises:
        ValueError: It is none.
    """
    found = tomllib.loads(data.decode("utf-8"))
    return Messages(found["error"], found["sentence"], found["comment"])


@cache
def messages_in(language: Language) -> Messages | None:
    """Return a language's texts; None for English, which stands in the code."""
    if language is Language.ENGLISH:
        return None
    return parse_messages(MESSAGES_FILE.read_bytes())


def told(text: str) -> str:
    """Return a sentence in the language that the environment asks for."""
    messages = messages_in(language_of(os.environ))
    return text if messages is None else messages.told(text)


def told_error(error: GosyncError, message: str) -> str:
    """Return an error's message in that language, with its kind before it."""
    messages = messages_in(language_of(os.environ))
    if messages is None:
        return message
    return f"{messages.kind(type(error))}：{messages.told(message)}"


def told_comments(sample: str) -> str:
    """Return a sample of TOML with its comments in that language.

    A comment is what follows the last ``# `` of a line; a setting that is commented out
    stays as it is.
    """
    messages = messages_in(language_of(os.environ))
    if messages is None:
        return sample
    lines = []
    for line in sample.split("\n"):
        before, mark, comment = line.rpartition("# ")
        lines.append(before + mark + messages.comments.get(comment, comment))
    return "\n".join(lines)
