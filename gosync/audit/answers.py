"""Answers of upstreams as the catalog keeps them: JSON, one class for each question.

A later gosync may add fields, never change one's meaning: unknown ones are ignored
and missing ones have their default. What others wrote is kept within limits, so that
no answer makes the next audit slow.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from gosync.catalog.documents import read_document
from gosync.catalog.looks import Look

T = TypeVar("T", bound="LookAnswer")

MAX_VALUE_CHARACTERS: Final = 128
MAX_VERSION_CHARACTERS: Final = 255
MAX_REASON_CHARACTERS: Final = 200
MAX_RETRACTIONS: Final = 1_000


class LookAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer; one that never came has all its defaults.

    Attributes:
        no: Whether the last answer was a definite no (404, 410).
        had: Whether there ever was another.
    """

    no: bool = False
    had: bool = False


class FileAnswer(LookAnswer, frozen=True, omit_defaults=True):
    """Of an ``.info``, a ``.mod`` or a ``.zip``.

    Attributes:
        value: The ``h1:``; of an ``.info`` the commit, "" where it names none.
        first: The first value that was seen there.
        evidence: The quarantine's id of a value that should not be, or "".
    """

    value: str = ""
    first: str = ""
    evidence: str = ""


class ListAnswer(LookAnswer, frozen=True, omit_defaults=True):
    """Of ``@v/list``.

    Attributes:
        held: A digest of the versions that were held then.
        named: Those of them that it names.
        dropped: Those of them that it named once and names no longer.
        newest: The newest version that it names.
        newest_time: When that was committed; "" unless it is unknown here.
    """

    held: str = ""
    named: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    newest: str = ""
    newest_time: str = ""


class NewestAnswer(LookAnswer, frozen=True, omit_defaults=True):
    """Of the newest version's go.mod.

    Attributes:
        version: That version.
        retracted: What it retracts: lowest, highest, why.
        deprecated: Why the module should not be used, "" if it may.
    """

    version: str = ""
    retracted: tuple[tuple[str, str, str], ...] = ()
    deprecated: str = ""


class IndexAnswer(LookAnswer, frozen=True, omit_defaults=True):
    """Of the index.

    Attributes:
        cursor: From where on it was asked.
        unread: The time of the first event that is not read yet, "" for none.
    """

    cursor: str = ""
    unread: str = ""


class RefsAnswer(LookAnswer, frozen=True, omit_defaults=True):
    """Of a repository.

    Attributes:
        url: Which.
        commits: The commit of each tag that versions held came from, by its name;
            "" for one that is gone.
    """

    url: str = ""
    commits: dict[str, str] = {}


def parse_answer(look: Look | None, kind: type[T]) -> T:
    """Return what was answered; all defaults for no answer."""
    return kind() if look is None else read_document(look.said, kind)


def format_answer(said: LookAnswer) -> str:
    """Return an answer as the catalog keeps it."""
    return msgspec.json.encode(said).decode()
