"""Altered bytes: a rewritten tag or a change on the way. Pure.

The checksum database has what was first seen. If every way serves other bytes, and the
same ones, their origin changed: a tag was moved. If one way alone serves them, that way
changed them, or holds a copy from before or after.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class AlterationKind(StrEnum):
    """What altered bytes amount to."""

    REWRITTEN = "rewritten tag"
    ON_THE_WAY = "changed on the way"
    UNKNOWN = "unknown"


class Alteration(msgspec.Struct, frozen=True, kw_only=True):
    """A version whose bytes are not the proven ones.

    Attributes:
        version: The module version.
        way: Who served it.
        kind: What it amounts to.
        text: Why, in words.
        came: The h1 of what came, by kind.
        proven: The h1 that the checksum database has.
        others: What other ways served, by their URL.
        first_bytes: How the zip that came begins.
    """

    version: str
    way: str
    kind: AlterationKind
    text: str
    came: Mapping[str, str]
    proven: Mapping[str, str]
    others: Mapping[str, str]
    first_bytes: bytes = b""


def judge(
    version: str,
    way: str,
    *,
    came: Mapping[str, str],
    proven: Mapping[str, str],
    others: Mapping[str, str],
) -> Alteration:
    """Return what other bytes than the proven ones amount to."""
    ours, right = came.get("zip", ""), proven.get("zip", "")
    if right in others.values():
        kind = AlterationKind.ON_THE_WAY
        good = next(url for url, h1 in others.items() if h1 == right)
        text = f"{good} serves the proven bytes: {way}, or what stands before it,"
        text += " changed them"
    elif others and set(others.values()) == {ours}:
        kind = AlterationKind.REWRITTEN
        text = "all ways serve the same bytes, the log has others: the tag was moved"
        text += " after it was recorded"
    else:
        kind = AlterationKind.UNKNOWN
        text = "no other way was there to compare with: add a second proxy to GOPROXY"
        text += " for this run"
    return Alteration(
        version=version,
        way=way,
        kind=kind,
        text=text,
        came=came,
        proven=proven,
        others=others,
    )
