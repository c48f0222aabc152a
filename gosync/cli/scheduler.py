"""Option ``--scheduler``: who does the steps of a sweep, this machine or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from gosync.cli.extras import needs_extra
from gosync.config import Config
from gosync.errors import MalformedError
from gosync.scale.options import SchedulerAddress, parse_scheduler
from gosync.work.sweep import Sweep

F = TypeVar("F", bound=Callable[..., Any])


def _address(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> SchedulerAddress | None:
    """Read ``local:4`` or ``tcp://host:8786``."""
    if text is None:
        return None
    try:
        return parse_scheduler(text)
    except MalformedError as exc:
        raise click.BadParameter(exc.reason, context, parameter) from exc


def scheduler_option(function: F) -> F:
    """Add --scheduler to a command that goes over all that there is."""
    return click.option(
        "--scheduler",
        callback=_address,
        metavar="local:N|ADDRESS",
        help="Share the work: N processes of this machine, or the workers of the Dask"
        " scheduler at tcp://HOST:PORT or tls://HOST:PORT.",
    )(function)


@contextmanager
def sharing(address: SchedulerAddress | None, config: Config) -> Iterator[Sweep | None]:
    """Open who does the steps; None where it was not asked for.

    Raises:
        UsageError: Dask is not installed, or the workers do not fit.
        UnavailableError: no scheduler answers, or it has no workers.
    """
    if address is None:
        yield None
        return
    with needs_extra("scale"):
        from gosync.scale.sweep import open_sweep  # noqa: PLC0415 - who asks for it
    with open_sweep(address, config.sweep_tls) as sweep:
        yield sweep
