"""The command group and the process's border.

Here, and nowhere else, an error becomes an exit code. A SIGINT or SIGTERM
during a pass arrives as InterruptedRunError, so that state was saved first.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

import click

from gosync import __version__
from gosync.cli.conceal import without_secrets
from gosync.cli.streams import open_streams
from gosync.cli.verbs import Verb, Verbs
from gosync.errors import ClosedPipeError, GosyncError, UsageError
from gosync.hint import command
from gosync.system import error_of_system
from gosync.text import DOCUMENT_SCHEMA, encode_json, printable, shown

_log = logging.getLogger(__name__)

EXIT_BUG = 1
# What a command makes mostly lives to its end, so looking for cycles finds little; the
# interpreter's own 700 cost a create of bundles, which has many lines, 4 % of its time.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000

# Where each verb is: a module of this package, its name there, what it is for.
VERBS = {
    "init": Verb(
        "init", "init", "Write a commented gosync.toml into DIR (default: here)."
    ),
    "demo": Verb(
        "demo",
        "demo",
        "Sync, prove and publish a sample, build against it, carry it over a gap.",
    ),
    "plan": Verb("plan", "plan", "Show what a sync would fetch, without fetching it."),
    "sync": Verb(
        "sync", "sync", "Fetch and prove what is new, then bring the tree up to date."
    ),
    "status": Verb(
        "status", "status", "Show how fresh, how complete and how proven the mirror is."
    ),
    "list": Verb(
        "listing",
        "list_",
        "List the versions in the store; PATTERN is a path or a GOPRIVATE glob.",
    ),
    "show": Verb(
        "inspect",
        "show",
        "Show all that is known of one version: files, hashes, proof, findings.",
    ),
    "why": Verb(
        "why",
        "why",
        "Show why a version is selected: by which select or project, and how.",
    ),
    "licences": Verb(
        "licences",
        "licences",
        "Show the licences of what is carried; PATTERN is a path or a GOPRIVATE glob.",
    ),
    "policy": Verb(
        "policy",
        "policy",
        "Decide what may come in though a rule keeps it out, or the other way about.",
    ),
    "attest": Verb(
        "attest", "attest", "Sign what module versions are, and check who did."
    ),
    "vulns": Verb(
        "vulns",
        "vulns",
        "Show which carried versions have known vulnerabilities, and what fixes them.",
    ),
    "sbom": Verb(
        "sbom",
        "sbom",
        "Write an SBOM of a project, a version, the tree or a bundle.",
    ),
    "prune": Verb(
        "prune",
        "prune",
        "Forget versions that nothing selects, once their time of grace is over.",
    ),
    "release": Verb(
        "release",
        "release_",
        "Release a private module's version from a folder or a git tag.",
    ),
    "withdraw": Verb(
        "withdraw",
        "withdraw",
        "Take a version out of list, @latest, info, mod and zip at once, for good.",
    ),
    "publish": Verb(
        "publish",
        "publish",
        "Bring the configured tree, or DIR, up to what the store carries.",
    ),
    "adopt": Verb(
        "adopt",
        "adopt",
        "Take in what TREE (default: the configured one) shows and the store lacks.",
    ),
    "import": Verb(
        "importing",
        "import_",
        "Take in what caches have: GOMODCACHE, an Athens store, a tree, a zip of one.",
    ),
    "bundle": Verb("bundle", "bundle", "Carry modules over an air gap."),
    "closure": Verb(
        "closure",
        "closure",
        "Prove that the tree alone holds all that a project needs.",
    ),
    "verify": Verb(
        "verify",
        "verify",
        "Prove what a module cache holds: h1 by h1, against the checksum database.",
    ),
    "audit": Verb(
        "audit",
        "audit",
        "Ask upstreams what became of what is held: rewritten, vanished, stale ...",
    ),
    "mirrors": Verb(
        "mirrors",
        "mirrors",
        "Compare upstreams live: reach, latency, lag, gaps, checksums; recommend some.",
    ),
    "serve": Verb(
        "serve",
        "serve",
        "Serve the published tree, or any TREE, to go over HTTP until SIGTERM.",
    ),
    "explain": Verb(
        "explain",
        "explain",
        "Explain what go printed: each failure, its cause, and what to do.",
    ),
    "doctor": Verb(
        "doctor",
        "doctor",
        "Find out why go cannot get MODULE here: settings, network, mirror, checksums.",
    ),
    "access": Verb(
        "access",
        "access",
        "Read access logs: what was asked, by whom, hit or miss, and what is odd.",
    ),
    "record": Verb(
        "record",
        "record",
        "Run COMMAND and write what it asks a module proxy for into NAME.record.toml.",
    ),
    "requests": Verb(
        "requests",
        "requests",
        "Show, carry and answer requests for what is not carried.",
    ),
    "run": Verb(
        "run",
        "run",
        "Keep the mirror fresh until SIGTERM: jobs as [daemon.jobs] schedules them.",
    ),
    "systemd": Verb("systemd", "systemd", "Write systemd units."),
    "config": Verb("config", "config", "Check or show the configuration."),
    "key": Verb(
        "key", "key", "Make keys that sign, show them, and verify what they signed."
    ),
    "catalog": Verb("catalog", "catalog", "Care for the catalog."),
    "self": Verb("selfbundle", "self_", "Carry gosync itself."),
    "completion": Verb(
        "completion",
        "completion",
        "Print the script with which SHELL completes verbs, options and module names.",
    ),
    "restore": Verb(
        "restore",
        "restore",
        "Bring a store in a bucket to this machine, into the empty folder store.local.",
    ),
    "backup": Verb(
        "backup", "backup", "Copy catalog and journal into a dated folder below DIR."
    ),
}


@click.group(
    cls=Verbs, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="gosync")
def main() -> None:
    """Mirror Go modules into places without a network.

    Start with `gosync demo`, or write a configuration with `gosync init`.
    """


def entry() -> NoReturn:
    """Run the command line and leave with its exit code."""
    results = open_streams()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    arguments = sys.argv[1:]
    code = run(arguments)
    with suppress(GosyncError):  # it is kept
        sys.stdout.flush()
    if results.lost is not None and code == 0:
        code = _report(results.lost, arguments)
    gc.freeze()  # all memory goes at once; to look for cycles first takes 10 ms
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors go to standard error."""
    try:
        code = main.main(arguments, prog_name="gosync", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return UsageError.exit_code
    except Exception as exc:  # noqa: BLE001 - a bug of ours must still leave with 1
        error = _as_ours(exc)
        if error is not None:
            return _report(error, arguments)
        _report_bug()
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def _as_ours(error: Exception) -> GosyncError | None:
    """Return the error that one amounts to, None for a bug of ours."""
    if isinstance(error, ExceptionGroup):
        return _as_ours(error.exceptions[0])
    if isinstance(error, GosyncError):
        return error
    if isinstance(error, click.UsageError):
        command = "gosync" if error.ctx is None else error.ctx.command_path
        return UsageError(
            error.format_message().rstrip("."), hint=f"run `{command} --help`"
        )
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message())
    refused = error_of_system(error)
    if refused is not None:
        _log.debug("the system refused", exc_info=error)
    return refused


