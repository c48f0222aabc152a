"""A plan for people: its sums first, then what is largest, new or dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gosync.catalog.selection_notes import SelectionNote
from gosync.catalog.versions import Need
from gosync.cli.notelines import told_notes
from gosync.cli.output import Output
from gosync.cli.policylines import policy_lines
from gosync.cli.tables import withdrawal_lines
from gosync.cli.troublelines import trouble_lines
from gosync.config.sizes import format_size
from gosync.sync.explaining import Covers, ExplainedVersion, Explanation
from gosync.sync.planned import LargeZip, PlannedVersion, PlanReport
from gosync.sync.plansums import PlanSums, Sum, WanterSum
from gosync.sync.zipsizes import SizeKind

_SHOWN = 200
_COVERS = {
    Covers.ANY_ONE: "complete for who requires any one of the chosen versions; for"
    " all at once, set together = true; for some, name the [[project]] that does",
    Covers.TOGETHER: "complete for who requires any one of the chosen versions, or all"
    " at once",
}
_LARGEST_SHOWN = 10
_DAY = len("2026-01-31")
_ROOTS_SHOWN = 20


def print_plan(output: Output, report: PlanReport) -> None:
    """Print a plan; nothing where JSON was asked for."""
    output.say(_line(report))
    if report.estimated:
        output.say(
            "estimated: imports of modules that are not here were not read, so all is"
            " counted that go.mod files require; `gosync plan --fetch` reads them"
        )
    if report.sums is not None and report.sums.by:
        _print_sums(output, report.sums)
    if report.explained is not None:
        _print_explained(output, report.explained)
    else:
        _print_largest(output, report.largest)
        _print_new(output, [*report.adds, *report.updates])
    _print_dropped(output, report)
    print_notes(output, report.notes)
    troubles = trouble_lines(report.failed, report.empty_modules)
    if report.leaving:
        output.say(f"{len(report.leaving)} zips that the policy denies leave the tree")
    denied = policy_lines(report.policy)
    for line in (*withdrawal_lines(report.withdrawn), *denied, *troubles):
        output.say(line)


def print_notes(output: Output, notes: Sequence[SelectionNote]) -> None:
    """Print what could not be known of what is needed."""
    for line in told_notes(notes):
        output.say(line)


def _line(report: PlanReport) -> str:
    rows = (*report.adds, *report.updates)
    zips = sum(each.need == Need.ZIP.value for each in rows)
    size = format_size(report.bytes + report.estimated_bytes)
    about = "about " if report.estimated_bytes else ""
    unknown = (
        f", {report.sizes_unknown} of unknown size" if report.sizes_unknown else ""
    )
    unestimated = sum(each.size == SizeKind.UNKNOWN.value for each in rows)
    if report.sizes_unknown and not unestimated:
        unknown = f", {report.sizes_unknown} sizes estimated"
    return (
        f"{len(rows)} versions to fetch"
        f" ({len(report.updates)} of modules that are here):"
        f" {zips} zips, {about}{size}{unknown}; {len(rows) - zips} go.mod files alone;"
        f" {report.requests} requests; {len(report.removes) or 'none'} no longer"
        " selected"
    )


def size_text(total: Sum) -> str:
    """Return a sum's bytes for people, estimates marked."""
    if total.zips and total.sizes_unknown == total.zips:
        return "?"
    more = "+?" if total.sizes_unknown else ""
    about = "~" if total.estimated_bytes else ""
    return f"{about}{format_size(total.bytes)}{more}"


def _print_sums(output: Output, sums: PlanSums) -> None:
    columns = (
        "selected by",
        "zips",
        "size",
        "alone",
        "shared",
        "to fetch",
        "not in the tree",
        "go.mod only",
        "",
    )
    whole = ("all together", sums.selected, None, sums.shared, sums.fetch, sums.new)
    rows = [*map(_wanter_cells, sums.by), _cells(*whole)]
    output.table(columns, rows)


def _wanter_cells(each: WanterSum) -> tuple[str, ...]:
    parts = (each.total, each.alone, each.shared, each.fetch, each.new)
    return (*_cells(each.who, *parts)[:-1], each.what)


def _cells(
    who: str, total: Sum, alone: Sum | None, shared: Sum, fetch: Sum, new: Sum
) -> tuple[str, ...]:
    return (
        who,
        str(total.zips),
        size_text(total),
        "" if alone is None else size_text(alone),
        size_text(shared),
        f"{fetch.zips}, {size_text(fetch)}" if fetch.zips else "",
        f"{new.zips}, {size_text(new)}" if new.zips else "",
        str(total.go_mods),
        "",
    )


