"""``gosync show``: all that is known of one version, and how it was proven."""

from __future__ import annotations

import click
import msgspec

from gosync.audit.answers import FileAnswer, parse_answer
from gosync.catalog.documents import read_document
from gosync.catalog.looks import Look
from gosync.cli.arguments import parse_module_version
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.tables import finding_lines, withdrawal_lines
from gosync.cli.versionjson import version_document
from gosync.errors import NotFoundError
from gosync.site.site import read_catalog


@click.command()
@click.argument("module_version", metavar="MODULE@VERSION")
@common_options
def show(options: CommonOptions, module_version: str) -> None:
    """Show all that is known of one version: files, hashes, proof, findings."""
    config = options.load_config()
    mv = parse_module_version(module_version)
    with read_catalog(config.site_options()) as catalog:
        row = catalog.versions.get(mv)
        failure = catalog.failures.get(mv)
        pin = catalog.pins.get(mv)
        about = [
            f
            for f in catalog.findings.of_module(mv.path)
            if f.version in {"", mv.version}
        ]
        looks = catalog.looks.of(mv)
        withdrawal = catalog.withdrawn.get(mv)
    if row is None:
        raise NotFoundError(
            f"{mv}: not known here", hint=f"gosync list --all {mv.path}"
        )
    document = version_document(row)
    document["failure"] = msgspec.to_builtins(failure)
    document["pin"] = msgspec.to_builtins(pin)
    facts = ((key, value) for key, value in document.items() if value is not None)
    lines = [f"{key:<14}{value}" for key, value in facts]
    document["withdrawal"] = msgspec.to_builtins(withdrawal)
    lines += withdrawal_lines([] if withdrawal is None else [withdrawal])
    document["findings"] = about
    document["looks"] = [look_document(look) for look in looks]
    options.output.result(
        "show", document, [*lines, *map(_look_line, looks), *finding_lines(about)]
    )


def _look_line(look: Look) -> str:
    if look.looked_at is None:
        return f"{'audit':<14}{look.what} at {look.source}: no answer yet"
    said = parse_answer(look, FileAnswer)
    what = "not found" if said.no else said.value or "no commit"
    return f"{'audit':<14}{look.what} at {look.source}: {what}, {look.looked_at}"


def look_document(look: Look) -> dict[str, object]:
    """Return a question and its last answer as JSON."""
    return {
        "what": look.what.value,
        "source": look.source,
        "looked_at": look.looked_at,
        "due_at": look.due_at,
        "said": read_document(look.said, dict),
    }
