"""Report of ``gosync closure``: the fields are the keys of its ``--json`` document."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.closure.closure import ClosureReport
from gosync.closure.golang import GoRun
from gosync.closure.trial import Trial
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.gomod.deps import Deps


class TreeFindingReport(msgspec.Struct, frozen=True):
    """A finding as JSON; as in TreeFinding.

    Attributes:
        file: Where it is in the tree.
        path: The module path that it is of.
        version: Its version.
    """

    kind: TreeFault
    file: str
    path: str
    version: str
    reason: str
    why: str
    security: bool
    denied: bool
    chain: tuple[str, ...]

    @classmethod
    def of(cls, found: TreeFinding) -> TreeFindingReport:
        """Return what is told of a finding."""
        mv = found.mv
        return TreeFindingReport(
            found.kind,
            found.path,
            mv.path,
            mv.version,
            found.reason,
            found.why,
            found.security,
            found.denied,
            found.chain,
        )


class GoRunReport(msgspec.Struct, frozen=True):
    """A run of a go command as JSON; ``output`` is that of one that failed."""

    command: str
    exit_code: int | None
    seconds: float
    output: str


class TrialReport(msgspec.Struct, frozen=True):
    """What a real go made of a project.

    Attributes:
        ok: Whether everything succeeded.
        network: "none", or "not cut".
        commands: What ran.
    """

    ok: bool
    network: str
    commands: list[GoRunReport]

    @classmethod
    def of(cls, trial: Trial) -> TrialReport:
        """Return what is told of a trial."""
        network = "none" if trial.cut else "not cut"
        return TrialReport(
            not trial.exit_code, network, list(map(_run, trial.commands))
        )


def _run(done: GoRun) -> GoRunReport:
    output = "" if done.ok else done.stderr + done.stdout
    return GoRunReport(done.command, done.exit_code, round(done.seconds, 1), output)


class ProjectReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the tree has of a project.

    Attributes:
        path: The project's folder.
        deps: Which dependencies count.
        complete: Whether nothing was found.
        modules: As in ClosureReport.
        go_mods: As there.
        files: As there.
        findings: What was found.
        next: What to do, line by line.
        go: What a real go made of it, None if none was run.
    """

    path: str
    deps: Deps
    complete: bool
    modules: int
    go_mods: int
    files: int
    findings: list[TreeFindingReport]
    next: list[str]
    go: TrialReport | None

    @classmethod
    def of(
        cls, report: ClosureReport, steps: Iterable[str], trial: Trial | None
    ) -> ProjectReport:
        """Return what is told of a project."""
        return ProjectReport(
            path=str(report.project.folder),
            deps=report.deps,
            complete=not report.findings,
            modules=report.modules,
            go_mods=report.go_mods,
            files=report.files,
            findings=list(map(TreeFindingReport.of, report.findings)),
            next=list(steps),
            go=TrialReport.of(trial) if trial else None,
        )


class ProjectsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the tree has of all that was asked for.

    Attributes:
        tree: The tree's folder.
        exit_code: The process's.
        projects: The projects.
    """

    tree: str
    exit_code: int
    projects: list[ProjectReport]
