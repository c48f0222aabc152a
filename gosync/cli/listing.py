"""``gosync list``: the versions in the store.

A store may have a million versions, so rows are read a module at a time and leave as
they are read; kept is what a table's column widths need. The JSON document begins with
its counts, which are asked for first, within one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import click
import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.version_report import version_report
from gosync.catalog.versions import Need, State, VersionRow
from gosync.cli.modulepattern import (
    PathFilter,
    path_filter,
    path_prefix,
    pattern_argument,
)
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.roletext import roles_text
from gosync.config.sizes import format_size
from gosync.gomod.semver import version_key
from gosync.site.site import read_catalog


class ListCounts(msgspec.Struct, frozen=True):
    """Counts of what is listed.

    Attributes:
        modules: How many modules it is of.
        whole: Versions that are here whole.
        chosen: Those of them that a select names, or a command asked for.
        dependencies: Those of them that others need.
        tools: Those of them that are go toolchains.
        go_mods: Versions of which the ``.mod`` alone is here.
        not_here: Versions of which there is nothing.
    """

    modules: int
    whole: int
    chosen: int
    dependencies: int
    tools: int
    go_mods: int
    not_here: int


@click.command("list")
@pattern_argument
@click.option("--all", "everything", is_flag=True, help="Also what is not here yet.")
@common_options
def list_(options: CommonOptions, pattern: str | None, everything: bool) -> None:
    """List the versions in the store; PATTERN is a path or a GOPRIVATE glob."""
    matches, prefix = path_filter(pattern), path_prefix(pattern)
    config = options.load_config()
    with read_catalog(config.site_options()) as catalog, catalog.snapshot():
        counts = _count(catalog, matches, prefix, everything=everything)
        rows = _rows(catalog, matches, prefix, everything=everything)
        options.output.stream("list", counts, "versions", map(version_report, rows))
        told = (row for row in rows if everything or row.carried is Need.ZIP)
        options.output.table(
            ("module", "version", "state", "for", "zip", "proof"), map(_cells, told)
        )
    roles = roles_text(counts.chosen, counts.dependencies, counts.tools)
    folded = "" if everything or not counts.go_mods else " (--all shows them)"
    options.output.say(
        f"{counts.modules} modules, {counts.whole} versions whole{roles},"
        f" {counts.go_mods} go.mod files alone{folded}, {counts.not_here} not here"
    )


def _count(
    catalog: Catalog, matches: PathFilter, prefix: str, *, everything: bool
) -> ListCounts:
    modules = whole = dependencies = tools = go_mods = not_here = 0
    counted = catalog.versions.count_modules(everything=everything, prefix=prefix)
    for module in counted:
        if matches(module.path):
            modules += 1
            whole += module.whole
            dependencies += module.dependencies
            tools += module.tools
            go_mods += module.go_mods
            not_here += module.not_here
    chosen = whole - dependencies - tools
    return ListCounts(modules, whole, chosen, dependencies, tools, go_mods, not_here)


def _rows(
    catalog: Catalog, matches: PathFilter, prefix: str, *, everything: bool
) -> Iterator[VersionRow]:
    """Yield what is asked for, by module and version."""
    found = catalog.versions.all_rows(prefix)
    for path, rows in groupby(found, attrgetter("path")):
        if matches(path):
            chosen = [row for row in rows if everything or row.is_listed]
            yield from sorted(chosen, key=lambda row: version_key(row.version))


def _cells(row: VersionRow) -> tuple[str, ...]:
    size = "" if row.zip_bytes is None else format_size(row.zip_bytes)
    proof = row.proof.value if row.proof else ""
    return (row.path, row.version, _state(row), row.found_by.role.value, size, proof)


def _state(row: VersionRow) -> str:
    if row.withdrawn:
        return "withdrawn"
    if row.denied:
        return "denied"
    is_alone = row.state is State.PRESENT and row.carried is Need.MOD
    return "go.mod only" if is_alone else row.state.value
