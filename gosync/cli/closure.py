"""``gosync closure``: does the published tree alone hold what a project needs?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from gosync.cli.messages import told
from gosync.cli.options import (
    CommonOptions,
    common_options,
    private_option,
    sumdb_option,
)
from gosync.cli.progress import progress
from gosync.closure.closure import Closure, ClosureReport
from gosync.closure.golang import GoRun, find_go
from gosync.closure.remedy import next_steps
from gosync.closure.report import ProjectReport, ProjectsReport
from gosync.closure.trial import Trial, TrialSetting, run_trial
from gosync.config import Config
from gosync.errors import MalformedError, UsageError
from gosync.folder.findings import TreeFinding
from gosync.folder.tree import FileTree
from gosync.gomod.deps import Deps
from gosync.hint import advise, command
from gosync.project import Project, read_project
from gosync.site.treefolder import tree_as_folder
from gosync.store.objects.options import BucketOptions
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.text import printable
from gosync.work.progress import Progress

_SHOWN = 100
_WITHOUT_CONFIG = advise(
    "or do without: {}",
    command("closure", "PROJECT", "--tree", "DIR", "--sumdb", "NAME|KEY"),
)


class ClosureArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's arguments."""

    folders: tuple[Path, ...]
    deps: str | None
    tree: Path | None
    sumdb: str | None
    private: tuple[str, ...]
    quick: bool
    with_go: bool
    go_command: str | None

    @property
    def needs_config(self) -> bool:
        """Whether it leaves something to the configuration."""
        return not (self.folders and self.tree and self.sumdb)


class AskedProject(msgspec.Struct, frozen=True):
    """A project to look at.

    Attributes:
        name: What the user calls it.
        project: The project.
        deps: Which dependencies count.
        selected: Whether the configuration selects at least these.
    """

    name: str
    project: Project
    deps: Deps
    selected: bool


class ClosureAnswer(msgspec.Struct, frozen=True):
    """What became of a project.

    Attributes:
        asked: The project.
        report: What the tree has of it.
        trial: What a real go made of it, if one was run.
    """

    asked: AskedProject
    report: ClosureReport
    trial: Trial | None

    @property
    def exit_code(self) -> int:
        """The graver one of both."""
        return max(self.report.exit_code, self.trial.exit_code if self.trial else 0)


@click.command()
@click.argument(
    "folders", metavar="[PROJECT]...", nargs=-1, type=click.Path(path_type=Path)
)
@click.option(
    "--deps",
    type=click.Choice([each.value for each in Deps]),
    help="Which dependencies count; default: as configured, else build.",
)
@click.option(
    "--tree",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The tree, or a copy of it; default: the configured one.",
)
@sumdb_option
@private_option
@click.option(
    "--quick", is_flag=True, help="See that zips are there; do not read them."
)
@click.option(
    "--with-go", is_flag=True, help="Also let a real go try, without network."
)
@click.option(
    "--go",
    "go_command",
    metavar="GO",
    help="The go command to try with; default: the one on PATH.",
)
@common_options
def closure(options: CommonOptions, **asked: Any) -> int:
    """Prove that the tree alone holds all that a project needs.

    PROJECT is a folder with a go.mod or go.work; without one, every configured
    [[project]]. Nothing but files of the tree is read: no store, no network.
    A PROJECT with --tree and --sumdb needs no configuration file.

    Exit code 0: complete. 4: something is missing, wrong or unproven.
    6: the tree contradicts the checksum database or a go.sum.
    """
    arguments = ClosureArguments(**asked)
    config = None
    if options.config_file is not None or arguments.needs_config:
        config = _load_config(options)
    projects = _projects(config, arguments)
    tree = arguments.tree or (config.tree_path if config else None)
    assert tree is not None
    buckets = config.buckets if config else BucketOptions()
    with (
        progress(show=options.show_progress) as watcher,
        tree_as_folder(tree, buckets, watcher) as folder,
    ):
        setting = _Setting.of(folder, config, arguments)
        _verify_house_log(config, setting.tree.root)
        check = Closure(
            setting.tree, setting.database, setting.private, quick=arguments.quick
        )
        answers = [_answer(check, each, setting, watcher) for each in projects]
    code = max(answer.exit_code for answer in answers)
    report = ProjectsReport(
        tree=str(tree.resolve() if isinstance(tree, Path) else tree),
        exit_code=code,
        projects=[ProjectReport.of(a.report, _steps(a), a.trial) for a in answers],
    )
    options.output.result("closure", report)
    for answer in answers:
        _show(options, answer)
    return code


class _Setting(msgspec.Struct, frozen=True):
    """What projects are held against, and the go command to try with, if any."""

    tree: FileTree
    database: Database | None
    private: tuple[str, ...]
    go: Path | None

    @classmethod
    def of(
        cls, folder: Path, config: Config | None, arguments: ClosureArguments
    ) -> _Setting:
        """Return what the command line says, else what the configuration does."""
        configured = config.policy.private if config else ()
        if config is not None and config.house_log is not None:
            configured = ()  # its records cover private modules, too
        return cls(
            _tree(folder),
            _database(config, arguments.sumdb),
            (*arguments.private, *configured),
            _need_go(arguments.go_command)
            if arguments.with_go or arguments.go_command
            else None,
        )


