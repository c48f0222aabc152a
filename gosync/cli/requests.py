"""``gosync requests``: what was asked for and is not carried, and its answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import click

from gosync.access.assessing import Assessment, assess
from gosync.access.deciding import write_decisions, write_modules
from gosync.access.files import find_logs
from gosync.access.ledger import RequestStatus, open_requests, read_requests, statuses
from gosync.access.requestfile import (
    DECISIONS_NAME,
    MAX_FILE_BYTES,
    CarriedRequest,
    RequestDecision,
    RequestFile,
    format_file,
    parse_decisions,
    parse_requests,
)
from gosync.access.requestreports import (
    AddedRequestsReport,
    ExportedRequestsReport,
    LogRequestsReport,
    RequestsReport,
)
from gosync.artifact import DOCUMENT
from gosync.cli.ages import ago
from gosync.cli.choosing import RequestChooser
from gosync.cli.options import CommonOptions, common_options, yes_option
from gosync.cli.progress import progress
from gosync.cli.verbs import VerbGroup
from gosync.clock import SystemClock, format_time
from gosync.config import Config
from gosync.config.sizes import format_size
from gosync.errors import (
    ConfigError,
    MalformedError,
    SignatureError,
    UsageError,
)
from gosync.folder.routes import artifact_file
from gosync.signing.files import read_key
from gosync.signing.keys import MAX_SIGNATURE_BYTES, parse_public_key
from gosync.site.site import open_site, read_catalog
from gosync.site.treestorage import tree_storage
from gosync.text import printable

EXIT_SOME = 3


@click.group(cls=VerbGroup)
def requests() -> None:
    """Show, carry and answer requests for what is not carried."""


@requests.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what is carried by now.")
@common_options
def list_(options: CommonOptions, everything: bool) -> None:
    """List what was asked for and is not carried, and what was decided of it."""
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog:
        found = statuses(catalog, _decisions(config))
    shown = [each for each in found if everything or each.state != "carried"]
    options.output.result("requests-list", RequestsReport(shown))
    rows = ((*_cells(each), each.state, printable(each.reason)) for each in shown)
    options.output.table(("module", "query", "count", "last", "state", "reason"), rows)


@requests.command("read")
@click.argument("logs", metavar="LOG...", nargs=-1)
@common_options
def read(options: CommonOptions, logs: tuple[str, ...]) -> int:
    """Take requests for what is not carried out of access logs.

    LOG is as for `gosync access`; without one, those of [access] logs. What was read of
    a log before does not count again, under whatever name rotation put it.
    """
    config = options.load_config()
    names = find_logs(logs or config.access.logs)
    if not names:
        raise UsageError(
            "no log to read", hint="name one, or [access] logs in gosync.toml"
        )
    with (
        open_site(config.site_options(), command="gosync requests read") as site,
        progress(show=options.show_progress) as watcher,
    ):
        watcher.phase("access logs")
        done = read_requests(
            site,
            names,
            watcher,
            prefix=config.access.prefix,
            anonymous=config.access.anonymous,
        )
        found = statuses(site.catalog, _decisions(config))
    missing = [each for each in found if each.state != "carried"]
    told = (
        f"{done.lines} requests read, {done.missing} for what was not carried;"
        f" {len(open_requests(found))} modules and queries are open"
    )
    lines = [told, *map(printable, done.damaged)]
    report = LogRequestsReport.of(done, missing)
    options.output.result("requests-read", report, lines)
    return EXIT_SOME if done.damaged else 0


@requests.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="The secret key to sign with, instead of requests.key.",
)
@common_options
def export(options: CommonOptions, file: Path, key: Path | None) -> None:
    """Write what is open into FILE, to be carried outside.

    Signed with requests.key, if there is one: the signature is FILE.sig. Who asked
    stays here.
    """
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog:
        found = open_requests(statuses(catalog, _decisions(config)))
    carried = RequestFile(
        site=config.inside.target or config.sections.daemon.name,
        made_at=format_time(SystemClock().now()),
        requests=[_carried(each) for each in found],
    )
    data = format_file(carried)
    signer = key or config.requests.key
    signature = None if signer is None else read_key(signer).sign(data)
    _write(file, data)
    if signature is not None:
        _write(_signature_of(file), signature)
    report = ExportedRequestsReport(
        file=str(file), signed=signature is not None, requests=carried.requests
    )
    how = f"signed: {_signature_of(file)}" if signature else "not signed"
    lines = [f"{len(found)} requests in {file}, {how}; outside: gosync requests add"]
    options.output.result("requests-export", report, lines)


@requests.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Approve these modules alone."
)
@click.option(
    "--refuse", multiple=True, metavar="PATTERN", help="Refuse these modules."
)
@click.option("--reason", default="", metavar="TEXT", help="With --refuse: why.")
@click.option("--dry-run", is_flag=True, help="Show what each would bring, no more.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="MODULES",
    help="The modules file, instead of requests.modules_file.",
)
@yes_option
@common_options
def add(
    options: CommonOptions,
    file: Path,
    only: tuple[str, ...],
    refuse: tuple[str, ...],
    reason: str,
    dry_run: bool,
    into: Path | None,
    yes: bool,
) -> int:
    """Show what the requests in FILE would bring, and select what is approved.

    Each is shown with its version, size, requirements and findings. On a terminal each
    one is asked for; elsewhere, and with --yes, all are approved but what --refuse
    names, what --only does not, and what upstreams do not have. Approved ones are
    written to the modules file that a select names; refused ones go back, with the
    reason, in the next bundle.

    Exit code 3: of some it is not known whether they exist.
    """
    config = options.load_config()
    carried = parse_requests(_read_file(file))
    _check_signature(config, file)
    target = _modules_file(config, into)
    site_options = config.site_options()
    with open_site(site_options, command="gosync requests add") as site:
        with progress(show=options.show_progress) as watcher:
            found = anyio.run(assess, site, carried.requests, watcher)
        _show(options, found)
        if dry_run:
            options.output.result("requests-add", AddedRequestsReport(found))
            return 0
        chooser = RequestChooser(
            only, refuse, reason, ask=not yes and _is_terminal(options)
        )
        decided = [
            decision
            for each in found
            if (decision := chooser.decide(each, format_time(site.clock.now())))
        ]
        approved = [each for each in decided if each.state == "approved"]
        names = [f"{each.module}@{each.version}" for each in approved]
        new = write_modules(target, names)
        write_decisions(site, carried.requests, decided)
    options.output.result(
        "requests-add",
        AddedRequestsReport(found, decided, new),
        _add_lines(config, target, decided, new),
    )
    return (
        EXIT_SOME
        if any(not each.version and not each.is_certain for each in found)
        else 0
    )


def _is_terminal(options: CommonOptions) -> bool:
    streams = (sys.stdin, sys.stderr)
    is_one = all(stream is not None and stream.isatty() for stream in streams)
    return is_one and not options.output.as_json


def _show(options: CommonOptions, found: Iterable[Assessment]) -> None:
    rows = (
        (
            printable(each.module),
            printable(each.query),
            str(each.count),
            each.version or "-",
            "-" if each.size_bytes is None else format_size(each.size_bytes),
            "-" if each.requires is None else str(each.requires),
            printable("; ".join(each.findings) or each.problem),
        )
        for each in found
    )
    columns = ("module", "query", "asked", "version", "zip", "requires", "remarks")
    options.output.table(columns, rows)


def _add_lines(
    config: Config,
    target: Path,
    decided: Sequence[RequestDecision],
    new: Sequence[str],
) -> Iterator[str]:
    refused = [each for each in decided if each.state == "refused"]
    yield f"{len(new)} versions are new in {target}, {len(refused)} refused"
    for each in refused:
        yield printable(f"refused: {each.module}@{each.query}: {each.reason}")
    if not _is_named(config, target):
        yield f"no select names {target}; add to gosync.toml:"
        yield "    [[select]]"
        yield f'    modules_file = "{target}"'
        yield '    deps = "build"'
    elif new:
        yield "next: gosync sync, and the next bundle"


def _is_named(config: Config, target: Path) -> bool:
    base = config.file.parent if config.file else Path()
    return any(
        (base / each.modules_file).resolve() == target.resolve()
        for each in config.sections.select
        if each.modules_file
    )


def _modules_file(config: Config, into: Path | None) -> Path:
    """Return the modules file: the one that is named, else the only one there is."""
    if into is not None:
        return into
    if config.requests.modules_file is not None:
        return config.requests.modules_file
    base = config.file.parent if config.file else Path()
    named = {each.modules_file for each in config.sections.select if each.modules_file}
    if len(named) == 1:
        return base / named.pop()
    raise UsageError(
        "no modules file to write what is approved to",
        hint="name it with --into, or requests.modules_file in gosync.toml, and in a"
        " select's modules_file",
    )


def _decisions(config: Config) -> Sequence[RequestDecision]:
    """Return what came back from outside, as the tree shows it."""
    name = artifact_file(DOCUMENT, DECISIONS_NAME)
    assert name is not None
    data = tree_storage(config.site_options()).reader().read(name)
    with suppress(MalformedError):
        return parse_decisions(data or b"").decisions
    return ()


def _carried(request: RequestStatus) -> CarriedRequest:
    return CarriedRequest(
        module=request.module,
        query=request.query,
        count=request.count,
        first=request.first,
        last=request.last,
    )


def _cells(request: RequestStatus) -> tuple[str, ...]:
    return (
        printable(request.module),
        printable(request.query),
        str(request.count),
        ago(request.last),
    )


def _signature_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sig")


def _check_signature(config: Config, file: Path) -> None:
    """Hold the file's signature against requests.trust, if that is configured.

    Raises:
        SignatureError: it has none of that key.
    """
    trust = config.requests.trust
    if trust is None:
        return
    try:
        key = parse_public_key(trust.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{trust}: cannot be read: {exc}") from exc
    signature = _signature_of(file)
    signed = signature.exists() and key.verify(
        _read_file(file), _read_file(signature, MAX_SIGNATURE_BYTES)
    )
    if not signed:
        raise SignatureError(
            f"{file}: not signed by the key of requests.trust",
            hint="export it again inside, with requests.key",
        )


def _read_file(path: Path, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}", hint="name the file") from exc


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}", hint="name another file") from exc
