"""``gosync access``: read access logs, and hold them against rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import anyio
import click

from gosync.access.alerts import Surroundings
from gosync.access.audit import AccessAudit, AccessOptions
from gosync.access.files import find_logs
from gosync.access.report import AccessReport, AlertReport, ClientTotals, ModuleTotals
from gosync.access.windows import Alert
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.cli.stopping import stopping
from gosync.config import Config
from gosync.config.access import AccessSpec
from gosync.config.sizes import format_size
from gosync.errors import NoConfigError, StoreError, UsageError
from gosync.site.site import read_catalog
from gosync.text import encode_json, printable

EXIT_DAMAGED = 3
EXIT_FIRED = 4


@click.command()
@click.argument("logs", metavar="[LOG]...", nargs=-1)
@click.option("--follow", is_flag=True, help="Go on with what is written to it.")
@click.option(
    "--seal", is_flag=True, help="Keep the days that are over, and seal them."
)
@click.option(
    "--prove", metavar="DAY", help="Read no log; prove what is kept of a day."
)
@click.option(
    "--top",
    type=click.IntRange(min=1, max=1000),
    default=20,
    show_default=True,
    metavar="N",
    help="How many clients, users and modules are named.",
)
@common_options
def access(
    options: CommonOptions,
    logs: tuple[str, ...],
    follow: bool,
    seal: bool,
    prove: str | None,
    top: int,
) -> int:
    """Read access logs: what was asked, by whom, hit or miss, and what is odd.

    LOG is a file of nginx (combined or JSON), Apache, Caddy, HAProxy or gosync serve,
    plain, gzip or zstd, a pattern of names, or - for standard input; without one, those
    of [access] logs. No configuration is needed for a LOG.

    With --seal, the lines of each day that is over are kept in the store for
    access.keep_days, under a seal that follows the one before; --prove DAY holds them
    against it.

    Exit code 4: a rule of [[access.rule]] or a default one fired, or what --prove looks
    at was changed. 3: a log is damaged.
    """
    if seal or prove is not None:
        # Few who read logs seal them.
        from gosync.cli.sealing import prove_day, seal_days  # noqa: PLC0415

        if prove is not None:
            return prove_day(options, prove)
        return seal_days(options, logs)
    config = _config(options, logs)
    spec = config.access if config is not None else AccessSpec()
    names = list(logs or spec.logs)
    if not names:
        raise UsageError(
            "no log to read", hint="name one, or [access] logs in gosync.toml"
        )
    audit = AccessAudit(_audit_options(options, config, spec))
    if follow:
        _follow(options, audit, config, names)
    else:
        found = find_logs(names)
        with (
            audit.range_reader(found) as ranges,
            progress(show=options.show_progress) as watcher,
        ):
            watcher.phase("access logs")
            audit.read(found, watcher, ranges)
        _tell(config, audit.alerts.alerts)
    report = AccessReport.of(audit, top=top)
    if not (follow and options.output.as_json):
        options.output.result("access", report, _lines(report))
    if audit.alerts.alerts:
        return EXIT_FIRED
    return EXIT_DAMAGED if audit.damaged else 0


def _config(options: CommonOptions, logs: tuple[str, ...]) -> Config | None:
    try:
        return options.load_config()
    except NoConfigError:
        if not logs or options.config_file is not None:
            raise
        return None


def _audit_options(
    options: CommonOptions, config: Config | None, spec: AccessSpec
) -> AccessOptions:
    private = config.policy.private if config is not None else ()
    return AccessOptions(
        rules=spec.rules,
        around=Surroundings(private, _findings(options, config), spec.inside),
        prefix=spec.prefix,
    )


def _findings(
    options: CommonOptions, config: Config | None
) -> frozenset[tuple[str, str]]:
    """Return module and version of what has an open finding, or is withdrawn."""
    if config is None:
        return frozenset()
    try:
        with read_catalog(config.site_options()) as catalog:
            found = {(each.path, each.version) for each in catalog.findings.open()}
            found |= {(each.path, each.version) for each in catalog.withdrawn.all()}
    except StoreError as exc:  # logs can be read where there is no store
        options.output.note(f"what has a finding is not known: {exc}")
        return frozenset()
    return frozenset(pair for pair in found if all(pair))


def _follow(
    options: CommonOptions, audit: AccessAudit, config: Config | None, names: list[str]
) -> None:
    """Read on until a signal comes; what fires is told at once."""
    if len(names) != 1:
        raise UsageError("--follow reads one log", hint="name one, or - for a pipe")

    def tell(alert: Alert) -> None:
        _tell(config, [alert])
        if options.output.as_json:
            click.echo(encode_json(AlertReport.of(alert)))
        else:
            options.output.say(_alert_line(AlertReport.of(alert)))

    with stopping() as caught:
        audit.follow(names[0], lambda: bool(caught), tell)


def _tell(config: Config | None, alerts: Iterable[Alert]) -> None:
    """Tell hooks of alerts that they were not told of."""
    alerts = list(alerts)
    if config is None or not config.hooks.alert or not alerts:
        return
    # Most sites have no such hook.
    from gosync.cli.alerthooks import tell_alerts  # noqa: PLC0415

    anyio.run(tell_alerts, config, alerts)


def _lines(report: AccessReport) -> Iterator[str]:
    ends = report.outcomes
    yield (
        f"{report.lines} requests from {report.since or '-'} to"
        f" {report.until or '-'}, {format_size(report.size_bytes)}:"
        f" {ends.hit} hits, {ends.miss} misses, {ends.missing} not carried,"
        f" {ends.refused} refused, {ends.failed} failed"
        + (f", {ends.other} others" if ends.other else "")
    )
    yield f"clients: {_many(report.clients)}"
    for client in report.clients.top[:_SHOWN]:
        size = format_size(client.size_bytes)
        yield f"  {client.count:>9} {size:>10}  {printable(client.address)}"
    yield f"busiest modules, of {_many(report.modules)}:"
    for busy in report.modules.busiest[:_SHOWN]:
        if busy.module:
            yield f"  {busy.count:>9}  {printable(busy.module)}"
    yield "newest modules:"
    for new in report.modules.newest[:_SHOWN]:
        if new.module:
            yield f"  {new.first}  {printable(new.module)}"
    for kind, count in report.agents.addresses.items():
        addresses = "address" if count == 1 else "addresses"
        yield f"agents: {count} {addresses} with {kind}"
    for served in report.findings:
        name = printable(f"{served.module}@{served.version}")
        yield f"has a finding and was served: {name} to {printable(served.client)}"
    for missing in report.not_carried[:_SHOWN]:
        name = printable(f"{missing.module}@{missing.query}")
        yield f"not carried: {missing.count:>6}  {name}"
    yield from map(_alert_line, report.alerts)
    yield from map(printable, report.remarks)


_SHOWN = 10


def _many(counted: ClientTotals | ModuleTotals) -> str:
    return f"{'' if counted.exact else 'about '}{counted.count}"


def _alert_line(alert: AlertReport) -> str:
    return (
        f"ALERT {alert.rule}: {printable(alert.key)}: {alert.count}"
        f" from {alert.since} to {alert.until}"
    )
