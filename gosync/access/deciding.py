"""Decisions on requests: into a modules file, the catalog, and the next bundle.

What is approved becomes a line ``module@version`` of the modules file that a select
names. All that was decided is written down in the catalog, and as two artifacts that
bundles carry and trees show: ``documents/requests.json`` for `gosync requests list`
inside, ``documents/requests.html`` and ``requests.zh.html`` for people.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from gosync.access.requestfile import (
    DECISIONS_NAME,
    CarriedRequest,
    DecisionFile,
    RequestDecision,
    format_file,
)
from gosync.artifact import DOCUMENT
from gosync.catalog.requests import ModuleRequest, RequestState
from gosync.errors import UsageError
from gosync.publish.pages.requestpage import RequestRow, request_pages
from gosync.publish.pages.wordfile import words_of
from gosync.publish.pages.words import CHINESE, ENGLISH
from gosync.site.artifacts import keep_artifact
from gosync.site.site import Site


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
    rows = [_shown(each) for each in known]
    for name, page in request_pages(rows, words_of((ENGLISH, CHINESE))).items():
        keep_artifact(site, DOCUMENT, name, [page])


def _decision(request: ModuleRequest) -> RequestDecision:
    approved = request.state is RequestState.APPROVED
    return RequestDecision(
        module=request.module,
        query=request.query,
        state="approved" if approved else "refused",
        reason=request.reason,
        decided_at=request.decided_at or "",
    )


def _shown(request: ModuleRequest) -> RequestRow:
    return RequestRow(
        module=request.module,
        query=request.query,
        count=request.count,
        state=request.state.value,
        reason=request.reason,
        day=(request.decided_at or "")[:10],
    )
