"""The command group and the process's border.

Here, and nowhere else, an error becomes an exit code. A SIGINT or SIGTERM
during a pass arrives as InterruptedRunError, so that state was saved first.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import traceback
from typing import NoReturn

import click

from gosync import __version__
from gosync.cli.output import printable
from gosync.cli.verbs import Verbs
from gosync.errors import GosyncError

EXIT_BUG = 1
# What a command makes mostly lives to its end, so looking for cycles finds little; the
# interpreter's own 700 cost a create of bundles, which has many lines, 4 % of its time.
_OBJECTS_BETWEEN_COLLECTIONS = 100_000

# Where each verb is: a module of this package, and its name there.
VERBS = {
    "init": ("init", "init"),
    "demo": ("demo", "demo"),
    "plan": ("plan", "plan"),
    "sync": ("sync", "sync"),
    "status": ("status", "status"),
    "list": ("inspect", "list_"),
    "show": ("inspect", "show"),
    "why": ("why", "why"),
    "prune": ("prune", "prune"),
    "withdraw": ("withdraw", "withdraw"),
    "publish": ("publish", "publish"),
    "bundle": ("bundle", "bundle"),
    "closure": ("closure", "closure"),
    "verify": ("verify", "verify"),
    "audit": ("audit", "audit"),
    "run": ("run", "run"),
    "systemd": ("systemd", "systemd"),
    "config": ("config", "config"),
    "key": ("key", "key"),
    "catalog": ("catalog", "catalog"),
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
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `gosync list | head` just ends
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors go to standard error."""
    try:
        code = main.main(arguments, prog_name="gosync", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except GosyncError as exc:
        _report(exc, as_json="--json" in arguments)
        return exc.exit_code
    except Exception:  # noqa: BLE001 - a bug of ours must still leave with 1
        _report_bug()
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def _report(error: GosyncError, *, as_json: bool) -> None:
    if as_json:
        fields = {
            "schema": 1,
            "type": "error",
            "error": type(error).__name__,
            "message": str(error),
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        click.echo(json.dumps(fields), err=True)
        return
    click.echo(f"gosync: {printable(str(error))}", err=True)
    if error.hint:
        click.echo(f"  next: {error.hint}", err=True)


def _report_bug() -> None:
    click.echo(traceback.format_exc(), err=True)
    click.echo("gosync: a bug of ours; please report the lines above", err=True)
