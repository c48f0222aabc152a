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
    Evidence,
    Verdict,
    exit_code_of,
    finding_document,
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


def report_document(report: VerifyReport) -> dict[str, object]:
    """Return the report as JSON."""
    outcome = report.outcome
    return {
        "target": shown(report.target),
        "kind": report.kind.value,
        "database": report.database.name if report.database else None,
        "key": report.database.verifier_key if report.database else None,
        "heads": [_head_document(each) for each in sorted_heads(outcome)],
        "begun_at": format_time(outcome.begun_at),
        "ended_at": format_time(outcome.ended_at or outcome.begun_at),
        "continues": format_time(outcome.continues) if outcome.continues else None,
        "versions": outcome.versions,
        "checked": outcome.checked,
        "earlier": outcome.earlier,
        "left": outcome.left,
        "outside_subset": outcome.outside,
        "bytes": outcome.read_bytes,
        "counts": {each.value: report.counts[each] for each in Verdict},
        "findings": [finding_document(each) for each in outcome.findings],
        "unread": [
            {"path": shown(each.path), "reason": shown(each.reason)}
            for each in outcome.unread
        ],
        "misbehaved": {
            shown(str(mv)): shown(why) for mv, why in outcome.misbehaved.items()
        },
        "plan": [shown(line) for line in report.plan],
        "done": [_done_document(each) for each in report.done],
        "quarantine": report.quarantine or None,
        "undo": shown(str(report.undo)) if report.undo else None,
        "kept_in": shown(report.kept_in) or None,
        "remaining": len(report.remaining),
        "remarks": [shown(each) for each in outcome.remarks],
        "exit_code": report.exit_code,
    }


def _head_document(head: Evidence) -> dict[str, object]:
    return {
        "source": shown(head.source),
        "tree_size": head.tree_size,
        "tree_hash": head.tree_hash or None,
    }


def _done_document(done: DoneAction) -> dict[str, object]:
    return {
        "action": "failed" if done.failed else done.action,
        "tried": done.action,
        "file": shown(done.path),
        "detail": shown(done.detail),
        "failed": shown(done.failed) or None,
    }


def sorted_heads(outcome: VerifyOutcome) -> list[Evidence]:
    """Return who vouched, and in which signed trees."""
    return sorted(outcome.heads, key=lambda each: (each.source, each.tree_size or 0))
