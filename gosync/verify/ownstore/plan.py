"""Plan for gosync's own store: which action meets which finding.

===========  ================================================================
blob         repair: its versions are fetched anew; else their rows are
             withdrawn and it goes
row          the same, and its blobs stay
tile         repair: fetched anew; else, or without the network, it goes
journal      repair: what it lacks is added, lines that say nothing are left out;
             else it stays: nothing else can make a lost catalog anew
evidence     an entry that lost something goes aside; it is never deleted
===========  ================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gosync.catalog.versions import VersionRow
from gosync.folder.walk import Unread
from gosync.gomod.module import ModuleVersion
from gosync.store.layout import BLOBS, CATALOG, JOURNAL, QUARANTINE
from gosync.verify.act.plan import Action, UnreadPaths
from gosync.verify.ownstore.checking import digests_of
from gosync.verify.verdicts import CacheFinding, Fix, Verdict


class StorePlan(msgspec.Struct):
    """A plan for a store: what is to be done.

    Attributes:
        versions: The versions that are fetched anew or withdrawn.
        takes: What goes, by path.
        tiles: The tiles that are fetched anew, by path.
        journal: The journal files that lose what says nothing, by path.
        unsaid: The versions that the journal gets a line of.
        behind: The journal that does not say how far the store has come.
        access: Whose mode is set, by path.
    """

    versions: dict[ModuleVersion, CacheFinding] = msgspec.field(default_factory=dict)
    takes: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    tiles: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    journal: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    unsaid: dict[ModuleVersion, CacheFinding] = msgspec.field(default_factory=dict)
    behind: CacheFinding | None = None
    access: dict[str, CacheFinding] = msgspec.field(default_factory=dict)

    @property
    def removals(self) -> int:
        """How many things go or are replaced."""
        parts = (self.takes, self.tiles, self.journal)
        return len(self.versions) + sum(len(each) for each in parts)

    @property
    def moves(self) -> dict[str, CacheFinding]:
        """What may come to be in quarantine, by path."""
        return {**self.takes, **self.tiles, **self.journal}

    def lines(self, action: Action) -> Iterator[str]:
        """Yield the plan for people."""
        todo = "fetch anew" if action is Action.REPAIR else "withdraw, to be fetched,"
        go = "delete" if action is Action.DELETE else "move aside"
        yield from (f"{todo} {mv}" for mv in sorted(self.versions))
        yield from (f"{go} {path}" for path in self.takes)
        yield from (f"fetch anew {path}, from the log" for path in self.tiles)
        yield from (f"leave out of {path} what says nothing" for path in self.journal)
        yield from (f"add {mv} to the journal" for mv in sorted(self.unsaid))
        if self.behind is not None:
            yield "add to the journal which store it is of, and how far it has come"
        yield from (f"set mode and owner of {path}" for path in self.access)


def plan_store(
    rows: Iterable[VersionRow],
    unread: Iterable[Unread],
    findings: Iterable[CacheFinding],
    action: Action,
    *,
    can_ask_log: bool,
) -> StorePlan:
    """Return what can be done about a store's findings.

    Args:
        rows: The store's rows; gone over once, if blobs are lost.
        unread: What of the store could not be read.
        findings: What is to be met.
        action: What is wanted.
        can_ask_log: Whether there is anybody to fetch tiles from.
    """
    planner = _Planner(action, can_ask_log=can_ask_log)
    unknown = UnreadPaths(unread)
    for finding in findings:
        folder = finding.path.rpartition("/")[0]
        if unknown.are_beside(finding.path, folder):
            continue  # what is merely not read may be good
        if finding.cause is None and finding.fix is not Fix.NOTHING:
            planner.add(finding)
    planner.add_versions(rows)
    return planner.plan


class _Planner:
    def __init__(self, action: Action, *, can_ask_log: bool) -> None:
        self.plan = StorePlan()
        self._action = action
        self._can_ask_log = can_ask_log
        self._lost: dict[str, CacheFinding] = {}

    def add(self, finding: CacheFinding) -> None:
        is_repair, path = self._action is Action.REPAIR, finding.path
        if finding.fix is Fix.ACCESS:
            if is_repair:
                self.plan.access[path] = finding
        elif path == CATALOG and finding.mv is not None:
            self.plan.versions.setdefault(finding.mv, finding)
        elif path.startswith(f"{BLOBS}/"):
            self._add_blob(finding)
        elif path.partition("/")[0] == JOURNAL:
            if is_repair:
                self._add_journal(finding)
        elif path.partition("/")[0] == QUARANTINE:
            if self._action is not Action.DELETE:
                entry = "/".join(path.split("/")[:2])
                self.plan.takes.setdefault(entry, finding)
        elif is_repair and finding.fix is Fix.FETCH and self._can_ask_log:
            self.plan.tiles[path] = finding
        else:
            self.plan.takes[path] = finding

    def _add_blob(self, finding: CacheFinding) -> None:
        if finding.verdict is not Verdict.INCOMPLETE:
            self.plan.takes[finding.path] = finding
        if finding.verdict is Verdict.ORPHAN:
            return
        self._lost.setdefault(finding.path.rpartition("/")[2], finding)

    def add_versions(self, rows: Iterable[VersionRow]) -> None:
        """Plan the versions whose blobs are bad: in one pass over the rows."""
        for row in rows if self._lost else ():
            for digest in digests_of(row).values():
                if digest in self._lost:
                    self.plan.versions.setdefault(row.mv, self._lost[digest])

    def _add_journal(self, finding: CacheFinding) -> None:
        if finding.path == JOURNAL and finding.mv is None:
            self.plan.behind = finding
        elif finding.mv is None:
            self.plan.journal[finding.path] = finding
        else:
            self.plan.unsaid[finding.mv] = finding
