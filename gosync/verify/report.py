"""Report of a verify run: what was checked, found and done, as JSON, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from gosync.clock import format_time
from gosync.folder.layouts import TargetKind
from gosync.hint import Command, Hint
from gosync.sumdb.names import Database
from gosync.text import shown
from gosync.verify.act.done import DoneAction
from gosync.verify.look.engine import VerifyOutcome
from gosync.verify.remedy import Remaining, next_steps, polluted_versions
from gosync.verify.verdicts import (
    EXIT_FOUND,
    EXIT_REPAIRED,
    CacheFinding,
    CacheFindingReport,
    Evidence,
    Verdict,
    exit_code_of,
)


class VerifyReport(msgspec.Struct, kw_only=True):
    """Everything about one run.

    Attributes:
        target: What was looked at.
        kind: What it is.
        database: What was believed; None for no checksum database.
        outcome: What was found.
        kept_in: Where a later run finds it, "" for nowhere.
        plan: What is to be done, for people, one line each.
        done: What was done.
        quarantine: The id under which what was done can be undone, "" for none.
        undo: The command that undoes it, None where nothing can.
        remaining: What is still not as it should be.
    """

    target: str
    kind: TargetKind
    database: Database | None
    outcome: VerifyOutcome
    kept_in: str = ""
    plan: Sequence[str] = ()
    done: Sequence[DoneAction] = ()
    quarantine: str = ""
    undo: Command | None = None
    remaining: list[CacheFinding] = msgspec.field(default_factory=list)

    @property
    def counts(self) -> Counter[Verdict]:
        """How many findings there are of each verdict; ok counts versions."""
        found = Counter(each.verdict for each in self.outcome.findings)
        found[Verdict.OK] = self.outcome.proven
        return found

    @property
    def handled(self) -> int:
        """How many things were done."""
        return sum(not each.failed for each in self.done)

    @property
    def next_steps(self) -> list[Hint]:
        """What to do about what remains."""
        found = (*self.outcome.findings, *self.remaining)
        remaining = Remaining(
            target=self.target,
            findings=self.remaining,
            polluted=polluted_versions(found),
            misbehaved=bool(self.outcome.misbehaved),
            left=self.outcome.left,
        )
        return list(next_steps(remaining))

    @property
    def exit_code(self) -> int:
        """See ``verdicts``; what could not be looked at or done remains, too."""
        code = exit_code_of(
            self.remaining,
            handled=self.handled,
            misbehaved=bool(self.outcome.misbehaved),
        )
        is_left = self.outcome.unread or any(each.failed for each in self.done)
        return EXIT_FOUND if is_left and code in {0, EXIT_REPAIRED} else code


class HeadReport(msgspec.Struct, frozen=True):
    """Who vouched, and in which signed tree."""

    source: str
    tree_size: int | None
    tree_hash: str | None

    @classmethod
    def of(cls, head: Evidence) -> HeadReport:
        """Return what is told of a head."""
        return HeadReport(shown(head.source), head.tree_size, head.tree_hash or None)


class UnreadReport(msgspec.Struct, frozen=True):
    """What could not be looked at, and why."""

    path: str
    reason: str


class DoneReport(msgspec.Struct, frozen=True):
    """Something that was done, or could not be.

    Attributes:
        action: What was done; "failed" where it could not be.
        tried: What was to be done.
        file: To what.
        detail: Where it went, or where the new bytes came from.
        failed: Why it could not be done, or None.
    """

    action: str
    tried: str
    file: str
    detail: str
    failed: str | None

    @classmethod
    def of(cls, done: DoneAction) -> DoneReport:
        """Return what is told of something that was done."""
        return DoneReport(
            action="failed" if done.failed else done.action,
            tried=done.action,
            file=shown(done.path),
            detail=shown(done.detail),
            failed=shown(done.failed) or None,
        )


class VerifiedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gosync verify`` tells; its fields are the document's keys.

    Attributes:
        target: What was looked at.
        kind: What it is.
        database: The name of the checksum database that was believed, or None.
        key: That database's key.
        heads: Who vouched, in which signed trees.
        begun_at: When it began.
        ended_at: When it ended.
        continues: When the round began that it went on with, or None.
        versions: As in VerifyOutcome, as are ``checked``, ``earlier`` and ``left``.
        outside_subset: How many versions are outside the subset.
        bytes: How much was read.
        counts: How many findings there are of each verdict; ok counts versions.
        findings: What is not as it should be, the gravest first.
        unread: What could not be looked at.
        misbehaved: What the log was caught at, by version.
        plan: What is to be done, line by line.
        done: What was done.
        quarantine: The id under which that can be undone, or None.
        undo: The command that undoes it, or None.
        kept_in: Where a later run finds it, or None.
        remaining: How much is still not as it should be.
        remarks: What else should be known.
        exit_code: The process's.
        next: What to do about what remains.
    """

    target: str
    kind: TargetKind
    database: str | None
    key: str | None
    heads: list[HeadReport]
    begun_at: str
    ended_at: str
    continues: str | None
    versions: int
    checked: int
    earlier: int
    left: int
    outside_subset: int
    bytes: int
    counts: dict[Verdict, int]
    findings: list[CacheFindingReport]
    unread: list[UnreadReport]
    misbehaved: dict[str, str]
    plan: list[str]
    done: list[DoneReport]
    quarantine: str | None
    undo: str | None
    kept_in: str | None
    remaining: int
    remarks: list[str]
    exit_code: int
    next: list[str]


def verified_report(report: VerifyReport) -> VerifiedReport:
    """Return what is told of a run, its strings as any encoder takes them."""
    outcome, database = report.outcome, report.database
    return VerifiedReport(
        target=shown(report.target),
        kind=report.kind,
        database=database.name if database else None,
        key=database.verifier_key if database else None,
        heads=list(map(HeadReport.of, sorted_heads(outcome))),
        begun_at=format_time(outcome.begun_at),
        ended_at=format_time(outcome.ended_at or outcome.begun_at),
        continues=format_time(outcome.continues) if outcome.continues else None,
        versions=outcome.versions,
        checked=outcome.checked,
        earlier=outcome.earlier,
        left=outcome.left,
        outside_subset=outcome.outside,
        bytes=outcome.read_bytes,
        counts={each: report.counts[each] for each in Verdict},
        findings=list(map(CacheFindingReport.of, outcome.findings)),
        unread=[UnreadReport(shown(u.path), shown(u.reason)) for u in outcome.unread],
        misbehaved={shown(str(mv)): shown(y) for mv, y in outcome.misbehaved.items()},
        plan=list(map(shown, report.plan)),
        done=list(map(DoneReport.of, report.done)),
        quarantine=report.quarantine or None,
        undo=shown(str(report.undo)) if report.undo else None,
        kept_in=shown(report.kept_in) or None,
        remaining=len(report.remaining),
        remarks=list(map(shown, outcome.remarks)),
        exit_code=report.exit_code,
        next=[shown(str(step)) for step in report.next_steps],
    )


class RestoreReport(msgspec.Struct, frozen=True):
    """What ``gosync verify --restore`` tells.

    Attributes:
        target: Where things were put back.
        restored: What was.
        failed: What could not be, and why.
    """

    target: str
    restored: list[str]
    failed: dict[str, str]


def sorted_heads(outcome: VerifyOutcome) -> list[Evidence]:
    """Return who vouched, and in which signed trees."""
    return sorted(outcome.heads, key=lambda each: (each.source, each.tree_size or 0))
