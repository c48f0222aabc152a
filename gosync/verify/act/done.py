"""Done actions: what was done about findings, and why something failed.

A thing that fails does not stop the others: what is left is looked at again in the
end, and is in the report.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from gosync.errors import GosyncError
from gosync.folder.tree import FileTree
from gosync.verify.act.access import Mending, change
from gosync.verify.act.plan import Action
from gosync.verify.verdicts import CacheFinding

# How what goes has gone; a repair moves aside what has no place.
GONE: Final = {
    Action.QUARANTINE: "quarantined",
    Action.DELETE: "deleted",
    Action.REPAIR: "quarantined",
}


class DoneAction(msgspec.Struct, frozen=True):
    """Something that was done about a finding.

    Attributes:
        action: What: "quarantined", "repaired", "deleted", "rewritten" ...
        path: To what.
        detail: Where it went, or where the new bytes came from.
        finding: The finding that it was done about.
        failed: Why it could not be done, "" if it was.
    """

    action: str
    path: str
    detail: str
    finding: CacheFinding
    failed: str = ""

    def __str__(self) -> str:
        if not self.failed:
            return f"{self.action} {self.path}"
        return f"failed: {self.path} was not {self.action}: {self.failed}"


class DoneActions(msgspec.Struct):
    """What was done about findings, one after the other.

    Attributes:
        actions: In the order of doing.
    """

    actions: list[DoneAction] = msgspec.field(default_factory=list)

    def note(
        self, action: str, path: str, finding: CacheFinding, failed: str = ""
    ) -> None:
        """Add what was done, or why it was not."""
        self.actions.append(DoneAction(action, path, "", finding, failed))

    def attempt(
        self, action: str, path: str, finding: CacheFinding, work: Callable[[], object]
    ) -> None:
        """Do something, and add how that went."""
        self.note(action, path, finding, _failure(work))

    def prepare(
        self, action: str, path: str, finding: CacheFinding, work: Callable[[], object]
    ) -> bool:
        """Do what comes before something; add that this failed, if it did."""
        failed = _failure(work)
        if failed:
            self.note(action, path, finding, failed)
        return not failed

    def change_access(self, tree: FileTree, mending: Mending) -> None:
        """Set modes and owners where the files are, and add how that went."""
        for finding, reason in mending.failed:
            self.note("repaired", finding.path, finding, reason)
        for each, finding in mending.changes:
            work = partial(change, tree, each.path, each.was, each.now)
            self.attempt("repaired", each.path, finding, work)

    def can_be_undone(self, action: Action) -> bool:
        """Return whether anything was done that left behind what it was before."""
        return action is not Action.DELETE and any(not e.failed for e in self.actions)


def _failure(work: Callable[[], object]) -> str:
    """Do something; return why it could not be done, "" if it was."""
    try:
        work()
    except OSError as exc:
        return exc.strerror or str(exc)
    except GosyncError as exc:
        return str(exc)
    return ""
