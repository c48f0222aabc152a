"""``gosync doctor``: why ``go`` cannot get a module on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
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
from gosync.diagnose.doctor.saying import translated
from gosync.diagnose.doctor.sentencefile import sentences_in
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.diagnose.language import Language, language_of
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
@click.option(
    "--lang",
    "language",
    type=click.Choice([each.value for each in Language]),
    help="The sentences' language; default: as LC_ALL, LC_MESSAGES or LANG say.",
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
    chosen = asked["language"]
    language = Language(chosen) if chosen else language_of(os.environ)
    view = _View(diagnosis, sentences_in(language))
    options = options.in_own_language()
    view.show(options, with_curl=asked["with_curl"])
    if asked["report_file"] is not None:
        _write_report(asked["report_file"], run, view, clock)
    if asked["evidence_folder"] is not None:
        kept = keep_evidence(asked["evidence_folder"], run, diagnosis, clock)
        options.output.note(f"evidence kept in {kept}")
    return diagnosis.exit_code


def _tell(stage: str) -> None:
    """Show on a terminal what is under way."""
    click.echo(f"{_CLEAR}{printable(stage)} ...", nl=False, err=True)


class _View:
    """A diagnosis as people read it, in their language."""

    def __init__(self, diagnosis: Diagnosis, texts: Mapping[str, str]) -> None:
        self.diagnosis = diagnosis
        self._texts = texts

    def show(self, options: CommonOptions, *, with_curl: bool) -> None:
        output = options.output
        report = DoctorReport.of(self.diagnosis, self._texts)
        output.result("doctor", report, self.conclusion())
        output.table(self._heads(_COLUMNS), map(self._row, self.diagnosis.stages))
        if self.diagnosis.compared:
            output.say("")
            traits = map(self._trait, self.diagnosis.compared)
            output.table(self._heads(_COMPARED), traits)
        for line in self.remedies(with_curl=with_curl):
            output.say(line)

    def conclusion(self) -> Iterator[str]:
        end = self.diagnosis.conclusion
        yield f"{end.cause}: {self._said(end.text)}"
        if end.remedy:
            yield f"  {self._said('next')}: {self._said(end.remedy)}"
        if end.cause != HEALTHY:
            yield f"  {self._said('more')}: {command('explain', end.cause)}"
        yield ""

    def table(self) -> Iterator[str]:
        rows = map(self._row, self.diagnosis.stages)
        yield from table_lines(self._heads(_COLUMNS), rows)
        if self.diagnosis.compared:
            yield ""
            traits = map(self._trait, self.diagnosis.compared)
            yield from table_lines(self._heads(_COMPARED), traits)

    def remedies(self, *, with_curl: bool) -> Iterator[str]:
        told = self.diagnosis.conclusion.remedy
        remedies = [
            f"{each.cause}: {self._said(each.remedy)}"
            for stage in self.diagnosis.stages
            for each in stage.findings
            if each.remedy and each.remedy != told
        ]
        if remedies:
            yield ""
        for line in dict.fromkeys(remedies):
            yield f"{self._said('next')}: {line}"
        for stage in self.diagnosis.stages:
            if with_curl and stage.curl:
                yield f"{stage.name}: {printable(stage.curl)}"

    def facts(self) -> Iterator[str]:
        for stage in self.diagnosis.stages:
            for fact in stage.facts:
                yield f"{stage.name}: {self._said(fact)}"

    def _row(self, stage: Stage) -> tuple[str, ...]:
        mark = ("!" if stage.findings else "✓") if stage.ok else "✗"
        texts = [f"{each.cause}: {self._said(each.text)}" for each in stage.findings]
        found = "; ".join(texts or map(self._said, stage.facts))
        return stage.name, mark, f"{stage.seconds:.2f}", found

    def _trait(self, each: ComparedTrait) -> tuple[str, ...]:
        mark = "=" if each.go == each.doctor else "!"
        sides = (_brief(each.go), mark, _brief(each.doctor))
        return tuple(map(printable, (each.subject, self._said(each.trait), *sides)))

    def _heads(self, columns: Sequence[str]) -> list[str]:
        return [self._said(each) for each in columns]

    def _said(self, text: str) -> str:
        return printable(translated(text, self._texts))


def _brief(text: str) -> str:
    """Return a long list by its length and beginning; --json has all of it."""
    words = text.split(" ")
    return f"{len(words)}: {' '.join(words[:3])} ..." if len(words) > 5 else text


def _write_report(file: Path, run: DoctorRun, view: _View, clock: Clock) -> None:
    lines = [
        f"gosync doctor {__version__}, {format_time(clock.now())}",
        f"asked for: {view.diagnosis.subject}",
        "",
        *view.conclusion(),
        *view.table(),
        *view.remedies(with_curl=True),
        "",
        *view.facts(),
    ]
    home = run.settings.environment.get("HOME", "")
    told = redacted(lines, home=home, private=run.private_names)
    try:
        file.write_text("\n".join(told) + "\n", encoding="utf-8", errors="replace")
    except OSError as exc:
        raise OutputError(f"{file}: {exc.strerror}") from exc
