"""A plan carried out on gosync's own store, under its lock.

Repairing: the version is fetched into the scratch store; its blobs are put in place
of the bad ones with a rename each, and the row that the gate made is journalled and
committed as after a sync. Quarantine and delete run the other way (I1): the rows
that name a bad blob are withdrawn first, then the blob goes. What was withdrawn is
wanted: the next sync fetches it, and publishing takes it out of the tree until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from gosync.catalog.versions import VersionRow
from gosync.clock import Clock, format_time
from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.batch import Batch
from gosync.progress import Progress
from gosync.store.digest import is_digest
from gosync.sync.site import Site, open_site
from gosync.verify.layouts import FILES, Role
from gosync.verify.ownstore import StoreTarget, digests_of
from gosync.verify.plan import Action
from gosync.verify.report import Done, Report, finding_document
from gosync.verify.shelf import Manifest, Moved, Shelf, remove
from gosync.verify.targets import access_of
from gosync.verify.verdicts import Finding, Fix, Verdict
from gosync.verify.workshop import Fetched, fetch_anew

if TYPE_CHECKING:
    from gosync.verify.session import Session

_BLOB_MODE: Final = 0o444


@dataclass(slots=True)
class StorePlan:
    """What is to be done to a store.

    Attributes:
        versions: The versions whose blobs are bad or missing, with a finding each.
        blobs: The blobs that go, by path.
        access: Whose mode is set, by path.
    """

    versions: dict[ModuleVersion, Finding] = field(default_factory=dict)
    blobs: dict[str, Finding] = field(default_factory=dict)
    access: dict[str, Finding] = field(default_factory=dict)

    @property
    def removals(self) -> int:
        """How many things go or are replaced."""
        return len(self.versions.keys()) + len(self.blobs)

    def lines(self, action: Action) -> Iterator[str]:
        """Yield the plan for people."""
        todo = "fetch anew" if action is Action.REPAIR else "withdraw, to be fetched,"
        go = "delete" if action is Action.DELETE else "move aside"
        yield from (f"{todo} {mv}" for mv in sorted(self.versions))
        yield from (f"{go} {path}" for path in self.blobs)
        yield from (f"set mode and owner of {path}" for path in self.access)


def plan_store(
    target: StoreTarget, findings: Iterable[Finding], action: Action
) -> StorePlan:
    """Return what can be done about a store's findings."""
    plan = StorePlan()
    for finding in findings:
        if finding.cause is not None or finding.fix is Fix.NOTHING:
            continue
        if finding.fix is Fix.ACCESS:
            if action is Action.REPAIR:
                plan.access[finding.path] = finding
        elif is_digest(finding.path.rpartition("/")[2]):
            _plan_blob(target, plan, finding)
    return plan


def _plan_blob(target: StoreTarget, plan: StorePlan, finding: Finding) -> None:
    if finding.verdict is Verdict.ORPHAN:
        plan.blobs[finding.path] = finding
        return
    if finding.verdict is not Verdict.INCOMPLETE:
        plan.blobs[finding.path] = finding
    digest = finding.path.rpartition("/")[2]
    for mv, row in target.rows.items():
        if digest in digests_of(row).values():
            plan.versions.setdefault(mv, finding)


async def act_on_store(
    session: Session,
    target: StoreTarget,
    plan: StorePlan,
    report: Report,
    action: Action,
    clock: Clock,
    progress: Progress,
) -> None:
    """Carry a plan out, and note it in the report.

    Raises:
        LockedError: if another gosync holds the store's lock.
        StoreError: if the store cannot be written.
    """
    options = replace(session.request.site, store_path=session.request.path)
    with open_site(options, command="gosync verify", clock=clock) as site:
        doing = _Doing(session, target, plan, report, action, clock, site)
        if action is Action.REPAIR and plan.versions:
            await doing.repair(progress)
        else:
            doing.remove()
        report.done = doing.done


