"""A plan carried out on a folder of modules, so that it can be killed anywhere.

Removing runs as publishing does, backwards: what a list names is taken from the list
first, then the file goes. Repairing runs forwards: fetched and proven, then put in
place with one rename each (``.mod``, ``.zip``, ``.info``), then the list. What was
there before is in quarantine by then; what is deleted is described there. A file that
has changed since it was looked at is left alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gosync.errors import GosyncError
from gosync.folder.foreign import recognised
from gosync.folder.layouts import Part, Role, TargetKind
from gosync.folder.placing import FILE_MODE, remove
from gosync.folder.tree import FileTree
from gosync.gomod.filekind import FileKind
from gosync.gomod.modfile import MAX_GO_MOD_BYTES
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.access import Mending, pieces_of, plan_access
from gosync.verify.act.actor import ALL, Acted, ActSetting
from gosync.verify.act.done import GONE, DoneActions
from gosync.verify.act.fetching import (
    NOTHING_AT_HAND,
    can_fetch,
    fetch_all,
    trust_for_log,
)
from gosync.verify.act.logrepair import LogFiles
from gosync.verify.act.plan import Action, FolderPlan, make_plan
from gosync.verify.act.quarantine import Moved, TargetQuarantine
from gosync.verify.act.scratch import Fetched
from gosync.verify.look.listing import latest_bytes, list_bytes
from gosync.verify.look.targets import FolderTarget
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.sources import open_log
from gosync.verify.verdicts import CacheFinding, Fix
from gosync.work.progress import Progress

_ORDER: Final = (FileKind.MOD, FileKind.ZIP, FileKind.INFO)


class _Put(msgspec.Struct):
    """Bytes on their way to a path.

    Attributes:
        path: Where to.
        finding: Why.
        sha256: Their digest, in hex.
        pieces: They themselves, drawn once.
        action: What this is called once it is done.
        mode: The mode of the new file.
        seen: What was there when it was looked at, None if the inventory knows.
    """

    path: str
    finding: CacheFinding
    sha256: str
    pieces: Iterable[bytes]
    action: str = "repaired"
    mode: int = FILE_MODE
    seen: os.stat_result | None = None


class FolderActor(msgspec.Struct, frozen=True):
    """Acts on a folder; see Actor.

    Attributes:
        target: The folder.
        setting: Of the run.
        actions: All of them.
    """

    target: FolderTarget
    setting: ActSetting
    actions: frozenset[Action] = ALL

    def refusal(self) -> str:
        """See Actor: a folder without a version of its kind may be anybody's."""
        if recognised(self.target.inventory):
            return ""
        return "no module version was recognised in it"

    def plan(
        self,
        findings: Sequence[CacheFinding],
        answers: Mapping[ModuleVersion, ProofAnswer],
        action: Action,
    ) -> FolderActions:
        """See Actor."""
        request, trust = self.setting.request, self.setting.trust
        plan = make_plan(
            self.target.layout,
            self.target.inventory,
            findings,
            answers,
            action,
            can_fetch=can_fetch(request),
            can_ask_log=trust_for_log(request, trust) is not None,
        )
        return FolderActions(self.target, self.setting, plan, answers, action)


