"""Plan for a folder: which action meets which finding.

What is acted on is as little as the cache's own server needs:

============  ===============================================================
quarantine,   the file itself; an extracted folder; of Athens the version's
delete        folder, which is whole or of no use. A list that names what goes
              is written anew before it goes; a ``.ziphash`` is written anew, or
              goes with the last of what it is of
repair        a version's file is fetched anew; a list, a ``.ziphash`` is
              written anew; an extracted folder goes, and ``go`` extracts it;
              a mode is set; a stray goes aside
============  ===============================================================

Nothing is done about what only nobody vouches for, nor is anything fetched that
nobody could prove. Files that are good stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from gosync.folder.inventory import Inventory
from gosync.folder.layouts import FILES, Layout, Part, PathPlace, Role, TargetKind
from gosync.folder.walk import Entry, Unread
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_OF_LISTS: Final = frozenset({Role.LIST, Role.LATEST})
_FOLDERS: Final = frozenset({Role.EXTRACTED, Role.HOME})
_HASHED: Final = frozenset({FileKind.ZIP, Role.EXTRACTED})
_BAD: Final = frozenset({Verdict.POLLUTED, Verdict.CORRUPT})


class Action(StrEnum):
    """What a run does about findings."""

    REPORT = "report"
    QUARANTINE = "quarantine"
    REPAIR = "repair"
    DELETE = "delete"


class FolderPlan(msgspec.Struct):
    """A plan for a folder: what is to be done, each path once.

    Attributes:
        takes: What goes, by path, in the order of going.
        writes: Bytes that are written in place of others, by path.
        access: Whose mode and owner are set, by path.
        fetches: The files of versions that are fetched anew, by path.
        log_files: What is fetched anew from the checksum database, by path.
        lists: The modules whose list and ``@latest`` are written anew.
        left: What nothing can be done about here.
        unknown: What is left because something beside it could not be read.
    """

    takes: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    writes: dict[str, tuple[bytes, CacheFinding]] = msgspec.field(default_factory=dict)
    access: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    fetches: dict[ModuleVersion, dict[FileKind, CacheFinding]] = msgspec.field(
        default_factory=dict
    )
    log_files: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    lists: dict[str, CacheFinding] = msgspec.field(default_factory=dict)
    left: list[CacheFinding] = msgspec.field(default_factory=list)
    unknown: list[CacheFinding] = msgspec.field(default_factory=list)

    @property
    def removals(self) -> int:
        """How many things go or are replaced."""
        fetched = sum(len(each) for each in self.fetches.values())
        others = (self.takes, self.writes, self.lists, self.log_files)
        return sum(len(each) for each in others) + fetched

    def lines(self, action: Action) -> Iterator[str]:
        """Yield the plan for people."""
        go = "delete" if action is Action.DELETE else "move aside"
        for path in self.takes:
            yield f"{go} {path}"
        for path in self.writes:
            yield f"write anew {path}"
        for mv, files in sorted(self.fetches.items()):
            yield f"fetch anew {mv}: {', '.join(sorted(role.value for role in files))}"
        for path in self.log_files:
            yield f"fetch anew {path}, from the log"
        for path in self.access:
            yield f"set mode and owner of {path}"
        for path in sorted(self.lists):
            yield f"write anew what is listed of {path}"


def make_plan(
    layout: Layout,
    inventory: Inventory,
    findings: Iterable[CacheFinding],
    answers: Mapping[ModuleVersion, ProofAnswer],
    action: Action,
    *,
    can_fetch: bool,
    can_ask_log: bool,
) -> FolderPlan:
    """Return what can be done about findings.

    Args:
        layout: The target's names.
        inventory: What is there.
        findings: What is to be met.
        answers: Who vouches for the versions.
        action: What is wanted.
        can_fetch: Whether there is anybody to fetch versions from.
        can_ask_log: The same for lookups and tiles.
    """
    planner = _Planner(layout, inventory, answers, action)
    planner.can_fetch, planner.can_ask_log = can_fetch, can_ask_log
    for finding in findings:
        if planner.is_unknown(finding.path):
            planner.plan.unknown.append(finding)
        elif not planner.add(finding):
            planner.plan.left.append(finding)
    planner.settle_ziphashes()
    planner.plan.takes = _outermost(planner.plan.takes)
    return planner.plan


class UnreadPaths:
    """What could not be read, asked of many paths: a set, not a pass over all."""

    def __init__(self, unread: Iterable[Unread]) -> None:
        """Take what was not read; the root's path is empty."""
        self._paths = {each.path for each in unread}
        self._above = set(self._paths)
        for path in self._paths:
            self._above.update(_folders_above(path))

    def are_beside(self, path: str, folder: str) -> bool:
        """Return whether what is known of a path may change with what was not read.

        Args:
            path: The path.
            folder: In which folder all else is that it depends on, "" for none; it
                counts what was not read in that folder, or where it should be.
        """
        if not self._paths:
            return False
        is_in = "" in self._paths or path in self._paths
        is_in = is_in or any(above in self._paths for above in _folders_above(path))
        return is_in or (bool(folder) and folder in self._above)


