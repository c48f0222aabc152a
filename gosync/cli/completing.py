"""Completion of module names in a shell, from the catalog.

click completes verbs and options by itself; where a module is asked for, this offers
those that are in the store. Nothing is said where there is no store or no
configuration: a completion has nowhere to say it.
"""

from __future__ import annotations

from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from gosync.errors import GosyncError

_MOST = 200


def complete_module(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the modules, or behind an ``@`` the versions, that begin so."""
    # A completion that is not asked for costs a verb nothing.
    from gosync.cli.options import CommonOptions  # noqa: PLC0415
    from gosync.cli.output import Output  # noqa: PLC0415
    from gosync.site.site import read_catalog  # noqa: PLC0415

    options = CommonOptions(ctx.params.get("config_file"), Output(), False)
    with suppress(GosyncError, OSError):
        config = options.load_config()
        with read_catalog(config.site_options()) as catalog:
            path, at, version = incomplete.partition("@")
            if not at:
                return [CompletionItem(p) for p in catalog.versions.paths(path, _MOST)]
            found = (row.version for row in catalog.versions.of(path))
            return [
                CompletionItem(f"{path}@{each}")
                for each in found
                if each.startswith(version)
            ]
    return []
