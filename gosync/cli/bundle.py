"""``gosync bundle``: the commands for bundles, outside and inside."""

from __future__ import annotations

import click

from gosync.cli.verbs import Verbs

# Where each verb is: a module of this package, and its name there.
VERBS = {
    "create": ("bundle_create", "create"),
    "inspect": ("bundle_inspect", "inspect"),
    "verify": ("bundle_inspect", "verify"),
    "import": ("bundle_import", "import_"),
    "ack": ("bundle_ledger", "ack"),
    "revoke": ("bundle_ledger", "revoke"),
    "list": ("bundle_ledger", "list_"),
}


@click.group(cls=Verbs, verbs=VERBS)
def bundle() -> None:
    """Carry modules over an air gap.

    Outside: create, then ack what came back. Inside: import. Anywhere: inspect and
    verify, which need no store and no configuration.
    """
