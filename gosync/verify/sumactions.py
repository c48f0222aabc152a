"""What can be done to a go.sum: its wrong lines are written anew, or go.

``--repair`` writes the ``h1:`` that the log has in place of a line's own; quarantine
and delete leave the line out, and ``go`` asks the checksum database again for it.
The file as it was is on the shelf, except after a deletion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gosync.clock import Clock, format_time
from gosync.closure.tree import Tree
from gosync.gomod.gosum import MAX_GO_SUM_BYTES
from gosync.verify.plan import Action
from gosync.verify.report import Done, Report, finding_document
from gosync.verify.shelf import Manifest, Moved, Shelf, write
from gosync.verify.sumlines import SumTarget
from gosync.verify.verdicts import Finding, Fix

_DONE = {
    Action.REPAIR: "repaired",
    Action.QUARANTINE: "quarantined",
    Action.DELETE: "deleted",
}


def plan_sums(findings: Sequence[Finding]) -> dict[int, Finding]:
    """Return the lines that something is to be done about, by their number."""
    return {
        int(finding.path.rpartition(":")[2]): finding
        for finding in findings
        if finding.fix in {Fix.REWRITE, Fix.DROP}
    }


def plan_lines(plan: Mapping[int, Finding], action: Action) -> Iterator[str]:
    """Yield the plan for people."""
    for finding in plan.values():
        anew = action is Action.REPAIR and finding.fix is Fix.REWRITE
        done = f"write {finding.expected} into" if anew else "leave out"
        yield f"{done} line {finding.path}"


def act_on_sums(
    target: SumTarget,
    plan: Mapping[int, Finding],
    report: Report,
    action: Action,
    *,
    state: Path,
    clock: Clock,
) -> None:
    """Carry a plan out, and note it in the report.

    Raises:
        StoreError: if what was there cannot be kept.
        OSError: if the file cannot be written.
    """
    tree, name = Tree(target.file.parent), target.file.name
    data = tree.read(name, limit_bytes=MAX_GO_SUM_BYTES)
    new = rewritten(data, plan, action)
    first = next(iter(plan.values()))
    wrote = hashlib.sha256(new).hexdigest()
    moved = Moved(1, name, finding_document(first), wrote)
    now = clock.now()
    manifest = Manifest(
        target=str(tree.root),
        kind=target.kind.value,
        action=action.value,
        at=format_time(now),
        entries=[moved],
    )
    shelf = Shelf.build(state, manifest, now)
    report.quarantine = shelf.id
    if action is not Action.DELETE:
        shelf.keep_copy(tree, moved)
    write(tree, name, [new])
    report.done = [Done(_DONE[action], f.path, "", f) for f in plan.values()]


def rewritten(data: bytes, plan: Mapping[int, Finding], action: Action) -> bytes:
    """Return a go.sum with what is planned done to its lines. Pure."""
    rows = data.split(b"\n")
    kept = []
    for number, row in enumerate(rows, 1):
        finding = plan.get(number)
        if finding is None:
            kept.append(row)
        elif action is Action.REPAIR and finding.fix is Fix.REWRITE:
            kept.append(row.replace(finding.found.encode(), finding.expected.encode()))
    return b"\n".join(kept)
