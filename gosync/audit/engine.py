"""One audit: ask what is due, within the budget, and write down what that tells.

Sources are asked side by side, each one question at a time, the one that has waited
longest first, as far as the source answers (``order``). Every answer is committed with
what follows from it, so that an audit that ends anywhere is gone on with by the next
one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from gosync.audit.answers import format_answer
from gosync.audit.asking import ProxyAsker
from gosync.audit.breaker import SourceBreaker
from gosync.audit.budget import Budget, BudgetSpentError
from gosync.audit.index import IndexAsker
from gosync.audit.judging import Judge
from gosync.audit.metered import MeteredAnswer, MeteredProxy
from gosync.audit.options import AuditOptions
from gosync.audit.order import QuestionOrder
from gosync.audit.questions import Questions
from gosync.audit.queue import SourceQueue
from gosync.audit.report import AuditReport
from gosync.audit.source import SourceAsker
from gosync.audit.spent import spent_budgets
from gosync.catalog.failures import back_off_seconds
from gosync.catalog.findings import (
    STANDS_OPEN,
    Finding,
    FindingState,
)
from gosync.catalog.leases import AUDIT
from gosync.catalog.looks import Look, Rest
from gosync.clock import format_time, shift
from gosync.errors import GosyncError, StoreError, UnavailableError
from gosync.site.site import Site
from gosync.site.tree import refresh_feed
from gosync.text import encode_json
from gosync.upstream.http import Fetcher
from gosync.work.pool import for_each
from gosync.work.progress import Progress

SOME_FAILED: Final = 3
_DAY: Final = timedelta(days=1)


class Asker(Protocol):
    """Asks one source."""

    async def ask(self, look: Look) -> MeteredAnswer:
        """Ask a question.

        Raises:
            BudgetSpentError: if no request is left.
            GosyncError: if there is no answer that makes sense.
        """
        ...


class AuditTally(msgspec.Struct):
    """Counts of an audit.

    Attributes:
        answered: Questions that upstreams answered.
        unchanged: Those of them whose file had not changed.
        failed: Questions without an answer that makes sense.
        requests: Requests sent.
        received_bytes: Bytes of bodies.
        last_error: Why the last one failed.
    """

    answered: int = 0
    unchanged: int = 0
    failed: int = 0
    requests: int = 0
    received_bytes: int = 0
    last_error: GosyncError | None = None


class AuditSource(msgspec.Struct):
    """One source at work.

    Attributes:
        budget: Its budget.
        breaker: Whether it is asked now.
        asker: Who asks it.
        fetcher: Its connections; None where there are none.
    """

    budget: Budget
    breaker: SourceBreaker
    asker: Asker
    fetcher: Fetcher | None = None


class Audit:
    """One audit of one site."""

    def __init__(self, site: Site, options: AuditOptions, progress: Progress) -> None:
        self.tally = AuditTally()
        self._site = site
        self._options = options
        self._progress = progress
        self._questions = Questions(site, options)
        self._judge = Judge(site, options, self._questions)
        self._started = site.clock.now()
        self.sources: list[AuditSource] = []

    async def run(self, *, refresh: bool) -> None:
        """Ask what is due.

        Args:
            refresh: Whether everything is, however fresh its answer.

        Raises:
            StoreError: if the store or the catalog cannot be read or written.
        """
        looks = self._site.catalog.looks
        looks.ask_only(self._questions.all())
        if refresh:
            looks.make_all_due()
        looks.forget_spendings(self._site.clock.now())
        self._judge.settle_unasked()
        names = looks.sources()
        async with self._connect(names) as self.sources:
            self._progress.phase("audit", self.waiting())
            await for_each(self.sources, self._visit, workers=max(1, len(names)))
            for source in self.sources:
                if source.fetcher is not None:
                    traffic = source.fetcher.traffic
                    self.tally.requests += traffic.requests
                    self.tally.received_bytes += traffic.received_bytes
        self._judge.judge_freshness()

    @asynccontextmanager
    async def _connect(self, names: list[str]) -> AsyncIterator[list[AuditSource]]:
        """Prepare to ask; each source counts its own traffic."""
        async with AsyncExitStack() as stack:
            sources = []
            for name in names:
                catalog, clock = self._site.catalog, self._site.clock
                budget = Budget(name, self._options, catalog, clock)
                breaker = SourceBreaker(name, catalog.looks, clock)
                if (
                    name not in self._questions.proxies
                    and name != self._questions.index
                ):
                    asker = SourceAsker(self._site, self._questions, budget)
                    sources.append(AuditSource(budget, breaker, asker))
                    continue
                http = replace(self._site.options.http, retries=0)
                fetcher = await stack.enter_async_context(
                    Fetcher(http, clock=self._site.clock)
                )
                sources.append(
                    AuditSource(
                        budget, breaker, self._web_asker(budget, fetcher), fetcher
                    )
                )
            yield sources

    def _web_asker(self, budget: Budget, fetcher: Fetcher) -> Asker:
        if budget.source == self._questions.index:
            return IndexAsker(self._site, fetcher, budget)
        url = self._questions.proxies[budget.source].url
        proxy = MeteredProxy(url, fetcher, budget)
        return ProxyAsker(self._site, self._questions, proxy, self._progress)

    async def _visit(self, source: AuditSource) -> None:
        """Ask a source until nothing is due, or it is enough for now."""
        looks, budget = self._site.catalog.looks, source.budget
        queue = SourceQueue(looks, budget, self._started, self._latest_due())
        order = QuestionOrder(
            queue, looks.failing(budget.source, shift(self._started, -_DAY))
        )
        while source.breaker.resting is None:
            look = order.next(source.breaker.doubt)
            if look is None or not await self._ask(source, look, order):
                return
            self._progress.advance()

    async def _ask(self, source: AuditSource, look: Look, order: QuestionOrder) -> bool:
        """Ask one question; return whether to go on with this source."""
        try:
            answer = await source.asker.ask(look)
        except BudgetSpentError:
            return False
        except StoreError:
            raise
        except GosyncError as exc:
            self._put_off(look)
            order.failed(look)
            self.tally.failed += 1
            self.tally.last_error = exc
            return not source.breaker.failed(exc)
        if answer.asked:
            source.breaker.answered()
            self.tally.answered += 1
            self.tally.unchanged += not answer.changed
        order.answered(look)
        self._take(look, answer)
        return True

    def _take(self, look: Look, answer: MeteredAnswer) -> None:
        """Commit an answer and what follows from it."""
        now = self._site.clock.now()
        due_at = shift(now, timedelta(seconds=self._options.interval_seconds))
        answered = replace(
            look,
            due_at=format_time(due_at),
            looked_at=format_time(now),
            failures=0,
            etag=answer.validators.etag,
            modified=answer.validators.modified,
            said=format_answer(answer.said),
        )
        with self._site.catalog.transaction():
            self._site.catalog.looks.answered(answered)
            self._judge.judge(answered)

    def _put_off(self, look: Look) -> None:
        failures = look.failures + 1
        wait = timedelta(seconds=back_off_seconds(failures + 1))
        due_at = format_time(shift(self._site.clock.now(), wait))
        self._site.catalog.looks.answered(
            replace(look, failures=failures, due_at=due_at)
        )

    def _latest_due(self) -> datetime:
        interval = timedelta(seconds=self._options.interval_seconds)
        return shift(self._started, interval + _DAY)

    def waiting(self) -> int:
        """Return how many questions are due."""
        looks, latest = self._site.catalog.looks, self._latest_due()
        return sum(
            looks.count_due(source.budget.source, self._started, latest=latest)
            for source in self.sources
        )

    def resting(self) -> tuple[Rest, ...]:
        """Return the sources that are left alone."""
        rests = (source.breaker.resting for source in self.sources)
        return tuple(rest for rest in rests if rest is not None)


async def run_audit(
    site: Site, options: AuditOptions, progress: Progress, *, refresh: bool = False
) -> AuditReport:
    """Run one audit and write it down.

    Args:
        site: What is held.
        options: How to ask.
        progress: Is told how far it is.
        refresh: Whether to ask everything, however fresh its answer.

    Raises:
        LockedError: if another audit asks.
        StoreError: if the store, the catalog or the tree cannot be read or written.
    """
    runs, clock = site.catalog.runs, site.clock
    async with site.holding(AUDIT):
        with runs.during("audit", clock) as run_id:
            report = await _run_audit(site, options, progress, refresh=refresh)
            runs.finish(
                run_id,
                clock.now(),
                exit_code=report.exit_code,
                requests=report.requests,
                received_bytes=report.received_bytes,
                summary=encode_json(report).decode(),
            )
    return report


async def _run_audit(
    site: Site, options: AuditOptions, progress: Progress, *, refresh: bool
) -> AuditReport:
    clock, findings = site.clock, site.catalog.findings
    started, start = clock.monotonic(), format_time(clock.now())
    audit = Audit(site, options, progress)
    await audit.run(refresh=refresh)
    await refresh_feed(site)
    tally, resting, opened = audit.tally, audit.resting(), findings.open()
    return AuditReport(
        answered=tally.answered,
        unchanged=tally.unchanged,
        failed=tally.failed,
        waiting=audit.waiting(),
        budget_spent=tuple(spent_budgets(site.catalog, options, clock.now())),
        resting=resting,
        news=tuple(each for each in opened if _is_new(each, start)),
        open=findings.counts(),
        exit_code=exit_code(tally, resting, opened=len(opened)),
        last_error=str(tally.last_error) if tally.last_error else None,
        requests=tally.requests,
        received_bytes=tally.received_bytes,
        seconds=round(clock.monotonic() - started, 3),
    )


def _is_new(finding: Finding, start: str) -> bool:
    return finding.state is FindingState.NEW and finding.state_at >= start


def exit_code(tally: AuditTally, resting: tuple[Rest, ...], *, opened: int) -> int:
    """Return how an audit ends.

    75 when a source is left alone and no other one answered; 4 while a finding stands
    open; 3 when some questions got no answer; 0 otherwise.
    """
    failed = tally.failed or resting
    if resting and not tally.answered:
        return UnavailableError.exit_code
    if opened:
        return STANDS_OPEN
    return SOME_FAILED if failed else 0
