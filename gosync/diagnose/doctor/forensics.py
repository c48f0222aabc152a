"""Altered bytes: a rewritten tag or a change on the way. Pure.

The checksum database has what was first seen. What the repository itself has decides,
where it may be asked: the proven bytes, so they were changed on the way; or those that
came, so a tag was moved. Else the ways are compared: if every one serves other bytes,
and the same ones, their origin changed. If one way alone serves them, that way changed
them, or holds a copy from before or after.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from gosync.diagnose.doctor.saying import say


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
        repository: The h1 of what the repository itself has; "" where it was not asked.
        first_bytes: How the zip that came begins.
    """

    version: str
    way: str
    kind: AlterationKind
    text: str
    came: Mapping[str, str]
    proven: Mapping[str, str]
    others: Mapping[str, str]
    repository: str = ""
    first_bytes: bytes = b""


def judge(
    version: str,
    way: str,
    *,
    came: Mapping[str, str],
    proven: Mapping[str, str],
    others: Mapping[str, str],
    repository: str = "",
) -> Alteration:
    """Return what other bytes than the proven ones amount to."""
    kind, text = _judged(
        way, came.get("zip", ""), proven.get("zip", ""), others, repository
    )
    return Alteration(
        version=version,
        way=way,
        kind=kind,
        text=text,
        came=came,
        proven=proven,
        others=others,
        repository=repository,
    )


def _judged(
    way: str, ours: str, right: str, others: Mapping[str, str], repository: str
) -> tuple[AlterationKind, str]:
    good = [url for url, h1 in others.items() if h1 == right]
    if repository == right or good:
        return AlterationKind.ON_THE_WAY, say(
            "{who} has the proven bytes: {way}, or what stands before it, changed them",
            who="the repository itself" if repository == right else good[0],
            way=way,
        )
    if repository and repository == ours:
        text = (
            "the repository itself has what came, the log has other bytes: the tag was"
            " moved after it was recorded"
        )
        return AlterationKind.REWRITTEN, text
    if repository:
        return AlterationKind.UNKNOWN, say(
            "the repository has neither the proven bytes nor what came: the tag was"
            " moved, and {way} has yet other bytes",
            way=way,
        )
    if others and set(others.values()) == {ours}:
        text = (
            "all ways serve the same bytes, the log has others: the tag was moved after"
            " it was recorded"
        )
        return AlterationKind.REWRITTEN, text
    text = (
        "no other way was there to compare with: add a second proxy to GOPROXY for this"
        " run"
    )
    return AlterationKind.UNKNOWN, text
