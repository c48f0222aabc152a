"""``gosync bundle``: the commands for bundles, outside and inside."""

from __future__ import annotations

import click

from gosync.cli.verbs import Verb, Verbs

# Where each verb is: a module of this package, its name there, what it is for.
VERBS = {
    "create": Verb(
        "bundle_create",
        "create",
        "Make the next bundle for TARGET: all that it has not acknowledged yet.",
    ),
    "inspect": Verb(
        "bundle_inspect", "inspect", "Show what the bundle in DIR says of itself."
    ),
    "verify": Verb(
        "bundle_inspect", "verify", "Prove the bundle in DIR: every byte of it is read."
    ),
    "sign": Verb(
        "bundle_sign",
        "sign",
        "Sign the bundle in DIR, as a second person does where two must have.",
    ),
    "import": Verb(
        "bundle_import",
        "import_",
        "Prove the bundle in DIR, take it in, and bring the tree up to it.",
    ),
    "ack": Verb(
        "bundle_ledger",
        "ack",
        "Take a site's receipt.json: the next bundle builds on what it says.",
    ),
    "revoke": Verb(
        "bundle_ledger",
        "revoke",
        "Say that a bundle never arrived: what it brought travels again.",
    ),
    "list": Verb(
        "bundle_ledger",
        "list_",
        "Show the bundles that were made here, and those that came in.",
    ),
}


@click.group(cls=Verbs, verbs=VERBS)
def bundle() -> None:
    """Carry modules over an air gap.

    Outside: create, then ack what came back. Inside: import. Anywhere: inspect and
    verify, which need no store and no configuration.
    """
