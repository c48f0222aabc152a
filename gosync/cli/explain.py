"""``gosync explain``: what a failure of ``go`` means, and what to do about it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click
import msgspec

from gosync.cli.options import CommonOptions, common_options
from gosync.clock import SystemClock
from gosync.diagnose.explaining import ExplainedRun, Explainer
from gosync.diagnose.handbook import handbook
from gosync.diagnose.language import PAGE_FILES, Language, language_of
from gosync.diagnose.listening import listen, standard_streams
from gosync.diagnose.pages import (
    ClassList,
    ClassPage,
    WrittenPages,
    list_lines,
    page_of,
)
from gosync.diagnose.recognising import MOST_BYTES, LogReading, Recogniser
from gosync.diagnose.shipped import shipped_catalogue
from gosync.diagnose.summary import FailureCount, LogSummary, summarise
from gosync.errors import NotFoundError, UsageError
from gosync.text import printable

_CLASS_NAME = re.compile(r"[a-z]+\.[a-z0-9_]+")
_COLUMNS = ("class", "host", "module", "logs", "failures")
_RUN = "command"


class _ExplainCommand(click.Command):
    """A command that leaves what follows ``--`` as it was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what follows ``--`` away, and keep it."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_RUN] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)


class ExplainArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's arguments.

    Attributes:
        subject: A log, ``-``, a class, or None for standard input.
        run: The command after ``--``, None where there is none.
        is_list: Whether the classes are listed.
        pages: Where the pages of all classes are written.
        check: Whether the world is asked what the text leaves open.
        summary: A folder of logs.
        language: The explanations' language.
    """

    subject: str | None
    run: tuple[str, ...] | None
    is_list: bool
    check: bool
    pages: Path | None
    summary: Path | None
    language: Language


@click.command(cls=_ExplainCommand)
@click.argument("subject", metavar="[LOG|-|CLASS]", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the classes of failures.")
@click.option(
    "--pages",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write all classes as pages into DIR, for a web server inside: index.html and"
    " index.zh.html.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Where the text leaves the cause open, ask for the module here and now, whom"
    " go would ask.",
)
@click.option(
    "--summary",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Count the failures in a folder of logs: class by host by module.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice([each.value for each in Language]),
    help="The explanations' language; default: as LC_ALL, LC_MESSAGES or LANG say.",
)
@common_options
@click.pass_context
def explain(
    context: click.Context,
    options: CommonOptions,
    subject: str | None,
    is_list: bool,
    pages: Path | None,
    check: bool,
    summary: Path | None,
    language: str | None,
) -> int:
    """Explain what go printed: each failure, its cause, and what to do.

    LOG is a file that go's output is in, of CI too; - or nothing is standard input.
    CLASS prints the page of one class of failures, such as network.dns. After --
    comes a command: gosync explain -- go mod download ... runs it, shows what it
    prints, and explains it at the end on standard error. Nothing is asked of the
    network but with --check, and no configuration is needed.

    Exit code 0: every failure was named. 3: some were not. After -- it is the
    command's own.
    """
    chosen = Language(language) if language else language_of(os.environ)
    arguments = ExplainArguments(
        subject=subject,
        run=context.meta.get(_RUN),
        is_list=is_list,
        pages=pages,
        check=check,
        summary=summary,
        language=chosen,
    )
    _refuse_two(arguments)
    return _answer(options.in_own_language(), arguments)


def _refuse_two(arguments: ExplainArguments) -> None:
    """Refuse what asks for two things at once.

    Raises:
        UsageError: it does.
    """
    asked = [
        arguments.subject,
        arguments.run is not None,
        arguments.is_list,
        arguments.pages,
        arguments.summary,
    ]
    if sum(map(bool, asked)) > 1:
        raise UsageError(
            "one of LOG, CLASS, --list, --pages, --summary or -- COMMAND, not two"
        )
    if arguments.run == ():
        raise UsageError("after -- comes the command to run")


def _answer(options: CommonOptions, arguments: ExplainArguments) -> int:
    if arguments.is_list:
        return _list_classes(options, arguments.language)
    if arguments.pages is not None:
        return _write_pages(options, arguments.pages)
    if arguments.summary is not None:
        return _summarise(options, arguments.summary)
    if arguments.run is not None:
        return _listen(options, arguments, arguments.run)
    subject = arguments.subject
    if subject is not None and _is_class(subject):
        return _show_page(options, subject, arguments.language)
    reading = _read(_log_of(subject), arguments)
    _show(options, reading, arguments.language)
    return NotFoundError.exit_code if reading.unnamed else 0


def _is_class(subject: str) -> bool:
    """Whether it is a class's name; a file of that name goes first."""
    return bool(_CLASS_NAME.fullmatch(subject)) and not Path(subject).exists()


