"""State of the audits: how old answers are, what is due, what stands open."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.audit.answers import IndexAnswer, parse_answer
from gosync.audit.options import AuditOptions
from gosync.audit.questions import INDEX_QUESTION
from gosync.audit.spent import SpentBudget, spent_budgets, waiting_questions
from gosync.catalog.db import Catalog
from gosync.catalog.findings import FindingKind
from gosync.sync.settling import is_read


class AuditState(msgspec.Struct, frozen=True, kw_only=True):
    """``audit`` in the document of ``gosync status``; its fields are the keys.

    Attributes:
        oldest_answer_at: The oldest answer; "" where a question has none yet, None
            where nothing was ever asked.
        index_unread_since: From when on the index has gone on without us, or None.
        waiting: How many questions are due.
        budget_spent: Sources that may not be asked any more within this hour.
        open: What stands open, by kind.
    """

    oldest_answer_at: str | None
    index_unread_since: str | None
    waiting: int
    budget_spent: tuple[SpentBudget, ...]
    open: dict[FindingKind, int]


def audit_state(
    catalog: Catalog, options: AuditOptions, now: datetime, *, cursor: str | None
) -> AuditState:
    """Return how audits stand.

    Args:
        catalog: What is known.
        options: How audits ask.
        now: What time it is.
        cursor: Up to when the index was read.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    looks = catalog.looks.of(INDEX_QUESTION)
    unread = (parse_answer(look, IndexAnswer).unread for look in looks)
    return AuditState(
        oldest_answer_at=catalog.looks.oldest(),
        index_unread_since=next(
            (at for at in unread if at and not is_read(at, cursor)), None
        ),
        waiting=waiting_questions(catalog, options, now),
        budget_spent=tuple(spent_budgets(catalog, options, now)),
        open=dict(catalog.findings.counts()),
    )
