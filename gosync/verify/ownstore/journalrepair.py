"""Repair of the journal: broken lines left out, lacking ones added.

Both are done under the store's writer lock, so that nobody appends meanwhile to what
is replaced, and no row is committed between reading the catalog and its line.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from gosync.errors import GosyncError
from gosync.folder.placing import stat_of
from gosync.folder.tree import FileTree
from gosync.ingest.entries import head_entry, version_entry
from gosync.site.site import Site
from gosync.store.layout import JOURNAL
from gosync.verify.act.done import DoneActions
from gosync.verify.act.quarantine import Moved, TargetQuarantine
from gosync.verify.ownstore.files import MAX_JOURNAL_BYTES, JournalRead, sound_lines
from gosync.verify.ownstore.plan import StorePlan

_LEFT_OUT: Final = """what the journal's broken lines said of bundles and findings is \
not brought back; the catalog has it, until it is made anew"""


class JournalRepair:
    """Repairs the journal of one store.

    Attributes:
        remarks: What else should be known of what was done.
    """

    def __init__(self, tree: FileTree, site: Site, plan: StorePlan) -> None:
        """Take the store's files, the store opened, and what is to be done."""
        self._tree = tree
        self._site = site
        self._plan = plan
        self.remarks: list[str] = []

    def clean(
        self,
        done: DoneActions,
        quarantine: TargetQuarantine,
        moved: Mapping[str, Moved],
    ) -> None:
        """Leave out what says nothing, and say how far the store has come."""
        for path, finding in self._plan.journal.items():
            work = partial(self._clean, path, quarantine, moved[path])
            done.attempt("repaired", path, finding, work)
            self.remarks.append(_LEFT_OUT)
        advance = self._site.standing.generation.advance
        if self._plan.behind is not None:
            done.attempt("repaired", JOURNAL, self._plan.behind, advance)
        elif self._plan.journal:
            with suppress(GosyncError):  # what could not be cleaned was told
                advance()

    def _clean(self, path: str, quarantine: TargetQuarantine, moved: Moved) -> None:
        found = stat_of(self._tree, path)
        if found is not None and not stat.S_ISREG(found.st_mode):
            quarantine.take(self._tree, moved)
            return
        data = self._tree.read(path, limit_bytes=MAX_JOURNAL_BYTES)
        quarantine.replace(self._tree, moved, [sound_lines(data)], keep=True)

    def add_lacking(self) -> None:
        """Add lines for rows and heads that the journal does not name."""
        catalog, read = self._site.catalog, JournalRead(self._tree)
        rows = (
            row
            for row in catalog.versions.all_rows()
            if row.carried is not None
            # What is bad was not repaired, or its new row has its line.
            and row.mv not in self._plan.versions
        )
        entries = [version_entry(row) for row in read.lacks(rows)]
        heads = {name: catalog.heads.get(name) for name in catalog.heads.names()}
        entries += [
            head_entry(name, note)
            for name, note in heads.items()
            if not read.has_head(name, note)
        ]
        self._site.journal.append(entries)
