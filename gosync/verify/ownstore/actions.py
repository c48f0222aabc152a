"""A plan carried out on gosync's own store, while others work on it.

Repairing: versions are fetched into the scratch store; their blobs are put in place
of the bad ones with a rename each, and the rows that the gate made are journalled and
committed as after a sync. Quarantine and delete run the other way (I1): the rows that
name a bad blob are withdrawn first, then the blob goes. What was withdrawn is wanted:
the next sync fetches it, and publishing takes it out of the tree until then.

The quarantine has what went, and says what the rows were; ``restore`` brings back
both. A row that has changed since it was looked at is left alone, and so is a version
that another run has leased. Rows change, journals are cleaned and blobs go under the
writer lock only; a blob goes where neither a row nor an announcement names it, both
looked at in the transaction in which it goes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Final

from msgspec.structs import replace

from gosync.catalog.versions import Need, VersionRow
from gosync.errors import GosyncError
from gosync.folder.layouts import PathPlace, Role
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.ingest.batch import Batch
from gosync.ingest.entries import version_entry
from gosync.site.site import Site
from gosync.store.digest import Digest, digest_of
from gosync.store.journal import format_entry
from gosync.store.layout import BLOBS, blob_path, database_folder
from gosync.verify.act.access import Mending, pieces_of, plan_access
from gosync.verify.act.actor import Acted, ActSetting
from gosync.verify.act.done import GONE, DoneActions
from gosync.verify.act.fetching import fetch_all, trust_for_log
from gosync.verify.act.logrepair import LogFiles
from gosync.verify.act.plan import Action
from gosync.verify.act.quarantine import ChangedRow, Moved, TargetQuarantine
from gosync.verify.act.scratch import Fetched
from gosync.verify.ownstore.checking import digests_in, digests_of
from gosync.verify.ownstore.holding import hold_tree, hold_versions
from gosync.verify.ownstore.journalrepair import JournalRepair
from gosync.verify.ownstore.moves import moves_of
from gosync.verify.ownstore.plan import StorePlan
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.sources import open_log
from gosync.work.progress import Progress

_BLOB_MODE: Final = 0o444
_CHANGED: Final = "has changed since it was looked at"
_NEEDED: Final = "a version or another run has it by now"
_PORTION: Final = 100


class StoreWork:
    """A plan while it is carried out on an open store."""

    def __init__(
        self,
        target: StoreTarget,
        plan: StorePlan,
        answers: Mapping[ModuleVersion, ProofAnswer],
        action: Action,
        setting: ActSetting,
        site: Site,
    ) -> None:
        """Take a plan, and the store opened to be changed."""
        self.target = target
        self.plan = plan
        self.answers = answers
        self.action = action
        self.setting = setting
        self.site = site
        self.done = DoneActions()
        self.quarantine_id = ""
        self._versions = dict(plan.versions)
        self._journal = JournalRepair(target.tree, site, plan)
        self._moves = moves_of(target.tree, site.blobs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lease the versions of the plan; those that others have are left.

        A repair leases the tree only while something goes: it may fetch for long.

        Raises:
            LockedError: if another run publishes, or makes the selection and the
                versions are many.
            StoreError: if the catalog cannot be written.
        """
        removes = self.action is not Action.REPAIR
        with (
            hold_versions(self.site, self._versions) as others,
            hold_tree(self.site) if removes else nullcontext(),
        ):
            for mv, reason in others.items():
                self.done.note("left", str(mv), self._versions.pop(mv), reason)
            yield

    def acted(self) -> Acted:
        """Return what became of it."""
        can_be_undone = self.done.can_be_undone(self.action) or self.only_withdrew
        quarantine = self.quarantine_id if can_be_undone else ""
        return Acted(self.done.actions, quarantine, self._journal.remarks)

    @property
    def only_withdrew(self) -> bool:
        """Whether rows alone changed, which the quarantine has."""
        done = {each.action for each in self.done.actions if not each.failed}
        return done == {"withdrawn"}

    def remove(self) -> None:
        """Withdraw rows, then let go what nothing names."""
        rows = dict(self._unchanged())
        quarantine, moved = self._quarantine(rows, dict.fromkeys(rows), {}, Mending())
        for mv in self._withdraw(rows):
            self.done.note("withdrawn", str(mv), self.plan.versions[mv])
        self._take_all(quarantine, moved)

    def _withdraw(
        self, rows: Mapping[ModuleVersion, VersionRow]
    ) -> list[ModuleVersion]:
        """Withdraw the rows that are still the same; return their versions."""
        if not rows:
            return []
        versions = self.site.catalog.versions
        with self.site.catalog.transaction():
            same = [mv for mv in rows if self._is_unchanged(mv)]
            versions.withdraw(same)
        return same

    def _unchanged(self) -> Iterator[tuple[ModuleVersion, VersionRow]]:
        """Yield the rows that are still as they were when they were looked at."""
        for mv, finding in self._versions.items():
            row = self.site.catalog.versions.get(mv)
            if row is not None and self._is_unchanged(mv):
                yield mv, row
            else:
                self.done.note("left", str(mv), finding, _CHANGED)

    def _is_unchanged(self, mv: ModuleVersion) -> bool:
        row = self.site.catalog.versions.get(mv)
        return row is not None and digests_of(row) == digests_of(self.target.rows[mv])

    def _take_all(
        self, quarantine: TargetQuarantine, moved: Mapping[str, Moved]
    ) -> None:
        """Let go what is planned; a blob only if nobody needs it."""
        there = [path for path in self.plan.takes if self._moves.is_there(path)]
        blobs = [path for path in there if path.startswith(BLOBS)]
        for path in there:
            if not path.startswith(BLOBS):
                self._take(path, quarantine, moved)
        versions = self.site.catalog.versions
        seen = versions.last_change()
        named = versions.named_blobs()
        for start in range(0, len(blobs), _PORTION):
            portion = {
                each.rpartition("/")[2]: each
                for each in blobs[start:][:_PORTION]
                if self._is_prepared(each, quarantine, moved)
            }
            with self.site.catalog.transaction():
                needed = versions.digests(changed_after=seen)
                needed |= self.site.catalog.announcements.among(portion)
                for digest, path in portion.items():
                    if digest not in needed and digest not in named:
                        self._take(path, quarantine, moved)
                    elif self.action is not Action.REPAIR:
                        finding = self.plan.takes[path]
                        self.done.note("kept", path, finding, _NEEDED)

    def _is_prepared(
        self, path: str, quarantine: TargetQuarantine, moved: Mapping[str, Moved]
    ) -> bool:
        """Prepare to move a blob, outside of the catalog's transaction."""
        work = partial(self._moves.prepare, quarantine, moved[path])
        action, finding = GONE[self.action], self.plan.takes[path]
        return self.action is Action.DELETE or self.done.prepare(
            action, path, finding, work
        )

    def _take(
        self, path: str, quarantine: TargetQuarantine, moved: Mapping[str, Moved]
    ) -> None:
        """Move something aside, or delete it."""
        work = partial(self._moves.take, quarantine, moved[path])
        if self.action is Action.DELETE:
            work = partial(self._moves.remove, path)
        self.done.attempt(GONE[self.action], path, self.plan.takes[path], work)

    async def repair(self, progress: Progress) -> None:
        """Fetch what is bad, put it in place, then mend what lies beside."""
        rows, tiles = dict(self._unchanged()), await self._bring_tiles()
        async with self._fetched(rows, progress) as fetched:
            came = dict(self._came(rows, fetched))
            mending = self._mending()
            quarantine, moved = self._quarantine(rows, came, tiles, mending)
            with self.site.writing():  # what is added goes into what is sound
                self._journal.clean(self.done, quarantine, moved)
            came = self._put_blobs(came, fetched, quarantine, moved)
        await self._commit(came)
        if self.plan.takes:
            async with self.site.holding_tree():  # a publish might link what goes
                self._take_all(quarantine, moved)
        for path, data in tiles.items():
            put = partial(quarantine.replace, self.target.tree, moved[path], [data])
            work = partial(put, keep=True)
            self.done.attempt("repaired", path, self.plan.tiles[path], work)
        if self.plan.journal or self.plan.unsaid:
            with self.site.writing():
                self._journal.add_lacking()
        for mv, finding in self.plan.unsaid.items():
            self.done.note("repaired", f"{finding.path}: {mv}", finding)
        with self.site.writing():  # a journal, too, is copied while nobody appends
            self._set_access(mending, quarantine, moved)

    async def _bring_tiles(self) -> dict[str, bytes]:
        """Return the tiles that could be had, by their path in the store."""
        trust = trust_for_log(self.setting.request, self.setting.trust)
        if not self.plan.tiles or trust is None or trust.database is None:
            return {}
        folder = database_folder(trust.database.name)
        places = {
            path: PathPlace(role=Role.TILE, name=path.removeprefix(f"{folder}/"))
            for path in self.plan.tiles
        }
        async with open_log(trust, self.setting.clock) as log:
            assert log is not None
            brought = await LogFiles(log, None).bring(places.values())
        found = {}
        for path, place in places.items():
            data = brought[place.name]
            if isinstance(data, bytes):
                found[path] = data
            else:
                self.done.note("repaired", path, self.plan.tiles[path], data)
        return found

    @asynccontextmanager
    async def _fetched(
        self, rows: Mapping[ModuleVersion, VersionRow], progress: Progress
    ) -> AsyncIterator[Fetched]:
        """Fetch the versions that somebody vouches for."""
        known = {mv: self.answers[mv] for mv in rows if mv in self.answers}
        wanted = {mv: each for mv, each in known.items() if each.cause is None}
        mods = {mv for mv, row in rows.items() if row.carried is Need.MOD}
        request, clock = self.setting.request, self.setting.clock
        async with fetch_all(request, wanted, mods, clock, progress) as fetched:
            yield fetched

    def _came(
        self, rows: Mapping[ModuleVersion, VersionRow], fetched: Fetched
    ) -> Iterator[tuple[ModuleVersion, VersionRow]]:
        """Yield the new rows of what came, and note what did not."""
        for mv, known in rows.items():
            if (row := fetched.rows.get(mv)) is not None:
                found_by, index_time = known.found_by, known.index_time
                yield mv, replace(row, found_by=found_by, index_time=index_time)
                continue
            reason = fetched.failed.get(mv, "nobody could prove what would come")
            finding = self.plan.versions[mv]
            self.done.note("repaired", finding.path, finding, reason)

    def _put_blobs(
        self,
        came: Mapping[ModuleVersion, VersionRow],
        fetched: Fetched,
        quarantine: TargetQuarantine,
        moved: Mapping[str, Moved],
    ) -> dict[ModuleVersion, VersionRow]:
        """Put blobs in their places; return the rows of which all are there."""
        whole = {}
        for mv, row in came.items():
            try:
                self.site.holder.announce(digests_of(row).values())
                for role in digests_of(row):
                    self._put(fetched, mv, role, quarantine, moved)
            except OSError as exc:
                self._not_put(mv, exc.strerror or str(exc))
            except GosyncError as exc:
                self._not_put(mv, str(exc))
            else:
                whole[mv] = row
        return whole

    def _not_put(self, mv: ModuleVersion, reason: str) -> None:
        finding = self.plan.versions[mv]
        self.done.note("repaired", finding.path, finding, reason)

    def _put(
        self,
        fetched: Fetched,
        mv: ModuleVersion,
        role: FileKind,
        quarantine: TargetQuarantine,
        moved: Mapping[str, Moved],
    ) -> None:
        digest, tree = fetched.digest(mv, role), self.target.tree
        path = blob_path(digest)
        is_bad = path in self.plan.takes and path in moved
        if is_bad and self._moves.is_there(path):
            self._moves.keep_copy(quarantine, moved[path])
        with suppress(FileNotFoundError), tree.folder(path.rpartition("/")[0]):
            pass  # that no link leads elsewhere
        with self.site.blobs.stage() as staged:
            for piece in fetched.pieces(mv, role):
                staged.write(piece)
            self.site.blobs.admit(staged, want=digest, replace=True)

    async def _commit(self, came: Mapping[ModuleVersion, VersionRow]) -> None:
        batch = Batch(
            holder=self.site.holder,
            blobs=self.site.blobs,
            journal=self.site.journal,
            catalog=self.site.catalog,
            clock=self.setting.clock,
        )
        for row in came.values():
            await batch.add(row)
        await batch.commit()
        for mv in came:
            finding = self.plan.versions[mv]
            self.done.note("repaired", finding.path, finding)

    def _mending(self) -> Mending:
        """Return what is to be done about modes: blobs have one, others their own."""
        tree, mending = self.target.tree, Mending()
        blobs = {p: f for p, f in self.plan.access.items() if p.startswith(BLOBS)}
        beside = {p: f for p, f in self.plan.access.items() if p not in blobs}
        for found in (
            plan_access(tree, blobs, mode=_BLOB_MODE),
            plan_access(tree, beside),
        ):
            mending.changes += found.changes
            mending.copies |= found.copies
            mending.failed += found.failed
        return mending

    def _set_access(
        self, mending: Mending, quarantine: TargetQuarantine, moved: Mapping[str, Moved]
    ) -> None:
        tree = self.target.tree
        for path, each in mending.copies.items():
            put = partial(quarantine.replace, tree, moved[path], pieces_of(tree, path))
            work = partial(put, keep=True, mode=each.mode)
            self.done.attempt("repaired", path, each.finding, work)
        self.done.change_access(tree, mending)

    def _quarantine(
        self,
        rows: Mapping[ModuleVersion, VersionRow],
        after: Mapping[ModuleVersion, VersionRow | None],
        tiles: Mapping[str, bytes],
        mending: Mending,
    ) -> tuple[TargetQuarantine, Mapping[str, Moved]]:
        """Make the quarantine: it says what will be in it, and how rows change."""
        wrote = {path: each.sha256 for path, each in mending.copies.items()}
        wrote |= {path: digest_of(data) for path, data in tiles.items()}
        for row in after.values():
            digests = digests_of(row).values() if row is not None else ()
            wrote |= {blob_path(Digest(digest)): digest for digest in digests}
        moves = self.plan.moves
        moves |= {path: each.finding for path, each in mending.copies.items()}
        moved = {
            path: Moved.of(number, path, finding, wrote.get(path))
            for number, (path, finding) in enumerate(moves.items(), 1)
        }
        quarantine = TargetQuarantine.build(
            self.setting.request.state_folder,
            self.target.tree,
            moved.values(),
            kind=self.target.kind,
            action=self.action,
            now=self.setting.clock.now(),
            rows=[self._change(rows[mv], row) for mv, row in after.items()],
            access=[changed for changed, _ in mending.changes],
            is_there=self._moves.is_there,
        )
        self.quarantine_id = quarantine.id
        return quarantine, moved

    def _change(self, was: VersionRow, row: VersionRow | None) -> ChangedRow:
        lacked = [
            digest
            for digest in digests_of(was).values()
            if not self._moves.is_there(blob_path(Digest(digest)))
        ]
        return ChangedRow(
            was=format_entry(version_entry(was)).decode("ascii").rstrip("\n"),
            now=digests_in(row),
            lacked=lacked,
        )
