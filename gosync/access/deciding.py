"""Decisions on requests: into a modules file, the catalog, and the next bundle.

What is approved becomes a line ``module@version`` of the modules file that a select
names. All that was decided is written down in the catalog, and as two artifacts that
bundles carry and trees show: ``documents/requests.json`` for `gosync requests list`
inside, ``documents/requests.html`` for people.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from gosync.access.requestfile import (
    DECISIONS_NAME,
    PAGE_NAME,
    CarriedRequest,
    DecisionFile,
    RequestDecision,
    format_file,
)
from gosync.artifact import DOCUMENT
from gosync.catalog.requests import ModuleRequest, RequestState
from gosync.errors import UsageError
from gosync.publish.pages.html import document, table
from gosync.site.artifacts import keep_artifact
from gosync.site.site import Site
from gosync.text import printable

_COLUMNS: Final = ("Module", "Asked for", "Times", "State", "Reason", "Decided")


def write_modules(path: Path, lines: Iterable[str]) -> list[str]:
    """Add lines to a modules file; return those that it did not have.

    Raises:
        UsageError: it cannot be read or written.
    """
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else _HEADING
        known = {line.partition("#")[0].strip() for line in before.splitlines()}
        new = [line for line in dict.fromkeys(lines) if line not in known]
        if new:
            if before and not before.endswith("\n"):
                before += "\n"
            _replace(path, before + "".join(f"{line}\n" for line in new))
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"{path}: {exc}", hint="name a text file that can be written"
        ) from exc
    return new


_HEADING: Final = "# What was asked for inside, and approved.\n"


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_decisions(
    site: Site, requests: Iterable[CarriedRequest], decisions: Sequence[RequestDecision]
) -> None:
    """Keep what was decided: in the catalog, and as artifacts of the next bundle.

    Args:
        site: Outside's.
        requests: What was in the file.
        decisions: What was decided of it.

    Raises:
        StoreError: store or catalog cannot be written.
    """
    table_of = site.catalog.requests
    now = site.clock.now()
    with site.catalog.transaction():
        table_of.forget((each.module, each.query) for each in requests)
        for each in requests:
            table_of.add(
                ModuleRequest(
                    module=each.module,
                    query=each.query,
                    count=each.count,
                    first=each.first,
                    last=each.last,
                )
            )
        for decision in decisions:
            table_of.decide(
                [(decision.module, decision.query)],
                decision.request_state,
                now,
                reason=decision.reason,
            )
    known = site.catalog.requests.all()
    file = DecisionFile(
        decisions=[_decision(each) for each in known if each.decided_at]
    )
    keep_artifact(site, DOCUMENT, DECISIONS_NAME, [format_file(file)])
    keep_artifact(site, DOCUMENT, PAGE_NAME, [format_page(known)])


def _decision(request: ModuleRequest) -> RequestDecision:
    approved = request.state is RequestState.APPROVED
    return RequestDecision(
        module=request.module,
        query=request.query,
        state="approved" if approved else "refused",
        reason=request.reason,
        decided_at=request.decided_at or "",
    )


def format_page(requests: Iterable[ModuleRequest]) -> bytes:
    """Return the page that shows the state of each request."""
    rows = "\n".join(map(_row, requests))
    lead = (
        "<p class=lead>What was asked for here and is not carried, as the site that"
        " makes the bundles knows it. What is approved comes with one of the next.</p>"
    )
    found = table(_COLUMNS, rows) if rows else "<p>None.</p>"
    body = ["<h1>Requests</h1>", lead, found]
    return document("Requests", body)


def _row(request: ModuleRequest) -> str:
    cells = (
        request.module,
        request.query,
        str(request.count),
        request.state.value,
        request.reason,
        (request.decided_at or "")[:10],
    )
    return (
        f"<tr>{''.join(f'<td>{escape(printable(cell))}</td>' for cell in cells)}</tr>"
    )