def _print_largest(output: Output, largest: Sequence[LargeZip]) -> None:
    rows = (
        (
            each.path,
            each.version,
            zip_text(each.bytes, each.size),
            "here" if each.is_here else "to fetch",
            ", ".join(each.wanted_by),
        )
        for each in largest[:_LARGEST_SHOWN]
    )
    if largest:
        output.table(("largest", "version", "zip", "", "wanted by"), rows)


def zip_text(size_bytes: int, size: str) -> str:
    """Return a zip's size for people: "?" for none, "~" before an estimate."""
    kind = SizeKind(size) if size else SizeKind.UNKNOWN
    if kind is SizeKind.UNKNOWN:
        return "?"
    return f"{'' if kind.is_exact else '~'}{format_size(size_bytes)}"


def _print_new(output: Output, rows: Sequence[PlannedVersion]) -> None:
    """Print what is to be fetched whole; go.mod files alone are only counted."""
    zips = [row for row in rows if row.need == Need.ZIP.value]
    if zips:
        columns = ("to fetch", "version", "zip", "found by", "wanted by")
        output.table(columns, map(_new_cells, zips[:_SHOWN]))
    if len(zips) > _SHOWN:
        output.note(f"... and {len(zips) - _SHOWN} more; --json shows all")
    if len(zips) < len(rows):
        which = "and" if zips else "to fetch:"
        output.note(
            f"{which} {len(rows) - len(zips)} go.mod files alone; --json shows all"
        )


def _new_cells(row: PlannedVersion) -> tuple[str, ...]:
    size_bytes = row.zip_bytes if row.zip_bytes is not None else row.estimated_bytes
    return (
        row.path,
        row.version,
        zip_text(size_bytes or 0, row.size),
        f"{row.found_by}, newest" if row.newest else row.found_by,
        ", ".join(row.wanted_by) + (" (estimated)" if row.estimated else ""),
    )


def _print_dropped(output: Output, report: PlanReport) -> None:
    if not report.removes:
        return
    dropped = report.dropped
    now = f", {dropped.now} of them dropped just now" if dropped.now else ""
    output.say(
        f"selected no more: {dropped.zips} zips and {dropped.go_mods} go.mod files"
        f" alone, {format_size(dropped.bytes)}{now}; they stay until `gosync prune`"
    )
    if report.explained is not None:
        return
    columns = ("no longer selected", "version", "since", "size")
    removed = (
        (r.path, r.version, r.unselected_at[:_DAY], format_size(r.bytes))
        for r in report.removes[:_SHOWN]
    )
    output.table(columns, removed)
    if len(report.removes) > _SHOWN:
        output.note(f"... and {len(report.removes) - _SHOWN} more; --json shows all")


def _print_explained(output: Output, found: Explanation) -> None:
    for line in _explained_lines(found):
        output.say(line)
    if found.roots:
        rows = (
            (
                each.path,
                each.version,
                str(each.total.zips),
                size_text(each.total),
                size_text(each.only),
            )
            for each in found.roots[:_ROOTS_SHOWN]
        )
        output.table(("chosen", "version", "zips", "size", "only for it"), rows)
    zips = [each for each in found.versions if each.why != "go.mod"]
    output.table(
        ("module", "version", "why", "zip", "wanted by"),
        _explained_cells(zips[:_SHOWN]),
    )
    if len(zips) > _SHOWN:
        output.note(f"... and {len(zips) - _SHOWN} more; --json shows all")


def _explained_lines(found: Explanation) -> Iterator[str]:
    parts = (
        ("chosen", found.chosen),
        ("dependencies", found.dependencies),
        ("for consumers of a part, or of more, only (subset)", found.subsets),
    )
    for name, total in parts:
        if total.zips or total is found.chosen:
            yield f"{found.who}: {name}: {total.zips} zips, {size_text(total)}"
    yield f"{found.who}: go.mod only: {found.go_mods} versions"
    if found.covers is not None:
        yield f"{found.who}: {_COVERS[found.covers]}"
    if found.unread:
        told = f"{found.unread} zips, by what go.mod files require"
        yield f"{found.who}: estimated: {told}"


def _explained_cells(versions: Iterable[ExplainedVersion]) -> Iterator[tuple[str, ...]]:
    for each in versions:
        size = zip_text(each.bytes, each.size)
        why = f"{each.why}, newest" if each.newest else each.why
        yield each.path, each.version, why, size, ", ".join(each.wanted_by)
