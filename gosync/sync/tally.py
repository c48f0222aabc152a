"""Counts of one pass, and its exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from gosync.catalog.failures import Failure
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import (
    GosyncError,
    IncompleteError,
    NotFoundError,
    RejectedError,
    SecurityError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.gomod.module import ModuleVersion
from gosync.site.configured import PROJECT, SELECT


class Tally(msgspec.Struct):
    """Counts of a pass.

    Attributes:
        answered: Questions that an upstream answered, a definite no included.
        listed: Modules whose list was asked.
        index_events: Index events that a select wants.
        index_skipped: Index rows that are no events, by reason.
        index_unread: Whether the index goes on where this pass had enough of it.
        index_overtaken: Whether another run moved a cursor of the index meanwhile.
        list_skipped: Listed versions that were left out, by reason.
        wanted: Versions that were new to the catalog.
        unselected: Versions that are selected no more.
        omitted: Versions whose zip is larger than it is wanted.
        admitted: Versions that came through the gate whole.
        alone: Sizes of the ``.mod`` files that came through it alone, by
            version; the whole version may follow in the same pass.
        admitted_bytes: Sizes of their files.
        failed: Failures of this pass, by item.
        modules: Module paths of which a version was admitted.
    """

    answered: int = 0
    listed: int = 0
    index_events: int = 0
    index_skipped: Counter[str] = msgspec.field(default_factory=Counter)
    index_unread: bool = False
    index_overtaken: bool = False
    list_skipped: Counter[str] = msgspec.field(default_factory=Counter)
    wanted: int = 0
    unselected: int = 0
    omitted: int = 0
    admitted: int = 0
    alone: dict[ModuleVersion, int] = msgspec.field(default_factory=dict)
    admitted_bytes: int = 0
    failed: dict[ModuleVersion, Failure] = msgspec.field(default_factory=dict)
    modules: set[str] = msgspec.field(default_factory=set)

    def admit(self, row: VersionRow) -> None:
        """Count an admitted version, or an admitted go.mod; each version once."""
        self.answered += 1
        sizes = (row.info_bytes, row.mod_bytes, row.zip_bytes)
        size_bytes = sum(size for size in sizes if size is not None)
        self.admitted_bytes += size_bytes - self.alone.pop(row.mv, 0)
        if row.carried is Need.MOD:
            self.alone[row.mv] = size_bytes
        else:
            self.admitted += 1
            self.modules.add(row.path)

    @property
    def go_mods(self) -> int:
        """``.mod`` files that came through the gate without the rest."""
        return len(self.alone)

    def fail(self, failure: Failure) -> None:
        """Count a failure."""
        self.failed[failure.mv] = failure

    def hear(self, error: GosyncError) -> None:
        """Count an error as an answer, if it is one."""
        self.answered += isinstance(error, NotFoundError | RejectedError)


def exit_code(
    tally: Tally,
    still_open: Iterable[Failure],
    *,
    otherwise: int,
    heard_since: Callable[[str], bool],
) -> int:
    """Return how a pass ends.

    6 while evidence of misbehaviour stands open; 75 when the upstream as a whole gives
    no answers, be it that this pass found it so or that it waits for the next try;
    ``otherwise``, if neither is so; 3, too, where the index was not read to its end.

    Args:
        tally: What the pass did.
        still_open: What is still open after it.
        otherwise: What the completeness of the selection says.
        heard_since: Whether an upstream answered anything since a time, "" for ever.
    """
    failures = tuple(still_open)
    if any(failure.exit_code == SecurityError.exit_code for failure in failures):
        return SecurityError.exit_code
    silent = (_is_silence(each, heard_since) for each in failures)
    if not tally.answered and any(silent):
        return UnavailableError.exit_code
    return otherwise or (IncompleteError.exit_code if tally.index_unread else 0)


def _is_silence(failure: Failure, heard_since: Callable[[str], bool]) -> bool:
    """Return whether a failure speaks of a whole upstream, not of one item.

    An item that has failed for so long that others were answered meanwhile says
    nothing of the upstream. A refusal of one version is an answer; of lists it is one
    unless the upstream never answered anything else.
    """
    if failure.kind in (SELECT, PROJECT):
        return False
    if failure.exit_code == UnavailableError.exit_code:
        return not heard_since(failure.first_at)
    is_refusal = failure.was(UpstreamStatusError)
    return is_refusal and not (failure.path and failure.version) and not heard_since("")
