"""``gosync verify``: prove what a module cache holds, and clean it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import click

from gosync.cli.options import (
    CommonOptions,
    common_options,
    max_delete_option,
    private_option,
    sumdb_option,
    wait_lock_option,
)
from gosync.cli.progress import progress
from gosync.cli.scheduler import scheduler_option, sharing
from gosync.cli.stopping import stopping
from gosync.cli.verdicts import show_report
from gosync.cli.verify_request import VerifyArguments, load_verify_config, make_request
from gosync.clock import Clock, SystemClock
from gosync.config.durations import parse_duration
from gosync.errors import (
    GosyncError,
    InterruptedRunError,
    MalformedError,
    UsageError,
)
from gosync.folder.layouts import TargetKind
from gosync.text import printable, shown
from gosync.verify.act.plan import Action
from gosync.verify.report import RestoreReport, VerifyReport, verified_report
from gosync.verify.request import VerifyRequest
from gosync.verify.session import Session, open_session
from gosync.verify.verdicts import EXIT_FOUND
from gosync.work.progress import Progress


def _subset(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    """Read ``1/7``."""
    if text is None:
        return None
    part, slash, of = text.partition("/")
    if not (
        slash and part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of)
    ):
        raise click.BadParameter("write it like 1/7", context, parameter)
    return int(part), int(of)


def _duration(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> timedelta | None:
    """Read ``30m`` or ``7d``."""
    if text is None:
        return None
    try:
        return parse_duration(text)
    except MalformedError as exc:
        raise click.BadParameter(exc.reason, context, parameter) from exc


@click.command()
@click.argument("target", required=False, metavar="[TARGET]")
@click.option(
    "--module",
    "modules",
    multiple=True,
    metavar="PATH[@VERSION]",
    help="What to look at of a proxy's URL; may be repeated.",
)
@click.option(
    "--modules",
    "modules_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The same from a file, one a line.",
)
@click.option(
    "--kind",
    type=click.Choice([each.value for each in TargetKind]),
    help="What it is; default: found out by looking.",
)
@sumdb_option
@private_option
@click.option(
    "--proxy", metavar="URL", help="Instead of the configured proxies; as in GOPROXY."
)
@click.option("--offline", is_flag=True, help="Connect to nothing.")
@click.option(
    "--proofs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="A tree whose sumdb/ proves; may be repeated.",
)
@click.option(
    "--sums",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A go.sum that vouches for private modules; may be repeated.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where results and what is moved aside are kept.",
)
@click.option(
    "--subset", callback=_subset, metavar="K/N", help="Only the K-th of N parts."
)
@click.option(
    "--max-age",
    callback=_duration,
    metavar="TIME",
    help="Leave out what was proven since, like 30d; the oldest proof goes first.",
)
@click.option(
    "--max-duration",
    callback=_duration,
    metavar="TIME",
    help="Stop after so long, like 30m; the next run goes on.",
)
@click.option(
    "--fresh", is_flag=True, help="Begin anew, not where a run was interrupted."
)
@click.option(
    "--quarantine", is_flag=True, help="Move aside what is bad; --restore undoes it."
)
@click.option(
    "--repair", is_flag=True, help="Fetch anew, through the gate, what is bad."
)
@click.option("--delete", is_flag=True, help="Delete what is bad.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@max_delete_option("things")
@click.option(
    "--restore", "restore_id", metavar="ID", help="Put back what was moved aside."
)
@scheduler_option
@wait_lock_option
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also write the report as one page.",
)
@common_options
def verify(options: CommonOptions, **asked: Any) -> int:
    """Prove what a module cache holds: h1 by h1, against the checksum database.

    TARGET is a folder (gosync's own store, a static GOPROXY tree, a proxy's cache,
    a GOMODCACHE, an Athens store), a go.sum file, the URL of a proxy, or a tree in a
    bucket, s3://bucket/prefix, which is copied first. Without one: the configured
    store. No configuration is needed for a TARGET.

    Exit code 0: all is as it should be. 4: something was found and remains. 5: it
    was found and repaired. 6: the checksum database was caught misbehaving.
    75: the database could not be asked.
    """
    arguments = VerifyArguments(**asked)
    config = load_verify_config(options, arguments)
    request = make_request(config, arguments)
    is_away = request.url or request.bucket is not None
    if is_away and (arguments.action is not Action.REPORT or arguments.restore_id):
        raise UsageError(
            f"{arguments.target}: it is only looked at from here",
            hint="run gosync where its files are, and name their folder",
        )
    if arguments.restore_id is not None:
        return _restore(options, request, arguments.restore_id)
    action = arguments.action
    with (
        stopping() as caught,
        sharing(arguments.scheduler, config) as sweep,
        progress(show=options.show_progress) as watcher,
    ):

        async def main() -> tuple[VerifyReport, GosyncError | None]:
            clock = SystemClock()
            async with open_session(request, clock) as session:
                report = await session.run(clock, watcher, lambda: bool(caught), sweep)
                refusal = None
                if action is not Action.REPORT and not caught:
                    note = options.output.note
                    refusal = await _act(
                        session, report, arguments, clock, watcher, note
                    )
                return report, refusal

        report, refusal = anyio.run(main)
    if arguments.report_file is not None:
        _write_page(arguments.report_file, report)
    options.output.result("verify", verified_report(report))
    show_report(options.output, report)
    if report.outcome.interrupted:
        raise InterruptedRunError(caught[0])
    if arguments.target is None:
        _verify_house_log(request)
    if refusal is not None:
        raise refusal
    return report.exit_code


def _verify_house_log(request: VerifyRequest) -> None:
    """Hold the site's own checksum database against every head that is known."""
    if request.site.house_log is None:
        return
    from gosync.site.housetree import verify_house_log  # noqa: PLC0415 - who has one
    from gosync.site.site import read_store  # noqa: PLC0415 - as above

    with read_store(request.site) as (catalog, blobs):
        verify_house_log(catalog, blobs, request.site)