def _outermost(takes: Mapping[str, CacheFinding]) -> dict[str, CacheFinding]:
    """Return what goes without what goes along, being in a folder that goes."""
    return {
        path: finding
        for path, finding in takes.items()
        if not any(above in takes for above in _folders_above(path))
    }


def _folders_above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


class _Planner:
    def __init__(
        self,
        layout: Layout,
        inventory: Inventory,
        answers: Mapping[ModuleVersion, ProofAnswer],
        action: Action,
    ) -> None:
        self.can_fetch = self.can_ask_log = True
        self.plan = FolderPlan()
        self._layout = layout
        self._inventory = inventory
        self._unread = UnreadPaths(inventory.unread)
        self._answers = answers
        self._action = action

    def is_unknown(self, path: str) -> bool:
        """Return whether something that a path depends on could not be read."""
        place = self._layout.place(path, is_folder=True)
        folder = path if place.role in _FOLDERS else path.rpartition("/")[0]
        return self._unread.are_beside(path, folder)

    def add(self, finding: CacheFinding) -> bool:
        """Plan what can be done about a finding; False if that is nothing."""
        place = self._layout.place(finding.path, is_folder=False)
        if finding.fix is Fix.NOTHING or finding.cause is not None:
            return False
        if finding.fix is Fix.ACCESS:
            return self._set_access(finding)
        if place.role in _OF_LISTS and place.mv is not None:
            self.plan.lists[place.mv.path] = finding
            return True
        if finding.fix is Fix.DROP:
            return self._drop(finding, place)
        if self._action is Action.REPAIR:
            return self._repair(finding, place)
        return self._take(finding, place)

    def settle_ziphashes(self) -> None:
        """Let the ``.ziphash`` go of what has neither zip nor folder any more."""
        if self._layout.kind is not TargetKind.MODCACHE:
            return
        for mv, there in self._inventory.versions.items():
            entry = there.get(Role.ZIPHASH)
            finding = self._reason_to_go(mv, there)
            if entry is not None and finding is not None:
                self.plan.writes.pop(entry.path, None)
                self.plan.takes[entry.path] = finding

    def _reason_to_go(
        self, mv: ModuleVersion, there: Mapping[Part, Entry]
    ) -> CacheFinding | None:
        """Return why nothing is left that a ``.ziphash`` would be of, None if it is."""
        if FileKind.ZIP in self.plan.fetches.get(mv, {}):
            return None
        paths = [each.path for r, each in there.items() if r in _HASHED]
        gone = [self.plan.takes[path] for path in paths if path in self.plan.takes]
        return gone[0] if gone and len(gone) == len(paths) else None

    def _set_access(self, finding: CacheFinding) -> bool:
        if self._action is not Action.REPAIR:
            return False  # its bytes are good
        self.plan.access[finding.path] = finding
        return True

    def _drop(self, finding: CacheFinding, place: PathPlace) -> bool:
        if place.role is Role.PARTIAL and place.mv is not None:
            # The mark goes last: without it, half a folder would look whole.
            self._take_if_there(place.mv, Role.EXTRACTED, finding)
        self.plan.takes[finding.path] = finding
        return True

    def _take(self, finding: CacheFinding, place: PathPlace) -> bool:
        mv = place.mv
        if self._layout.kind is TargetKind.ATHENS and mv is not None:
            return self._take_home(mv, finding)
        if mv is not None and place.role is Role.ZIPHASH and finding.expected:
            return self._rewrite_ziphash(mv, finding)
        if finding.verdict is Verdict.INCOMPLETE and mv is not None:
            there = self._inventory.versions.get(mv, {})
            lone = Role.ZIPHASH in there and FileKind.ZIP not in there
            return lone and self._take_if_there(mv, Role.ZIPHASH, finding)
        if finding.verdict not in _BAD:
            return False
        self.plan.takes[finding.path] = finding
        if mv is not None and place.role in FILES:
            self._relist(mv, finding)
        return True

    def _take_home(self, mv: ModuleVersion, finding: CacheFinding) -> bool:
        if finding.verdict not in {*_BAD, Verdict.INCOMPLETE}:
            return False
        self.plan.takes[self._layout.path_of(mv, Role.HOME)] = finding
        return True

    def _relist(self, mv: ModuleVersion, finding: CacheFinding) -> None:
        if self._layout.kind in {TargetKind.TREE, TargetKind.MODCACHE}:
            self.plan.lists.setdefault(mv.path, finding)

    def _repair(self, finding: CacheFinding, place: PathPlace) -> bool:
        mv, role = place.mv, place.role
        if role is Role.SUPPORTED:
            self.plan.writes[finding.path] = (b"", finding)
            return True
        if role in {Role.LOOKUP, Role.TILE, Role.HEAD}:
            return self._repair_log_file(finding)
        if role is Role.EXTRACTED:
            self.plan.takes[finding.path] = finding
            return True
        if mv is None:
            return False
        if role is Role.ZIPHASH:
            return self._rewrite_ziphash(mv, finding)
        return isinstance(role, FileKind) and self._fetch(mv, role, finding)

    def _repair_log_file(self, finding: CacheFinding) -> bool:
        """Fetch it for a tree; for other caches, go or the proxy does."""
        if self._layout.kind is TargetKind.TREE:
            if self.can_ask_log:
                self.plan.log_files[finding.path] = finding
            return self.can_ask_log
        if finding.verdict not in _BAD:
            return False
        self.plan.takes[finding.path] = finding
        return True

    def _rewrite_ziphash(self, mv: ModuleVersion, finding: CacheFinding) -> bool:
        if _HASHED.isdisjoint(self._inventory.versions.get(mv, {})):
            return self._take_if_there(mv, Role.ZIPHASH, finding)
        if finding.expected:
            data = finding.expected.encode()
            self.plan.writes[finding.path] = (data, finding)
        return bool(finding.expected)

    def _fetch(self, mv: ModuleVersion, role: FileKind, finding: CacheFinding) -> bool:
        answer = self._answers.get(mv)
        if not self.can_fetch or answer is None or answer.cause is not None:
            return False  # what comes could not be proven
        known = {FileKind.ZIP: answer.zip_h1, FileKind.MOD: answer.mod_h1}
        if not known.get(role, answer.mod_h1):
            return False
        self.plan.fetches.setdefault(mv, {})[role] = finding
        return True

    def _take_if_there(
        self, mv: ModuleVersion, role: Part, finding: CacheFinding
    ) -> bool:
        entry: Entry | None = self._inventory.versions.get(mv, {}).get(role)
        if entry is not None:
            self.plan.takes.setdefault(entry.path, finding)
        return entry is not None
