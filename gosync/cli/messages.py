"""What people read on the command line in their language: errors, hints, lines.

English stands in the code. ``messages.toml`` has the Chinese of each sentence by the
English one, with ``{}`` where any text stands and ``{n}`` where a number does; by its
text a sentence is known again. What is put in may be a sentence too, and so may what
stands between semicolons or commas. What the file does not know stays English: names,
paths, command lines, and what others said. Documents for programs stay English.

``errors.toml`` has that of the messages of errors, which are known by what follows a
colon, too: before it stands what is wrong, a path mostly. A kind of error (its class)
is said before its message, so that what happened can be read where the message has no
text of its own.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from gosync.cli.sentences import OF_MESSAGES, OF_SENTENCES, Sentences
from gosync.diagnose.language import Language, language_of
from gosync.errors import GosyncError

MESSAGES_FILE: Final = Path(__file__).with_name("messages.toml")
ERRORS_FILE: Final = Path(__file__).with_name("errors.toml")


class Messages:
    """One language's texts.

    Attributes:
        errors: What a kind of error is, by its class's name.
        sentences: Sentences by the English ones.
        comments: Comments of samples, likewise.
        messages: Messages of errors, likewise.
    """

    def __init__(
        self,
        errors: Mapping[str, str],
        sentences: Mapping[str, str],
        comments: Mapping[str, str],
        messages: Mapping[str, str],
    ) -> None:
        """Take them."""
        self.errors, self.sentences = errors, sentences
        self.comments, self.messages = comments, messages
        self._lines = Sentences({**errors, **sentences}, joints=OF_SENTENCES)

    @cached_property
    def _wrong(self) -> Sentences:
        """The messages of errors, in which sentences may stand."""
        return Sentences({**self.sentences, **self.messages}, joints=OF_MESSAGES)

    def told(self, text: str) -> str:
        """Return a sentence in the language, as it is where nothing is known of it."""
        return self._lines.told(text)

    def told_message(self, text: str) -> str:
        """Return an error's message in the language, likewise."""
        return self._wrong.told(text)

    def kind(self, error: type[GosyncError]) -> str:
        """Return what kind of error a class is, or the nearest one above it."""
        names = (each.__name__ for each in error.__mro__)
        return next(self.errors[name] for name in names if name in self.errors)


def parse_messages(data: bytes, errors: bytes) -> Messages:
    """Return the texts of a messages.toml and an errors.toml.

    Raises:
        ValueError: One is none.
    """
    found, wrong = (tomllib.loads(each.decode("utf-8")) for each in (data, errors))
    kinds, sentences = found["error"], found["sentence"]
    return Messages(kinds, sentences, found["comment"], wrong["message"])


@cache
def messages_in(language: Language) -> Messages | None:
    """Return a language's texts; None for English, which stands in the code."""
    if language is Language.ENGLISH:
        return None
    return parse_messages(MESSAGES_FILE.read_bytes(), ERRORS_FILE.read_bytes())


def told(text: str) -> str:
    """Return a sentence in the language that the environment asks for."""
    messages = messages_in(language_of(os.environ))
    return text if messages is None else messages.told(text)


def told_error(error: GosyncError, message: str) -> str:
    """Return an error's message in that language, with its kind before it."""
    messages = messages_in(language_of(os.environ))
    if messages is None:
        return message
    return f"{messages.kind(type(error))}：{messages.told_message(message)}"


def told_message(message: str) -> str:
    """Return an error's message in that language, as it is where it is not known."""
    messages = messages_in(language_of(os.environ))
    return message if messages is None else messages.told_message(message)


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