def _write_page(file: Path, report: VerifyReport) -> None:
    from gosync.verify.page import format_page  # noqa: PLC0415 - see _act

    try:
        file.write_text(format_page(report), encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"--report {file}: {exc.strerror}") from exc


async def _act(
    session: Session,
    report: VerifyReport,
    arguments: VerifyArguments,
    clock: Clock,
    watcher: Progress,
    note: Callable[[str], None],
) -> GosyncError | None:
    """Do what is wished; return why it is not done, to be said after the report."""
    # Importing it takes longer than to verify a small cache.
    from gosync.verify.executor import act  # noqa: PLC0415

    def consent(plan: Sequence[str]) -> bool:
        for line in plan if not arguments.dry_run else ():  # which the report ends with
            note(f"plan: {printable(line)}")
        return not arguments.dry_run

    try:
        await act(
            session,
            report,
            arguments.action,
            clock=clock,
            max_delete=arguments.max_delete,
            consent=consent,
            progress=watcher,
        )
    except GosyncError as refusal:
        return refusal
    return None


def _restore(options: CommonOptions, request: VerifyRequest, name: str) -> int:
    """Put back what was moved aside, and say what could not be."""
    from gosync.verify.executor import restore  # noqa: PLC0415 - see _act

    results = restore(request, name, SystemClock())
    told = RestoreReport(
        target=shown(str(request.path)),
        restored=[shown(path) for path, failed in results if not failed],
        failed={shown(path): failed for path, failed in results if failed},
    )
    lines = (
        f"{'not ' if failed else ''}restored {printable(shown(path))}"
        + (f": {failed}" if failed else "")
        for path, failed in results
    )
    options.output.result("verify-restore", told, lines)
    return EXIT_FOUND if any(failed for _, failed in results) else 0
