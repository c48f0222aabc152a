"""Seals of past days' access records: a chain of small files. Pure.

A seal says what lines a day's records have, and which seal came before it::

    {"type": "access-seal", "format": 1, "number": 2, "day": "2026-11-27",
     "lines": 4711, "bytes": 600000, "sha256": "...", "previous": "...",
     "sources": [{"log": "...", "start": 0, "end": 600000}],
     "sealed_at": "2026-11-28T00:10:00.000000Z"}

``sha256`` is of the lines, ``previous`` of the file of the seal before, "" for the
first. A source is a log by the digest of its first line, and the bytes of it, unpacked,
that were looked at; the next run goes on there. Lines that come late for a day are
another part of it, under another number. Nobody can change, drop or add a line or a day
without all later seals, and with signatures not without the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from gosync.errors import MalformedError
from gosync.text import indented_json

MAX_SEAL_BYTES: Final = 1 << 20
_FORMAT: Final = 1
_Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Day = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class SealedSource(msgspec.Struct, frozen=True, kw_only=True):
    """What of a log was looked at.

    Attributes:
        log: The SHA-256 of its first line.
        start: The first byte of it, unpacked.
        end: The first one that was not.
    """

    log: _Digest
    start: _Count
    end: _Count


class DaySeal(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="access-seal"
):
    """A seal; see the module.

    Attributes:
        number: Its number in the chain, from 1.
        day: The day, in UTC.
        lines: How many lines its records have.
        bytes: How many bytes.
        sha256: Their digest.
        previous: The digest of the seal before, "" for the first.
        sources: The logs that they come from.
        sealed_at: When.
        format: The file's format.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=999_999)]
    day: _Day
    lines: _Count
    bytes: _Count
    sha256: _Digest
    previous: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
    sources: Sequence[SealedSource] = ()
    sealed_at: str
    format: int = _FORMAT

    @property
    def name(self) -> str:
        """What its files begin with."""
        return f"{self.number:06}-{self.day}"


def format_seal(seal: DaySeal) -> bytes:
    """Return a seal's file."""
    return b"".join(indented_json(msgspec.to_builtins(seal))) + b"\n"


def parse_seal(data: bytes) -> DaySeal:
    """Return the seal in a file.

    Raises:
        MalformedError: it is none, or of a newer format.
    """
    try:
        seal = msgspec.json.decode(data[:MAX_SEAL_BYTES], type=DaySeal)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedError("seal", data[:40], str(exc)) from exc
    if seal.format != _FORMAT:
        raise MalformedError("seal", seal.format, "of a newer gosync")
    return seal


def digest_of(data: bytes) -> str:
    """Return the digest that the next seal has of a seal's file."""
    return hashlib.sha256(data).hexdigest()


def chain_problems(files: Sequence[bytes]) -> list[str]:
    """Return what is wrong with a chain of seals' files, in their order."""
    found, previous = [], ""
    for number, data in enumerate(files, start=1):
        try:
            seal = parse_seal(data)
        except MalformedError as exc:
            found.append(f"seal {number}: {exc.reason}")
        else:
            if seal.number != number:
                found.append(f"seal {number} is missing: {seal.number} is in its place")
                return found
            if seal.previous != previous:
                found.append(f"seal {number} does not follow the one before it")
        previous = digest_of(data)
    return found
