"""Rulings of the policy: what it says of a version beyond "it may come in". Pure.

    denied    its zip is neither fetched nor shown, nor put into bundles
    excepted  a rule would deny it, and an exception lets it in until a day
    warned    it is let in, and people are to be told of it

A denied version's blobs stay, so that an exception brings it back without fetching
anew; and its ``.mod`` is shown, which ``go`` needs to choose versions and which has
none of its code. The table itself is in ``ruling_table``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gosync.gomod.module import OfVersion


class Effect(StrEnum):
    """What a ruling does to a version."""

    DENIED = "denied"
    EXCEPTED = "excepted"
    WARNED = "warned"


class Ruling(OfVersion, msgspec.Struct, frozen=True, kw_only=True):
    """What the policy says of one version.

    Attributes:
        path: The module path.
        version: The canonical version.
        effect: What that does to it.
        rule: The configuration's key, or "decision".
        reason: Why, in words.
        known_from: The version whose licences tell, "" for its own.
        exception: Why it is let in, or was; "" without an exception.
        until: The exception's last day, "" where it has no end or there is none.
        since: When it was said first.
        wanted_by: The select, project or tool that wants it, "" where nobody told yet.
        chain: The versions that lead from there to it, as MODULE@VERSION.
    """

    path: str
    version: str
    effect: Effect
    rule: str
    reason: str
    known_from: str = ""
    exception: str = ""
    until: str = ""
    since: str = ""
    wanted_by: str = ""
    chain: tuple[str, ...] = ()

    @property
    def is_denied(self) -> bool:
        """Whether its zip is kept out."""
        return self.effect is Effect.DENIED
