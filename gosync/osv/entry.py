"""One entry of the database in OSV's form. Pure.

Of OSV (https://ossf.github.io/osv-schema/) this is what Go's database uses. An entry is
kept byte for byte; parsed is what says whom it affects.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError, TooLargeError

MAX_ENTRY_BYTES: Final = 4 << 20
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)

_WHAT: Final = "vulnerability"
_ID: Final = re.compile(r"GO-[0-9]{4}-[0-9]{4,6}")
_Text = Annotated[str, msgspec.Meta(max_length=4096)]


class RangeEvent(msgspec.Struct, frozen=True):
    """One event of a range; versions have no leading ``v``, ``0`` is the first of all.

    Attributes:
        introduced: The version from which on it is affected, or None.
        fixed: The version from which on it is not, or None.
    """

    introduced: _Text | None = None
    fixed: _Text | None = None


class AffectedRange(msgspec.Struct, frozen=True):
    """A range; ``events`` are in ascending order."""

    type: _Text
    events: tuple[RangeEvent, ...] = ()


class AffectedPackage(msgspec.Struct, frozen=True):
    """The module: a path, ``stdlib`` or ``toolchain``."""

    name: _Text
    ecosystem: _Text = ""


class AffectedImport(msgspec.Struct, frozen=True):
    """A package that has the vulnerable code."""

    path: _Text = ""


class GoSpecific(msgspec.Struct, frozen=True):
    """What Go's database says beside OSV: the packages; none where all may be meant."""

    imports: tuple[AffectedImport, ...] = ()


class AffectedModule(msgspec.Struct, frozen=True):
    """A module, and which of its versions are affected."""

    package: AffectedPackage
    ranges: tuple[AffectedRange, ...] = ()
    ecosystem_specific: GoSpecific = GoSpecific()


class VulnEntry(msgspec.Struct, frozen=True):
    """An entry.

    Attributes:
        id: ``GO-2024-0001``.
        modified: When it changed last; the year 1 where nobody says.
        published: When it became known; None where nobody says.
        withdrawn: When it was taken back, or None.
        aliases: Its numbers elsewhere.
        summary: One line.
        affected: Whom it affects.
    """

    id: _Text
    modified: datetime = NEVER
    published: datetime | None = None
    withdrawn: datetime | None = None
    aliases: tuple[_Text, ...] = ()
    summary: str = ""
    affected: tuple[AffectedModule, ...] = ()


def parse_entry(data: bytes) -> VulnEntry:
    """Return what an entry says.

    Raises:
        MalformedError: It is none, or its id is none.
        TooLargeError: More than MAX_ENTRY_BYTES.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise TooLargeError(_WHAT, limit_bytes=MAX_ENTRY_BYTES)
    try:
        entry = msgspec.json.decode(data, type=VulnEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedError(_WHAT, repr(data[:40]), str(exc)) from None
    if not is_id(entry.id):
        raise MalformedError(_WHAT, entry.id, "not an id like GO-2024-0001")
    return entry


def is_id(text: str) -> bool:
    """Return whether a text is an entry's id."""
    return _ID.fullmatch(text) is not None