class FolderActions(msgspec.Struct):
    """A plan for a folder; see PlannedActions.

    Attributes:
        target: The folder.
        setting: Of the run.
        plan: What is to be done.
        answers: What vouches for each version.
        action: What is wanted.
        done: What was done so far.
    """

    target: FolderTarget
    setting: ActSetting
    plan: FolderPlan
    answers: Mapping[ModuleVersion, ProofAnswer]
    action: Action
    done: DoneActions = msgspec.field(default_factory=DoneActions)

    @property
    def removals(self) -> int:
        """See PlannedActions."""
        return self.plan.removals

    def lines(self) -> Iterator[str]:
        """See PlannedActions."""
        return self.plan.lines(self.action)

    def remarks(self) -> Iterator[str]:
        """See PlannedActions."""
        if unknown := len(self.plan.unknown):
            yield f"{unknown} findings are left, beside what could not be read"
        if self.action is Action.REPAIR and not can_fetch(self.setting.request):
            lacking = sum(each.fix is Fix.FETCH for each in self.plan.left)
            if lacking:
                yield f"{lacking} left: {NOTHING_AT_HAND}"

    async def carry_out(self, progress: Progress) -> Acted:
        """See PlannedActions."""
        await self._bring_log_files()
        wanted = {mv: self.answers[mv] for mv in self.plan.fetches}
        mods = {
            mv
            for mv, files in self.plan.fetches.items()
            if files.keys() == {FileKind.MOD} and wanted[mv].mod_h1
        }
        request, clock = self.setting.request, self.setting.clock
        async with fetch_all(request, wanted, mods, clock, progress) as fetched:
            return self._carry_out(fetched)

    async def _bring_log_files(self) -> None:
        """Fetch what a tree lacks of the log; it is written with the rest."""
        if not self.plan.log_files or self.target.sums is None:
            return
        files = {
            self.target.layout.place(path, is_folder=False): (path, finding)
            for path, finding in self.plan.log_files.items()
        }
        trust = trust_for_log(self.setting.request, self.setting.trust)
        assert trust is not None  # else nothing is planned
        async with open_log(trust, self.setting.clock) as log:
            assert log is not None
            brought = await LogFiles(log, self.target.sums).bring(files)
        for place, (path, finding) in files.items():
            data = brought[place.name]
            if isinstance(data, bytes):
                self.plan.writes[path] = (data, finding)
            else:
                self.done.note("repaired", path, finding, data)

    def _carry_out(self, fetched: Fetched) -> Acted:
        puts = list(self._puts(fetched))
        lists = list(self._list_puts(fetched))
        mending = plan_access(self._tree, self.plan.access)
        copies = list(self._copies(mending))
        quarantine, moved = self._quarantine([*puts, *lists, *copies], mending)
        if self.action is Action.REPAIR:
            self._put_all(puts, quarantine, moved)
            self._take_all(quarantine, moved)
            self._put_all(lists, quarantine, moved)
        else:
            self._put_all(lists, quarantine, moved)
            self._take_all(quarantine, moved)
            self._put_all(puts, quarantine, moved)
        self._put_all(copies, quarantine, moved)
        self.done.change_access(self._tree, mending)
        can_be_undone = self.done.can_be_undone(self.action)
        return Acted(self.done.actions, quarantine.id if can_be_undone else "")

    def _copies(self, mending: Mending) -> Iterator[_Put]:
        for path, each in mending.copies.items():
            pieces = pieces_of(self._tree, path)
            one = _Put(path, each.finding, each.sha256, pieces, mode=each.mode)
            one.seen = each.seen
            yield one

    @property
    def _tree(self) -> FileTree:
        return self.target.tree

    def _puts(self, fetched: Fetched) -> Iterator[_Put]:
        """Yield what takes the place of something, in the order of publishing."""
        for mv, files in self.plan.fetches.items():
            if mv not in fetched.rows:
                reason = fetched.failed.get(mv, "it did not come")
                for finding in files.values():
                    self.done.note("repaired", finding.path, finding, reason)
                continue
            yield from self._version_puts(mv, files, fetched)
        brought = {self._ziphash_of(mv) for mv in self._brings_zip(fetched)}
        for path, (data, finding) in self.plan.writes.items():
            if path not in brought:
                yield _put_bytes(path, data, finding, "rewritten")

    def _brings_zip(self, fetched: Fetched) -> Iterator[ModuleVersion]:
        """Yield the versions whose ``.ziphash`` is written with their zip."""
        is_cache = self.target.kind is TargetKind.MODCACHE
        for mv, files in self.plan.fetches.items():
            if is_cache and FileKind.ZIP in files and mv in fetched.rows:
                yield mv

    def _ziphash_of(self, mv: ModuleVersion) -> str:
        return self.target.layout.path_of(mv, Role.ZIPHASH)

    def _version_puts(
        self,
        mv: ModuleVersion,
        files: Mapping[FileKind, CacheFinding],
        fetched: Fetched,
    ) -> Iterator[_Put]:
        for role in _ORDER:
            if role in files:
                path, finding = files[role].path, files[role]
                digest = fetched.digest(mv, role)
                yield _Put(path, finding, digest, fetched.pieces(mv, role))
        if FileKind.ZIP in files and self.target.kind is TargetKind.MODCACHE:
            h1 = fetched.rows[mv].zip_h1 or ""
            yield _put_bytes(self._ziphash_of(mv), h1.encode(), files[FileKind.ZIP])

    def _list_puts(self, fetched: Fetched) -> Iterator[_Put]:
        """Yield the lists as they should be once the plan is carried out."""
        after = self._roles_after(fetched)
        for path, finding in self.plan.lists.items():
            if self.target.kind not in {TargetKind.TREE, TargetKind.MODCACHE}:
                self.plan.takes.setdefault(finding.path, finding)  # it is fetched anew
                continue
            yield from self._module_lists(path, finding, after[path], fetched)

    def _module_lists(
        self,
        path: str,
        finding: CacheFinding,
        roles: Mapping[str, set[Part]],
        fetched: Fetched,
    ) -> Iterator[_Put]:
        module, layout = ModuleVersion(path, ""), self.target.layout

        def read(version: str, role: FileKind) -> bytes:
            return self._read(ModuleVersion(path, version), role, fetched)

        where = layout.path_of(module, Role.LIST)
        if path in self.target.inventory.lists or any(roles.values()):
            listed = list_bytes(self.target.kind, roles)
            yield _put_bytes(where, listed, finding, "rewritten")
        if path not in self.target.inventory.latests:
            return
        where = layout.path_of(module, Role.LATEST)
        try:
            latest = latest_bytes(self.target.kind, path, roles, read)
        except GosyncError as exc:  # what it would name is no file
            self.done.note("rewritten", where, finding, str(exc))
            return
        if latest is None:
            self.plan.takes.setdefault(where, finding)
        else:
            yield _put_bytes(where, latest, finding, "rewritten")

    def _roles_after(self, fetched: Fetched) -> dict[str, dict[str, set[Part]]]:
        """Return what there will be of each module that is listed anew."""
        gone = self.plan.takes.keys()
        after: dict[str, dict[str, set[Part]]] = {path: {} for path in self.plan.lists}
        for mv, entries in self.target.inventory.versions.items():
            if mv.path in after:
                roles = {r for r, each in entries.items() if each.path not in gone}
                after[mv.path][mv.version] = roles
        for mv, files in self.plan.fetches.items():
            if mv.path in after and mv in fetched.rows:
                after[mv.path].setdefault(mv.version, set()).update(files)
        return after

    def _read(self, mv: ModuleVersion, role: FileKind, fetched: Fetched) -> bytes:
        if mv in fetched.rows and role in self.plan.fetches.get(mv, {}):
            return b"".join(fetched.pieces(mv, role))
        entry = self.target.inventory.versions[mv][role]
        return self._tree.read(entry.path, limit_bytes=MAX_GO_MOD_BYTES)

    def _quarantine(
        self, puts: Iterable[_Put], mending: Mending
    ) -> tuple[TargetQuarantine, dict[str, Moved]]:
        """Make the quarantine: it says what will be in it before anything is."""
        wrote = {each.path: each for each in puts}
        paths = dict(self.plan.takes)
        paths |= {each.path: each.finding for each in wrote.values()}
        moved = {
            path: Moved.of(
                number,
                path,
                finding,
                wrote[path].sha256 if path in wrote else None,
            )
            for number, (path, finding) in enumerate(paths.items(), 1)
        }
        quarantine = TargetQuarantine.build(
            self.setting.request.state_folder,
            self._tree,
            moved.values(),
            kind=self.target.kind,
            action=self.action,
            now=self.setting.clock.now(),
            access=[changed for changed, _ in mending.changes],
        )
        return quarantine, moved

    def _put_all(
        self,
        puts: Iterable[_Put],
        quarantine: TargetQuarantine,
        moved: Mapping[str, Moved],
    ) -> None:
        keep = self.action is not Action.DELETE
        for put in puts:

            def place(put: _Put = put) -> None:
                self.target.require_unchanged(put.path, put.seen)
                there, pieces = moved[put.path], put.pieces
                quarantine.replace(self._tree, there, pieces, keep=keep, mode=put.mode)

            self.done.attempt(put.action, put.path, put.finding, place)

    def _take_all(
        self, quarantine: TargetQuarantine, moved: Mapping[str, Moved]
    ) -> None:
        for path, finding in self.plan.takes.items():

            def take(path: str = path) -> None:
                self.target.require_unchanged(path)
                if self.action is Action.DELETE:
                    remove(self._tree, path)
                else:
                    quarantine.take(self._tree, moved[path])

            self.done.attempt(GONE[self.action], path, finding, take)


def _put_bytes(
    path: str, data: bytes, finding: CacheFinding, action: str = "repaired"
) -> _Put:
    digest = hashlib.sha256(data).hexdigest()
    return _Put(path, finding, digest, [data], action)