def _tree(folder: Path) -> FileTree:
    try:
        return FileTree(folder)
    except UsageError as exc:
        raise UsageError(
            f"{folder}: no folder with a tree", hint="name the tree with --tree DIR"
        ) from exc


def _database(config: Config | None, sumdb: str | None) -> Database | None:
    if sumdb is None:
        assert config is not None
        if config.house_log is None:
            return config.site_options().database
        sumdb = config.house_log.verifier
    try:
        return parse_gosumdb(sumdb)
    except MalformedError as exc:
        raise UsageError(
            f"--sumdb: {exc}", hint="NAME, or NAME+HASH+KEY, or off; as in GOSUMDB"
        ) from exc


def _load_config(options: CommonOptions) -> Config:
    try:
        return options.load_config()
    except UsageError as exc:
        hint = _WITHOUT_CONFIG
        if exc.hint:
            hint = advise("{}; {}", exc.hint, _WITHOUT_CONFIG)
        raise type(exc)(str(exc), hint=hint) from exc


def _projects(config: Config | None, arguments: ClosureArguments) -> list[AskedProject]:
    """Return the projects to look at: those named, else those configured."""
    specs = config.site_options().projects if config is not None else ()
    configured = {spec.path.resolve(): spec.deps for spec in specs}
    named = list(arguments.folders) or [spec.path for spec in specs]
    if not named:
        raise UsageError(
            "no project to look at",
            hint=advise(
                "name its folder: {}; or configure a [[project]]",
                command("closure", "PROJECT"),
            ),
        )
    asked = []
    for folder in named:
        default = configured.get(folder.resolve())
        wanted = Deps(arguments.deps) if arguments.deps else default or Deps.BUILD
        selected = default is not None and _order(default) >= _order(wanted)
        asked.append(AskedProject(str(folder), read_project(folder), wanted, selected))
    return asked


def _order(deps: Deps) -> int:
    return list(Deps).index(deps)


def _need_go(command: str | None) -> Path:
    if command is None:
        go = find_go()
    else:
        found = shutil.which(command)
        go = Path(found).absolute() if found else None
    if go is None:
        raise UsageError(
            f"no go command: {command or 'neither on PATH nor beside this Python'}",
            hint="name one with --go, or leave out --with-go",
        )
    return go


def _verify_house_log(config: Config | None, folder: Path) -> None:
    if config is not None and config.house_log is not None:
        from gosync.site.housetree import (  # noqa: PLC0415 - who has one
            verify_trees_house_log,
        )

        verify_trees_house_log(folder, config.house_log)


def _answer(
    check: Closure, asked: AskedProject, setting: _Setting, watcher: Progress
) -> ClosureAnswer:
    report = check.check(asked.project, asked.deps, watcher)
    trial = None
    if setting.go is not None:
        with_go = TrialSetting(
            go=setting.go,
            tree=setting.tree.root,
            database=setting.database,
            private=setting.private,
        )
        trial = run_trial(with_go, asked.project, asked.deps, watcher)
    return ClosureAnswer(asked, report, trial)


def _steps(answer: ClosureAnswer) -> Iterator[str]:
    """Yield what to do next, line by line."""
    for step in next_steps(answer.report, selected=answer.asked.selected):
        yield from str(step).split("\n")


def _show(options: CommonOptions, answer: ClosureAnswer) -> None:
    report = answer.report
    options.output.say(_line(answer))
    if report.findings:
        rows = (_cells(each) for each in report.findings[:_SHOWN])
        options.output.table(("finding", "file", "reason", "needed"), rows)
        more = len(report.findings) - _SHOWN
        if more > 0:
            options.output.note(f"... and {more} more; --json shows all")
    for number, line in enumerate(_steps(answer)):
        text = (
            f"      {told(printable(line))}" if number else f"next: {printable(line)}"
        )
        options.output.say(text.rstrip())
    if answer.trial is not None:
        for line in _trial_lines(answer.trial):
            options.output.say(line)


def _line(answer: ClosureAnswer) -> str:
    report = answer.report
    count = len(report.findings)
    findings = "1 finding" if count == 1 else f"{count} findings"
    state = f"incomplete, {findings}" if count else "complete"
    return (
        f"{printable(answer.asked.name)} (deps = {answer.asked.deps}): {state};"
        f" {report.modules} modules and {report.go_mods} more go.mod files needed,"
        f" {report.files} files checked"
    )


def _cells(finding: TreeFinding) -> tuple[str, ...]:
    kind = "SECURITY" if finding.security else finding.kind.value
    return (
        told(kind),
        printable(finding.path),
        told(printable(finding.reason)),
        told(printable(finding.why)),
    )


def _trial_lines(trial: Trial) -> Iterator[str]:
    network = "without any network" if trial.cut else "network not cut, GOPROXY=file://"
    yield f"go, {network}:"
    for done in trial.commands:
        yield f"  {_outcome(done):<10}{done.command}  ({done.seconds:.1f} s)"
        if not done.ok:
            output = (done.stderr + done.stdout).splitlines()
            yield from (f"    {printable(line)}" for line in output)


def _outcome(done: GoRun) -> str:
    if done.exit_code is None:
        return "TOO LONG"
    return "ok" if done.ok else f"failed {done.exit_code}"
