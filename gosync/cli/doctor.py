"""``gosync doctor``: why ``go`` cannot get a module on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.clock import SystemClock
from gosync.diagnose.doctor.diagnosis import Diagnosis, Stage, diagnosis_document
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.text import printable


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
@click.option("--curl", "with_curl", is_flag=True, help="Show the curl line of stages.")
@common_options
def doctor(
    options: CommonOptions, module: str | None, timeout: float, *, with_curl: bool
) -> int:
    """Find out why go cannot get MODULE here: settings, network, mirror, checksums.

    Walks the way that go would walk with this machine's settings, and says where it
    ends. Without MODULE: for the project whose folder one is in. Needs no
    configuration, no go, and changes nothing.

    Exit code 0: healthy. 4: a fault was found. 6: altered bytes, or a certificate of
    somebody else.
    """
    request = DoctorRequest(
        subject=module or "",
        environment=dict(os.environ),
        folder=Path.cwd(),
        timeout_seconds=timeout,
    )
    diagnosis = DoctorRun(request, SystemClock()).diagnose()
    _show(options, diagnosis, with_curl=with_curl)
    return diagnosis.exit_code


def _show(options: CommonOptions, diagnosis: Diagnosis, *, with_curl: bool) -> None:
    document = diagnosis_document(diagnosis)
    options.output.result("doctor", document, _conclusion_lines(diagnosis))
    rows = (_row(each) for each in diagnosis.stages)
    options.output.table(("stage", "ok", "seconds", "found"), rows)
    for line in _detail_lines(diagnosis, with_curl=with_curl):
        options.output.say(line)


def _conclusion_lines(diagnosis: Diagnosis) -> Iterator[str]:
    end = diagnosis.conclusion
    yield f"{end.cause}: {printable(end.text)}"
    if end.remedy:
        yield f"  next: {printable(end.remedy)}"
    yield ""


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
