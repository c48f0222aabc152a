"""Next steps for a project that a tree lacks something of: what to run or select."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from gosync.closure.closure import ClosureReport
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.gomod.module import ModuleVersion
from gosync.hint import Hint, advise, command
from gosync.site.signaturerules import REQUIRE


def next_steps(report: ClosureReport, *, selected: bool) -> Iterator[Hint]:
    """Yield what to do, a step a hint; none if the project is complete.

    Args:
        report: The findings.
        selected: Whether the configuration selects the project already.
    """
    if any(each.security for each in report.findings):
        yield advise(
            "keep the tree as it is, and find out who changed it or the project"
        )
    for mv, reason in sorted(_kept_out(report.findings).items()):
        yield advise(
            "{} is {}; let the project take another version of it", str(mv), reason
        )
    yield from _let_in(report.findings)
    lacking = _lacking(report.findings)
    if lacking and selected:
        yield advise(
            "run {} where the tree is made: the project is selected there",
            command("sync"),
        )
    elif lacking:
        yield advise(
            "where the tree is made, add this to gosync.toml and run {}:{}",
            command("sync"),
            "".join(f"\n{line}" for line in _snippet(report, lacking)),
        )
    absent = {*lacking, *_kept_out(report.findings)}
    if any(_is_damage(each, absent) for each in report.findings):
        yield advise(
            "this tree is damaged: copy it again; if it is so where it is made,\n"
            "let {} write a new one",
            command("publish", "DIR"),
        )


def _let_in(findings: Iterable[TreeFinding]) -> Iterator[Hint]:
    """Yield what lets in what is denied: the signature that lacks, or an exception."""
    denied = {each.mv: each.rule for each in findings if each.denied}
    for mv in sorted(mv for mv, rule in denied.items() if rule == REQUIRE):
        yield advise(
            "or, whoever may sign it: {}, then {}, where the tree is made",
            command("attest sign", str(mv), "--key", "KEY.key"),
            command("sync"),
        )
    if any(rule != REQUIRE for rule in denied.values()):
        yield advise(
            "or ask whoever makes the tree for an exception: [[policy.exception]]"
        )


def _kept_out(findings: Iterable[TreeFinding]) -> dict[ModuleVersion, str]:
    """Return the versions that are meant not to be there, and why."""
    return {each.mv: each.reason for each in findings if each.is_kept_out}


def _lacking(findings: Iterable[TreeFinding]) -> dict[ModuleVersion, bool]:
    """Return the versions that are not carried, and whether more than the .mod."""
    lacking: dict[ModuleVersion, bool] = {}
    for each in findings:
        is_own = each.path.endswith((".info", ".mod", ".zip"))
        if each.kind is not TreeFault.MISSING or each.is_kept_out:
            continue
        if is_own and not each.listed:
            more = not each.path.endswith(".mod")
            lacking[each.mv] = lacking.get(each.mv, False) or more
    return lacking


def _is_damage(finding: TreeFinding, absent: Iterable[ModuleVersion]) -> bool:
    """Tell whether a finding is of the tree, not of what was selected for it."""
    if finding.security or finding.is_kept_out or not _is_of_tree(finding):
        return False
    of_lacking = any(finding.mv.path == mv.path for mv in absent)
    return not (finding.kind is TreeFault.MISSING and of_lacking and not finding.listed)


def _is_of_tree(finding: TreeFinding) -> bool:
    """Tell a file of the tree from one of the project's own."""
    return bool(finding.mv.version) or not finding.path.endswith("/go.mod")


def _snippet(
    report: ClosureReport, lacking: dict[ModuleVersion, bool]
) -> Iterator[str]:
    yield ""
    yield "    [[project]]"
    yield f"    path = {_string(str(report.project.folder.resolve()))}"
    yield f"    deps = {_string(report.deps.value)}"
    yield ""
    yield "or, without the project at hand, what is known to be missing:"
    yield ""
    yield "    [[select]]"
    yield "    modules = ["
    for mv, whole in sorted(lacking.items()):
        yield f"        {_string(str(mv) if whole else f'{mv}/go.mod')},"
    yield "    ]"
    yield ""


def _string(text: str) -> str:
    """Return a TOML string; JSON's are."""
    return json.dumps(text, ensure_ascii=False)