def _report(error: GosyncError, arguments: list[str]) -> int:
    """Say what is wrong, and return the exit code."""
    if not isinstance(error, ClosedPipeError):
        _say(error, arguments)
    return error.exit_code


def _say(error: GosyncError, arguments: list[str]) -> None:
    message = without_secrets(str(error), arguments)
    hint = without_secrets(str(error.hint), arguments) if error.hint else None
    if "--json" in arguments:
        fields = {
            "schema": DOCUMENT_SCHEMA,
            "type": "error",
            "error": type(error).__name__,
            "message": message,
            "hint": hint,
            "class": error.failure_class or None,
            "exit_code": error.exit_code,
        }
        click.echo(encode_json(fields), err=True)
        return
    # Only who is told something waits for what says it in his language.
    from gosync.cli.messages import told, told_error  # noqa: PLC0415

    click.echo(f"gosync: {printable(told_error(error, message))}", err=True)
    if hint:
        click.echo(f"  {told(f'next: {printable(hint)}')}", err=True)
    if error.failure_class:
        page = command("explain", error.failure_class)
        click.echo(f"  {told(f'more: {page}')}", err=True)


def _report_bug() -> None:
    click.echo(shown(traceback.format_exc()), err=True)
    click.echo("gosync: a bug of ours; please report the lines above", err=True)
