"""What one pass did: counted while it runs, told when it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from gosync.catalog.failures import Failure
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import IncompleteError, SecurityError, UnavailableError


class Tally(msgspec.Struct):
    """Counts of a pass.

    Attributes:
        answered: Questions that an upstream answered, a definite no included.
        listed: Modules whose list was asked.
        index_events: Index events that a select wants.
        index_skipped: Index rows that are no events, by reason.
        index_unread: Whether the index goes on where this pass had enough of it.
        list_skipped: Listed versions that were left out, by reason.
        wanted: Versions that were new to the catalog.
        unselected: Versions that are selected no more.
        omitted: Versions whose zip is larger than it is wanted.
        admitted: Versions that came through the gate whole.
        go_mods: ``.mod`` files that came through it alone.
        admitted_bytes: Sizes of their files.
        failed: Failures of this pass, by (path, version).
        modules: Module paths of which a version was admitted.
    """

    answered: int = 0
    listed: int = 0
    index_events: int = 0
    index_skipped: Counter[str] = msgspec.field(default_factory=Counter)
    index_unread: bool = False
    list_skipped: Counter[str] = msgspec.field(default_factory=Counter)
    wanted: int = 0
    unselected: int = 0
    omitted: int = 0
    admitted: int = 0
    go_mods: int = 0
    admitted_bytes: int = 0
    failed: dict[tuple[str, str], Failure] = msgspec.field(default_factory=dict)
    modules: set[str] = msgspec.field(default_factory=set)

    def admit(self, row: VersionRow) -> None:
        """Count an admitted version, or an admitted go.mod."""
        self.answered += 1
        if row.carried is Need.MOD:
            self.go_mods += 1
        else:
            self.admitted += 1
            self.modules.add(row.path)
        sizes = (row.info_bytes, row.mod_bytes, row.zip_bytes)
        self.admitted_bytes += sum(size for size in sizes if size is not None)

    def fail(self, failure: Failure) -> None:
        """Count a failure."""
        self.failed[failure.path, failure.version] = failure


def exit_code(tally: Tally, still_open: Iterable[Failure]) -> int:
    """Return how a pass ends, given what is still open after it.

    6 while evidence of misbehaviour stands open; 75 when nothing was answered at
    all; 3 while anything selected is missing, or may be since the index was not read
    to its end; 0 otherwise.
    """
    codes = {failure.exit_code for failure in still_open}
    if SecurityError.exit_code in codes:
        return SecurityError.exit_code
    if not codes:
        return IncompleteError.exit_code if tally.index_unread else 0
    if not tally.answered and codes == {UnavailableError.exit_code}:
        return UnavailableError.exit_code
    return IncompleteError.exit_code
