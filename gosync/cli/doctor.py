"""``gosync doctor``: why ``go`` cannot get a module on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gosync import __version__
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.plaintable import table_lines
from gosync.clock import Clock, SystemClock, format_time
from gosync.diagnose.doctor.diagnosis import HEALTHY, ComparedTrait, Diagnosis, Stage
from gosync.diagnose.doctor.evidence import keep_evidence
from gosync.diagnose.doctor.report import DoctorReport, redacted
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.diagnose.language import Language, language_of
from gosync.diagnose.shipped import shipped_catalogue
from gosync.errors import OutputError
from gosync.hint import command
from gosync.text import printable

_CLEAR = "\r\x1b[K"
_COMPARED = ("host", "what", "go", "", "doctor")
_COLUMNS = ("stage", "ok", "seconds", "found")


@click.command()
@click.argument("module", required=False, metavar="[MODULE[@VERSION]]")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a connection, or for the next bytes.",
)
@click.option(
    "--ask",
    multiple=True,
    metavar="ADDRESS|URL|NAME",
    help="Ask this name server or proxy, too, to compare, or the checksum database"
    " although a private pattern almost covers the module; may be repeated.",
)
@click.option("--with-go", is_flag=True, help="Ask the real go too, and compare.")
@click.option("--curl", "with_curl", is_flag=True, help="Show the curl line of stages.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write all of it for a colleague, without secrets and private names.",
)
@click.option(
    "--evidence",
    "evidence_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep what stands in the mirror's place: certificates, answers, both h1.",
)
@common_options
def doctor(options: CommonOptions, module: str | None, **asked: Any) -> int:
    """Find out why go cannot get MODULE here: settings, network, mirror, checksums.

    Walks the way that go would walk with this machine's settings, and says where it
    ends. Without MODULE: for the project whose folder one is in. Needs no
    configuration, no go, and changes nothing; nobody is asked whom go would not ask,
    but with --ask.

    Exit code 0: healthy. 4: a fault was found. 6: altered bytes, or a certificate of
    somebody else.
    """
    request = DoctorRequest(
        subject=module or "",
        environment=dict(os.environ),
        folder=Path.cwd(),
        timeout_seconds=asked["timeout"],
        ask=asked["ask"],
        with_go=asked["with_go"],
    )
    clock = SystemClock()
    is_watched = options.show_progress and sys.stderr.isatty()
    run = DoctorRun(request, clock, watch=_tell if is_watched else None)
    diagnosis = run.diagnose()
    if is_watched:
        click.echo(_CLEAR, nl=False, err=True)
    _show(options, diagnosis, with_curl=asked["with_curl"])
    if asked["report_file"] is not None:
        _write_report(asked["report_file"], run, diagnosis, clock)
    if asked["evidence_folder"] is not None:
        kept = keep_evidence(asked["evidence_folder"], run, diagnosis, clock)
        options.output.note(f"evidence kept in {kept}")
    return diagnosis.exit_code


def _tell(stage: str) -> None:
    """Show on a terminal what is under way."""
    click.echo(f"{_CLEAR}{printable(stage)} ...", nl=False, err=True)


def _show(options: CommonOptions, diagnosis: Diagnosis, *, with_curl: bool) -> None:
    report = DoctorReport.of(diagnosis)
    options.output.result("doctor", report, _conclusion_lines(diagnosis))
    options.output.table(_COLUMNS, map(_row, diagnosis.stages))
    if diagnosis.compared:
        options.output.say("")
        options.output.table(_COMPARED, map(_trait, diagnosis.compared))
    for line in _detail_lines(diagnosis, with_curl=with_curl):
        options.output.say(line)


def _conclusion_lines(diagnosis: Diagnosis) -> Iterator[str]:
    end = diagnosis.conclusion
    yield f"{end.cause}: {printable(end.text)}"
    if end.remedy:
        yield f"  next: {printable(end.remedy)}"
    yield from _translated(end.cause)
    if end.cause != HEALTHY:
        yield f"  more: {command('explain', end.cause)}"
    yield ""


def _translated(cause: str) -> Iterator[str]:
    """Yield the catalogue's words where the reader's language is not English."""
    language = language_of(os.environ)
    named = {each.name: each for each in shipped_catalogue()}
    if language is not Language.ENGLISH and cause in named:
        wording = named[cause].wording(language)
        yield f"  {wording.cause}"
        yield f"  {wording.remedy}"


def _compared_lines(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.compared:
        yield ""
        yield from table_lines(_COMPARED, map(_trait, diagnosis.compared))


def _trait(each: ComparedTrait) -> tuple[str, ...]:
    mark = "=" if each.go == each.doctor else "!"
    texts = (each.subject, each.trait, _brief(each.go), mark, _brief(each.doctor))
    return tuple(map(printable, texts))


def _brief(text: str) -> str:
    """Return a long list by its length and beginning; --json has all of it."""
    words = text.split(" ")
    return f"{len(words)}: {' '.join(words[:3])} ..." if len(words) > 5 else text


def _row(stage: Stage) -> tuple[str, ...]:
    mark = ("!" if stage.findings else "✓") if stage.ok else "✗"
    texts = [f"{each.cause}: {each.text}" for each in stage.findings]
    return stage.name, mark, f"{stage.seconds:.2f}", "; ".join(texts or stage.facts)


def _detail_lines(diagnosis: Diagnosis, *, with_curl: bool) -> Iterator[str]:
    told = diagnosis.conclusion.remedy
    remedies = [
        f"{each.cause}: {printable(each.remedy)}"
        for stage in diagnosis.stages
        for each in stage.findings
        if each.remedy and each.remedy != told
    ]
    if remedies:
        yield ""
    for line in dict.fromkeys(remedies):
        yield f"next: {line}"
    for stage in diagnosis.stages:
        if with_curl and stage.curl:
            yield f"{stage.name}: {printable(stage.curl)}"


def _write_report(
    file: Path, run: DoctorRun, diagnosis: Diagnosis, clock: Clock
) -> None:
    lines = [
        f"gosync doctor {__version__}, {format_time(clock.now())}",
        f"asked for: {diagnosis.subject}",
        "",
        *_conclusion_lines(diagnosis),
        *table_lines(_COLUMNS, map(_row, diagnosis.stages)),
        *_compared_lines(diagnosis),
        *_detail_lines(diagnosis, with_curl=True),
        "",
        *(
            f"{stage.name}: {printable(fact)}"
            for stage in diagnosis.stages
            for fact in stage.facts
        ),
    ]
    home = run.settings.environment.get("HOME", "")
    told = redacted(lines, home=home, private=run.private_names)
    try:
        file.write_text("\n".join(told) + "\n", encoding="utf-8", errors="replace")
    except OSError as exc:
        raise OutputError(f"{file}: {exc.strerror}") from exc
