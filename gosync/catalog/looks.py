"""Looks: what an audit asks of whom, when it did so last, and what was said.

A look is one question, asked again and again: a module's list at one proxy, a
version's zip there. It is due when it never was asked, and an interval after its
last answer; a question that got none waits longer each time, so that it does not
stand in the way of the others. ``said`` is the last answer as JSON; its writer says
what is in it, and an unchanged file lets it stand.

What asking costs is kept beside it. ``spendings`` counts requests and bytes by
minute, written before a request leaves, so that an hour's budget outlives a
restart. ``rests`` names sources that give no answers, and until when they are left
alone. The table itself is in ``look_table``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from gosync.gomod.filekind import FileKind
from gosync.gomod.module import OfVersion


class Listing(StrEnum):
    """A list that is asked for: of versions, of the index, of a repository's refs."""

    LIST = "list"
    NEWEST = "newest"
    INDEX = "index"
    REFS = "refs"


Subject: TypeAlias = FileKind | Listing
_FILES = {kind.value: kind for kind in FileKind}


def subject_of(name: str) -> Subject:
    """Return the file or list that a name in the table stands for.

    Raises:
        ValueError: for a name of neither.
    """
    return _FILES.get(name) or Listing(name)


class Question(OfVersion, msgspec.Struct, frozen=True):
    """What is asked of whom.

    Attributes:
        source: Who is asked: a URL without secrets.
        path: The module path, or "".
        version: The version, or "".
        what: Which file or list is asked for.
    """

    source: str
    path: str
    version: str
    what: Subject


class Look(OfVersion, msgspec.Struct, frozen=True):
    """A question with its last answer; the fields are the table's columns.

    Attributes:
        source: As in Question.
        path: As in Question.
        version: As in Question.
        what: As in Question.
        due_at: When it is asked next; "" sorts before every time.
        looked_at: When it was answered last, or None.
        failures: How often in a row it got no answer.
        etag: What the last answer was marked with, or "".
        modified: The same.
        said: The last answer, as JSON.
    """

    source: str
    path: str
    version: str
    what: Subject
    due_at: str = ""
    looked_at: str | None = None
    failures: int = 0
    etag: str = ""
    modified: str = ""
    said: str = "{}"


class Rest(msgspec.Struct, frozen=True):
    """A source that gives no answers.

    Attributes:
        source: Who it is.
        failures: How often in a row it was left alone.
        until: Until when it is.
        reason: What it said last.
    """

    source: str
    failures: int
    until: str
    reason: str


class Spent(msgspec.Struct, frozen=True):
    """What was asked within the hour.

    Attributes:
        requests: Requests sent.
        bytes: Bytes of bodies.
    """

    requests: int
    bytes: int