@dataclass(slots=True)
class _Doing:
    session: Session
    target: StoreTarget
    plan: StorePlan
    report: Report
    action: Action
    clock: Clock
    site: Site
    done: list[Done] = field(default_factory=list)

    def remove(self) -> None:
        """Withdraw rows, then let blobs go; a repair has only orphans and modes."""
        shelf, moved = self._shelf()
        keys = [(mv.path, mv.version) for mv in self.plan.versions]
        if keys:
            self.site.catalog.versions.withdraw(keys)
        for mv, finding in self.plan.versions.items():
            self._note("withdrawn", str(mv), finding)
        named = self.site.catalog.versions.digests()
        for path, finding in self.plan.blobs.items():
            if path.rpartition("/")[2] in named:
                self._note("kept", path, finding, "a version has it by now")
            else:
                self._let_go(shelf, moved[path])
        self._set_access()

    def _let_go(self, shelf: Shelf, moved: Moved) -> None:
        finding = self.plan.blobs[moved.path]
        done = "deleted" if self.action is Action.DELETE else "quarantined"
        try:
            if self.action is Action.DELETE:
                remove(self.target.tree, moved.path)
            else:
                shelf.take(self.target.tree, moved)
        except OSError as exc:
            self._note(done, moved.path, finding, exc.strerror or str(exc))
        else:
            self._note(done, moved.path, finding)

    async def repair(self, progress: Progress) -> None:
        """Fetch what is bad, put it in place, then let the rest go."""
        answers = self.report.outcome.answers
        wanted = {
            mv: answers[mv]
            for mv in self.plan.versions
            if mv in answers and answers[mv].cause is None
        }
        async with fetch_anew(
            wanted,
            site=self.session.request.site,
            private=self.session.request.private,
            folder=self.session.request.state_folder,
            clock=self.clock,
            progress=progress,
        ) as fetched:
            shelf, moved = self._shelf()
            for path, each in moved.items():
                if (self.target.tree.root / path).exists():
                    shelf.keep_copy(self.target.tree, each)
            rows = list(self._admit(fetched))
        await self._commit(rows)
        self._let_unnamed_go()
        self._set_access()

    def _admit(self, fetched: Fetched) -> Iterator[VersionRow]:
        """Put the blobs of what came in place, and yield its rows."""
        for mv, finding in self.plan.versions.items():
            row = fetched.rows.get(mv)
            if row is None:
                reason = fetched.failed.get(mv, "nobody could prove what would come")
                self._note("repaired", finding.path, finding, reason)
                continue
            for role in FILES:
                self._put(fetched, mv, role)
            self._note("repaired", finding.path, finding)
            yield row

    def _put(self, fetched: Fetched, mv: ModuleVersion, role: Role) -> None:
        with self.site.blobs.stage() as staged:
            for piece in fetched.pieces(mv, role):
                staged.write(piece)
            self.site.blobs.admit(staged, want=fetched.digest(mv, role), replace=True)

    async def _commit(self, rows: Iterable[VersionRow]) -> None:
        batch = Batch(
            blobs=self.site.blobs,
            journal=self.site.journal,
            catalog=self.site.catalog,
            clock=self.clock,
        )
        for row in rows:
            known = self.target.rows[ModuleVersion(row.path, row.version)]
            await batch.add(
                replace(row, found_by=known.found_by, index_time=known.index_time)
            )
        await batch.commit()

    def _let_unnamed_go(self) -> None:
        """Remove bad blobs that no row names any more; they are on the shelf."""
        named = self.site.catalog.versions.digests()
        for path in self.plan.blobs:
            there = (self.target.tree.root / path).exists()
            if path.rpartition("/")[2] not in named and there:
                remove(self.target.tree, path)

    def _set_access(self) -> None:
        for path, finding in self.plan.access.items():
            try:
                access_of(self.target.tree, path, mode=_BLOB_MODE)
            except (OSError, GosyncError) as exc:
                self._note("repaired", path, finding, str(exc))
            else:
                self._note("repaired", path, finding)

    def _shelf(self) -> tuple[Shelf, Mapping[str, Moved]]:
        moved = {
            path: Moved(number, path, finding_document(finding))
            for number, (path, finding) in enumerate(self.plan.blobs.items(), 1)
        }
        now = self.clock.now()
        manifest = Manifest(
            target=self.target.name,
            kind=self.target.kind.value,
            action=self.action.value,
            at=format_time(now),
            entries=list(moved.values()),
        )
        shelf = Shelf.build(self.session.request.state_folder, manifest, now)
        self.report.quarantine = shelf.id
        return shelf, moved

    def _note(self, action: str, path: str, finding: Finding, failed: str = "") -> None:
        self.done.append(Done(action, path, "", finding, failed))
