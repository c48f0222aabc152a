"""Lines about what is selected, what of it is missing, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.catalog.failures import Failure
from gosync.catalog.trees import Unpublished
from gosync.cli.ages import ago
from gosync.cli.classlines import page_lines
from gosync.cli.roletext import roles_text
from gosync.diagnose.ownerrors import class_of_error
from gosync.errors import SecurityError
from gosync.site.configured import SELECT, select_item
from gosync.sync.completeness import Completeness
from gosync.sync.demands import select_name
from gosync.sync.emptymodules import EmptyModule, EmptyReason
from gosync.text import printable

_SHOWN = 100  # nobody reads more, and a terminal shows the end


def selection_line(found: Completeness) -> str:
    """Return how much of the selection is here."""
    counts = found.versions
    roles = roles_text(counts.chosen, counts.dependencies, counts.tools)
    here = (
        f"{counts.zips} whole{roles} and {counts.go_mods} go.mod files alone are here"
    )
    return (
        f"{_state(found)}, {_missing(found)};"
        f" of {counts.selected} selected versions {here}{_aside(found)}"
    )


def _state(found: Completeness) -> str:
    if found.is_complete:
        return "complete"
    if not found.is_current:
        made = "made for another configuration or older lists"
        return "never made" if found.made_at is None else made
    return "incomplete"


def _missing(found: Completeness) -> str:
    counts = found.versions
    kinds = (
        (counts.waiting, "not tried yet"),
        (counts.failed, "failed"),
        (counts.refused, "refused"),
        (counts.gone, "gone upstream"),
        (found.to_select or 0, "still to be selected"),
        (sum(e.is_missing for e in found.empty_modules), "named modules without any"),
    )
    told = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
    at_least = "" if found.is_current else "at least "
    return f"{at_least}{found.missing} missing" + (f" ({told})" if told else "")


def _aside(found: Completeness) -> str:
    """Say what is no fault: what was left out on purpose, what waits."""
    counts = found.versions
    waits = found.reconsider_at
    parts = (
        (counts.omitted, f", {counts.omitted} zips larger than max_zip"),
        (counts.withdrawn, f", {counts.withdrawn} withdrawn"),
        (counts.denied, f", {counts.denied} denied by the policy"),
        (waits, f", a cool-down ends {ago(waits or '')}"),
    )
    return "".join(text for there, text in parts if there)


def completeness_lines(found: Completeness) -> Iterator[str]:
    """Yield what is wrong, and what a named thing has nothing of."""
    yield from trouble_lines(found.failures, found.empty_modules)
    yield from unpublished_lines(found.unpublished)
    for name, reason in found.unread_projects:
        yield f"unread   project {name}: {printable(reason)}"
    for pattern in found.unmatched:
        yield f"pattern  {pattern} matches nothing yet"


def unpublished_lines(found: Iterable[Unpublished]) -> Iterator[str]:
    """Yield what is carried and the tree has no name for."""
    for each in found:
        name = f"{each.path}@{each.version}" if each.version else each.path
        yield f"unpublished  {name}: no tree can name it: {printable(each.reason)}"


def trouble_lines(
    failures: Iterable[Failure], empty_modules: Iterable[EmptyModule]
) -> Iterator[str]:
    """Yield failures and empty modules for people; each module once."""
    modules = list(empty_modules)
    paths = {each.path for each in modules}
    items = {select_item(each.select, each.path) for each in modules}
    yield from map(_empty_line, modules)
    yield from failure_lines(
        failure
        for failure in failures
        if (failure.path, failure.version) not in {(path, "") for path in paths}
        and not (failure.kind == SELECT and failure.version in items)
    )


def _empty_line(module: EmptyModule) -> str:
    label = "waits" if module.why is EmptyReason.COOL_DOWN else "missing"
    reason = printable(module.reason)
    who = select_name(module.select)
    return f"{label:<8} {module.path} ({who}): {module.why}: {reason}"


def failure_lines(failures: Iterable[Failure]) -> Iterator[str]:
    """Yield failures for people, the gravest first, and how many more there are."""
    security = SecurityError.exit_code
    ordered = sorted(
        failures, key=lambda f: (f.exit_code != security, f.path, f.version)
    )
    for failure in ordered[:_SHOWN]:
        label = "missing" if failure.path and failure.version else "failed"
        yield f"{label:<8} {failure_name(failure)}"
        yield f"         {failure.error}: {printable(failure.reason)}"
        yield f"         tries: {failure.attempts}, next: {_next(failure)}"
    if len(ordered) > _SHOWN:
        yield f"and {len(ordered) - _SHOWN} more; `gosync status --json` has them all"
    yield from page_lines(class_of_error(each.error, each.reason) for each in ordered)


def failure_name(failure: Failure) -> str:
    """Return what a failure is of: path@version, a module's list, or a service."""
    if not failure.path:
        return failure.version
    if not failure.version:
        return f"the list of {failure.path}"
    return f"{failure.path}@{failure.version}"


def _next(failure: Failure) -> str:
    return ago(failure.next_try_at) if failure.attempts > 1 else "at the next pass"
