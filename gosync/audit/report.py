"""What an audit did and how it ended."""

from __future__ import annotations

import msgspec

from gosync.audit.spent import SpentBudget
from gosync.catalog.findings import Finding, FindingKind
from gosync.catalog.looks import Rest


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit did and how it ended; its fields are the ``--json`` document's.

    Attributes:
        exit_code: The process's.
        seconds: Wall time.
        requests: Requests sent.
        received_bytes: Bytes of bodies.
        answered: Questions that upstreams answered.
        unchanged: Those of them whose file had not changed.
        failed: Questions without an answer that makes sense.
        last_error: Why the last question failed, or None.
        waiting: Questions that are due and wait for the next hour's budget.
        budget_spent: Sources that may not be asked more of within this hour.
        resting: Sources that are left alone.
        news: Findings that became new.
        open: How many findings stand open, by kind.
    """

    exit_code: int
    seconds: float
    requests: int
    received_bytes: int
    answered: int
    unchanged: int
    failed: int
    last_error: str | None
    waiting: int
    budget_spent: tuple[SpentBudget, ...]
    resting: tuple[Rest, ...]
    news: tuple[Finding, ...]
    open: dict[FindingKind, int]
