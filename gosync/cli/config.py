"""``gosync config check`` and ``gosync config show``."""

from __future__ import annotations

import click
import msgspec

from gosync.cli.options import Options, common_options
from gosync.config.schema import Config
from gosync.text import encode_json


@click.group()
def config() -> None:
    """Check or show the configuration."""


@config.command()
@common_options
def check(options: Options) -> None:
    """Say whether the configuration is right; exit 2 when it is not."""
    loaded = options.load_config()
    policy = loaded.policy
    patterns = f"{len(policy.patterns)} patterns"
    options.output.result(
        "config check",
        {
            "file": str(loaded.file),
            "ok": True,
            "modules": len(policy.exact),
            "patterns": len(policy.patterns),
        },
        [f"{loaded.file}: right; {len(policy.exact)} modules and {patterns} selected"],
    )
    if not policy.selects:
        options.output.note("nothing is selected yet: add a [[select]]")


@config.command("show")
@common_options
def show_config(options: Options) -> None:
    """Show every value in force, defaults and overrides included."""
    document = _document(options.load_config())
    text = msgspec.json.format(encode_json(document), indent=2).decode()
    options.output.result("config show", document, [text])


def _document(loaded: Config) -> dict[str, object]:
    sections = msgspec.to_builtins(loaded.sections)
    return {
        "file": str(loaded.file),
        "store_path": str(loaded.store_path),
        "tree_path": str(loaded.tree_path),
        "min_free_bytes": loaded.min_free_bytes,
        "list_interval_seconds": loaded.list_interval_seconds,
        "config": sections,
    }