def _recogniser() -> Recogniser:
    return Recogniser(shipped_catalogue())


def _log_of(subject: str | None) -> bytes:
    """Return a log's end, of standard input where none is named.

    Raises:
        UsageError: it cannot be read, or nobody types at a terminal what go said.
    """
    if subject is None and sys.stdin.isatty():
        raise UsageError(
            "what is to be explained?",
            hint="`go mod download 2>&1 | gosync explain`, or a file with the log",
        )
    if subject in {None, "-"}:
        return _end_of_stdin()
    path = Path(str(subject))
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_BYTES))
            return file.read(MOST_BYTES)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror or exc}") from exc


def _end_of_stdin() -> bytes:
    kept = bytearray()
    while part := sys.stdin.buffer.read(1 << 20):
        kept += part
        del kept[: max(0, len(kept) - MOST_BYTES)]
    return bytes(kept)


def _show(options: CommonOptions, reading: LogReading, language: Language) -> None:
    explainer = Explainer(shipped_catalogue(), language)
    options.output.result(
        "explain", explainer.report(reading), explainer.lines(reading)
    )


def _read(log: bytes, arguments: ExplainArguments) -> LogReading:
    """Return what a log tells, and what the world adds where that is asked for."""
    reading = _recogniser().read(log)
    if not arguments.check:
        return reading
    # What asks the network takes longer to import than most logs to be read.
    from gosync.diagnose.checking import CheckSetting, WorldCheck  # noqa: PLC0415

    setting = CheckSetting(
        environment=dict(os.environ),
        folder=Path.cwd(),
        command=arguments.run or (),
    )
    return WorldCheck(shipped_catalogue(), setting, SystemClock()).check(reading)


def _listen(
    options: CommonOptions, arguments: ExplainArguments, run: tuple[str, ...]
) -> int:
    out, err = standard_streams(is_json=options.output.as_json)
    heard = listen(run, stdout=out, stderr=err)
    reading = _read(heard.log, arguments)
    explainer = Explainer(shipped_catalogue(), arguments.language)
    if options.output.as_json:
        told = explainer.report(reading)
        run_report = ExplainedRun(told.findings, told.unnamed, heard.exit_code)
        options.output.result("explain", run_report)
    elif heard.exit_code or reading.failures:
        for line in ("", *explainer.lines(reading)):
            options.output.note(line)
    return heard.exit_code


def _show_page(options: CommonOptions, name: str, language: Language) -> int:
    catalogue = shipped_catalogue()
    failure = catalogue.named(name)
    lines = list(page_of(catalogue, failure, language))
    options.output.result("explain", ClassPage.of(failure, language), lines)
    return 0


def _list_classes(options: CommonOptions, language: Language) -> int:
    catalogue = shipped_catalogue()
    report = ClassList.of(catalogue, language)
    options.output.result("explain", report, list_lines(catalogue, language))
    return 0


def _write_pages(options: CommonOptions, folder: Path) -> int:
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for language, name in PAGE_FILES.items():
            path = folder / name
            path.write_bytes(handbook(shipped_catalogue(), language))
            written.append(str(path))
    except OSError as exc:
        raise UsageError(f"{folder}: {exc.strerror or exc}") from exc
    lines = [f"wrote {printable(path)}" for path in written]
    options.output.result("explain", WrittenPages(written), lines)
    return 0


def _summarise(options: CommonOptions, folder: Path) -> int:
    found = summarise(folder, _recogniser())
    options.output.table(_COLUMNS, map(_row, found.counts))
    for each in found.unread:
        options.output.note(f"not read: {printable(each)}")
    options.output.result(
        "explain",
        found,
        [f"{found.failed} of {found.logs} logs have a failure of go"],
    )
    return NotFoundError.exit_code if _is_partial(found) else 0


def _is_partial(found: LogSummary) -> bool:
    return found.has_unnamed or bool(found.unread)


def _row(each: FailureCount) -> tuple[str, ...]:
    named = (each.failure_class or "?", each.host or "-", each.module or "-")
    return (*map(printable, named), str(each.logs), str(each.failures))
