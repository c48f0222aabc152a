"""What was done about findings, thing by thing, with why one could not be.

A thing that fails does not stop the others: what is left is looked at again in the
end, and is in the report.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from gosync.errors import GosyncError
from gosync.folder.tree import Tree
from gosync.verify.access import Mending, change
from gosync.verify.plan import Action
from gosync.verify.report import Done
from gosync.verify.verdicts import Finding

# How what goes has gone; a repair moves aside what has no place.
GONE: Final = {
    Action.QUARANTINE: "quarantined",
    Action.DELETE: "deleted",
    Action.REPAIR: "quarantined",
}


class Deeds(msgspec.Struct):
    """The list of them.

    Attributes:
        done: In the order of doing.
    """

    done: list[Done] = msgspec.field(default_factory=list)

    def note(self, action: str, path: str, finding: Finding, failed: str = "") -> None:
        """Add what was done, or why it was not."""
        self.done.append(Done(action, path, "", finding, failed))

    def attempt(
        self, action: str, path: str, finding: Finding, work: Callable[[], object]
    ) -> None:
        """Do something, and add how that went."""
        try:
            work()
        except OSError as exc:
            failed = exc.strerror or str(exc)
        except GosyncError as exc:
            failed = str(exc)
        else:
            failed = ""
        self.note(action, path, finding, failed)

    def change_access(self, tree: Tree, mending: Mending) -> None:
        """Set modes and owners where the files are, and add how that went."""
        for finding, reason in mending.failed:
            self.note("repaired", finding.path, finding, reason)
        for each, finding in mending.changes:
            work = partial(change, tree, each.path, each.was, each.now)
            self.attempt("repaired", each.path, finding, work)

    def can_be_undone(self, action: Action) -> bool:
        """Return whether anything was done that left behind what it was before."""
        return action is not Action.DELETE and any(not e.failed for e in self.done)
