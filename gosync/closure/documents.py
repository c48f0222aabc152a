"""Reports of a closure check as JSON documents."""

from __future__ import annotations

from gosync.closure.closure import ClosureReport
from gosync.closure.golang import GoRun
from gosync.closure.trial import Trial
from gosync.folder.findings import TreeFinding


def report_document(report: ClosureReport) -> dict[str, object]:
    """Return what the tree has of a project."""
    return {
        "path": str(report.project.folder),
        "deps": report.deps.value,
        "complete": not report.findings,
        "modules": report.modules,
        "go_mods": report.go_mods,
        "files": report.files,
        "findings": [_finding_document(each) for each in report.findings],
    }


def trial_document(trial: Trial) -> dict[str, object]:
    """Return what a real go made of it; what failed with its output."""
    return {
        "ok": not trial.exit_code,
        "network": "none" if trial.cut else "not cut",
        "commands": [_command_document(each) for each in trial.commands],
    }


def _finding_document(finding: TreeFinding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "file": finding.path,
        "path": finding.mv.path,
        "version": finding.mv.version,
        "reason": finding.reason,
        "why": finding.why,
        "security": finding.security,
    }


def _command_document(done: GoRun) -> dict[str, object]:
    return {
        "command": done.command,
        "exit_code": done.exit_code,
        "seconds": round(done.seconds, 1),
        "output": "" if done.ok else done.stderr + done.stdout,
    }
