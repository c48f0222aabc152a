"""What an admission has been handed, and what that is held against."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gosync.gomod.info import VersionInfo
from gosync.store.staging import Staged
from gosync.upstream.answer import Served


class Expected(msgspec.Struct, frozen=True):
    """What a go.sum says of a version that no database vouches for.

    Attributes:
        file: The go.sum.
        mod_h1: The ``h1:`` of its go.mod, or None.
        zip_h1: The ``h1:`` of its zip, or None.
    """

    file: str
    mod_h1: str | None = None
    zip_h1: str | None = None


class VouchedRecord(msgspec.Struct, frozen=True):
    """A proven record of the checksum database."""

    id: int
    text: bytes


class Taken(msgspec.Struct):
    """The files that were handed over so far, for the row or for evidence."""

    served: dict[str, Served] = msgspec.field(default_factory=dict)
    small: dict[str, bytes] = msgspec.field(default_factory=dict)
    zip: Staged | None = None
    h1: dict[str, str] = msgspec.field(default_factory=dict)
    wanted: dict[str, str | None] = msgspec.field(default_factory=dict)
    authority: dict[str, str] = msgspec.field(default_factory=dict)


def source_of(served: Mapping[str, Served]) -> str | None:
    """Return where the last part came from."""
    last = list(served.values())[-1:]
    return last[0].url if last else None


def commit_of(info: VersionInfo | None) -> str | None:
    """Return the commit that an ``.info`` says a version is of, or None."""
    origin = info.origin if info else None
    return origin.hash or None if origin else None
