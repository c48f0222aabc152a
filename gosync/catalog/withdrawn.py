"""Withdrawn versions: what nobody is to be given any more, and why. Pure.

A withdrawal is of a version, whether it has a row among the versions or not. Its files
leave every tree at once and nothing brings them back; the blobs stay as evidence.
Inside, a bundle tells the withdrawals that were made outside; each has the mark of who
told it, and one that is told by both ends when both have undone it.

``versions.withdrawn`` follows by triggers, so that whatever asks what trees show, what
is due or what is missing need not ask here. The table itself is in ``withdrawn_table``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from gosync.clock import format_time
from gosync.gomod.module import OfVersion
from gosync.hint import Hint, advise, command


class ToldBy(StrEnum):
    """Who withdrew a version: an operator here, or the bundle that came in."""

    OPERATOR = "operator"
    BUNDLE = "bundle"


class Withdrawal(OfVersion, msgspec.Struct, frozen=True, kw_only=True):
    """One version that was withdrawn.

    Attributes:
        path: The module path.
        version: The canonical version.
        told_by: Who withdrew it.
        reason: Why, in the operator's words.
        withdrawn_at: When.
        undone_at: When it was undone, None while it is in force.
        needed_by: The main modules of configured projects that need it, sorted.
    """

    path: str
    version: str
    told_by: ToldBy = ToldBy.OPERATOR
    reason: str
    withdrawn_at: str
    undone_at: str | None = None
    needed_by: tuple[str, ...] = ()


def undone(withdrawal: Withdrawal, now: datetime) -> Withdrawal:
    """Return a withdrawal as it stands once it is undone."""
    return msgspec.structs.replace(withdrawal, undone_at=format_time(now))


def how_to_undo(withdrawal: Withdrawal) -> Hint:
    """Return what brings a withdrawn version back."""
    if withdrawal.told_by is ToldBy.BUNDLE:
        return advise("undo it outside; the next bundle brings it back")
    return advise("{}", command("withdraw", "--undo", str(withdrawal.mv)))
