"""``gosync list`` and ``gosync show``: what the store has, and how it was proven."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec
from msgspec.structs import asdict

from gosync.audit.answers import FileAnswer, parse_answer
from gosync.catalog.db import Catalog
from gosync.catalog.documents import read_document
from gosync.catalog.looks import Look
from gosync.catalog.versions import Need, Role, State, VersionRow
from gosync.cli.arguments import arguments, parse_module_version
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.tables import finding_lines, withdrawal_lines
from gosync.cli.troublelines import roles_text
from gosync.config.sizes import format_size
from gosync.errors import NotFoundError
from gosync.gomod.patterns import PatternSet, is_literal
from gosync.gomod.semver import version_key
from gosync.site.rules import check_pattern
from gosync.site.site import read_catalog


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--all", "everything", is_flag=True, help="Also what is not here yet.")
@common_options
def list_(options: CommonOptions, pattern: str | None, everything: bool) -> None:
    """List the versions in the store; PATTERN is a path or a GOPRIVATE glob."""
    if pattern is not None and not is_literal(pattern):
        with arguments("write a path, or a glob as in GOPRIVATE"):
            check_pattern("pattern", pattern, pattern)
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog:
        rows = [
            row
            for row in _matching(catalog, pattern)
            if everything or (_is_whole(row) and row.published)
        ]
    rows.sort(key=lambda row: (row.path, version_key(row.version)))
    counts = _counts(rows)
    documents = [version_document(row) for row in rows]
    options.output.result("list", {**counts, "versions": documents})
    told = rows if everything else [row for row in rows if row.carried is Need.ZIP]
    options.output.table(
        ("module", "version", "state", "for", "zip", "proof"), map(_cells, told)
    )
    roles = roles_text(counts["chosen"], counts["dependencies"], counts["tools"])
    folded = "" if len(told) == len(rows) else " (--all shows them)"
    options.output.say(
        f"{counts['modules']} modules, {counts['whole']} versions whole{roles},"
        f" {counts['go_mods']} go.mod files alone{folded},"
        f" {counts['not_here']} not here"
    )


def _is_whole(row: VersionRow) -> bool:
    """Whether all that is needed of a version is here."""
    return row.state is State.PRESENT or row.selected is None


def _counts(rows: list[VersionRow]) -> dict[str, int]:
    """Count what is listed: whole, by what that is for; the ``.mod`` alone; nothing."""
    roles = [row.found_by.role for row in rows if row.carried is Need.ZIP]
    carried = [row.carried for row in rows]
    return {
        "modules": len({row.path for row in rows}),
        "whole": carried.count(Need.ZIP),
        "chosen": roles.count(Role.CHOSEN),
        "dependencies": roles.count(Role.DEPENDENCY),
        "tools": roles.count(Role.TOOL),
        "go_mods": carried.count(Need.MOD),
        "not_here": carried.count(None),
    }


def _matching(catalog: Catalog, pattern: str | None) -> Iterator[VersionRow]:
    if pattern is None:
        yield from catalog.versions.all_rows()
        return
    globs = PatternSet([pattern])
    yield from (row for row in catalog.versions.all_rows() if globs.match(row.path))


def _cells(row: VersionRow) -> tuple[str, ...]:
    size = "" if row.zip_bytes is None else format_size(row.zip_bytes)
    proof = row.proof.value if row.proof else ""
    role = row.found_by.role.value
    return (row.path, row.version, _state(row), role, size, proof)


def _state(row: VersionRow) -> str:
    if row.withdrawn:
        return "withdrawn"
    is_alone = row.state is State.PRESENT and row.carried is Need.MOD
    return "go.mod only" if is_alone else row.state.value


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


def version_document(row: VersionRow) -> dict[str, object]:
    """Return a version as JSON; the record's text as a string."""
    fields = asdict(row)
    del fields["record_text"], fields["changed"]
    text = row.record_text.decode() if row.record_text is not None else None
    known = msgspec.to_builtins(fields)
    return {**known, "role": row.found_by.role.value, "record": text}
