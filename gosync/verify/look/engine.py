"""Verify run: what is due is checked batch by batch, for as long as there is time.

While two check a batch, the next one is asked about, from files or over the network;
it is handed on before the first one's end is waited for, so that nobody is ever idle.
What was found of a batch is kept as soon as it is whole. Which versions are due, and
when, is said in ``due``: of no more than the batches under way is anything in memory,
and of what has findings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeAlias

import anyio
import msgspec

from gosync.clock import Clock, shift
from gosync.errors import InterruptedRunError, StoreError
from gosync.folder.walk import Unread
from gosync.gomod.module import ModuleVersion
from gosync.verify.look.checkers import (
    BatchShape,
    Checkers,
    LocalCheckers,
    SweepCheckers,
)
from gosync.verify.look.checks import Checked
from gosync.verify.look.due import DueRule, DueVersions
from gosync.verify.look.memory import Memory, Remembered
from gosync.verify.look.targets import Target
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.prover import Prover
from gosync.verify.request import Limits
from gosync.verify.verdicts import CacheFinding, Evidence, Verdict, severity
from gosync.work.pool import for_each
from gosync.work.progress import Progress
from gosync.work.sweep import Pending, Sweep, portions

_ASKED_AT_ONCE: Final = 8
Answers: TypeAlias = dict[ModuleVersion, ProofAnswer]
_Checking: TypeAlias = list[Pending[list[Checked]]]


class VerifyOutcome(msgspec.Struct, kw_only=True):
    """The result of a verify run.

    Attributes:
        begun_at: When it began.
        ended_at: When it ended.
        continues: When the round began that it went on with, or None.
        versions: How many versions there are.
        checked: How many were checked now.
        proven: How many of these are ok.
        earlier: How many proofs of earlier runs count.
        left: How many are left for another run.
        outside: How many are outside the subset.
        read_bytes: How much was read.
        findings: What is not as it should be, the gravest first.
        answers: Who vouches for the versions that have findings.
        unread: What could not be looked at.
        heads: Who vouched, in which signed trees.
        misbehaved: What the log was caught at.
        interrupted: Whether somebody asked it to stop.
        is_kept: Whether a later run will know of it.
        remarks: What else should be known.
    """

    begun_at: datetime
    ended_at: datetime | None = None
    continues: datetime | None = None
    versions: int = 0
    checked: int = 0
    proven: int = 0
    earlier: int = 0
    left: int = 0
    outside: int = 0
    read_bytes: int = 0
    findings: list[CacheFinding] = msgspec.field(default_factory=list)
    answers: dict[ModuleVersion, ProofAnswer] = msgspec.field(default_factory=dict)
    unread: list[Unread] = msgspec.field(default_factory=list)
    heads: set[Evidence] = msgspec.field(default_factory=set)
    misbehaved: dict[ModuleVersion, str] = msgspec.field(default_factory=dict)
    interrupted: bool = False
    is_kept: bool = True
    remarks: list[str] = msgspec.field(default_factory=list)


class Verification:
    """One run over a target."""

    def __init__(
        self,
        target: Target,
        prover: Prover,
        memory: Memory,
        *,
        clock: Clock,
        progress: Progress,
        stop: Callable[[], bool],
        sweep: Sweep | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            target: What is looked at.
            prover: Who says what it should be.
            memory: What earlier runs said.
            clock: What time it is.
            progress: Where it says how far it is.
            stop: Tells whether somebody wants it to stop.
            sweep: Who checks; None for processes of this machine.
        """
        self._sweep = sweep
        self._target = target
        self._prover = prover
        self._memory = memory
        self._clock = clock
        self._progress = progress
        self._stop = stop
        self._outcome = VerifyOutcome(begun_at=clock.now())
        self._sizes: dict[ModuleVersion, int] = {}  # of what is under way
        self._beside = ThreadPoolExecutor(1)
        self._rest: Future[list[CacheFinding]] | None = None

    async def run(self, limits: Limits) -> VerifyOutcome:
        """Look at what is due, and return what was found.

        Raises:
            StoreError: if the target's own catalog cannot be read.
        """
        outcome = self._outcome
        with self._due(limits) as due:
            outcome.versions, outcome.outside = due.versions, due.outside
            outcome.earlier = due.earlier
            deadline = _deadline(self._clock, limits)
            with self._checkers(due.size_bytes) as checkers, self._beside:
                self._progress.phase("verifying", due.count)
                batches = _batches(due, checkers.shape)
                await self._check_all(batches, checkers, deadline)
        outcome.left = due.count - outcome.checked
        await self._finish(is_whole=not outcome.left)
        return outcome

    def _checkers(self, size_bytes: int) -> Checkers:
        if self._sweep is None:
            return LocalCheckers(self._target, size_bytes)
        return SweepCheckers(self._target, self._sweep)

    def _due(self, limits: Limits) -> DueVersions:
        """Return what is to be checked now, the oldest proof first."""
        begun, now = self._memory.open_round(), self._clock.now()
        since = shift(now, -limits.max_age) if limits.max_age is not None else None
        if begun is not None and not limits.fresh:
            self._outcome.continues = begun
            since = begun if since is None else min(since, begun)
        else:
            self._keep(lambda: self._memory.begin(now))
        known = self._memory.known(self._target.versions)
        return DueVersions(known, DueRule(since, limits.subset), self._target.stamp)

    async def _ask(self, sizes: Mapping[ModuleVersion, int]) -> Answers:
        """Learn what the versions of a batch should be."""
        self._sizes.update(sizes)
        await self._target.prepare([*sizes])
        answers: Answers = {}

        async def ask(mv: ModuleVersion) -> None:
            answers[mv] = await self._prover.ask(mv)

        await for_each(sizes, ask, workers=_ASKED_AT_ONCE)
        return answers

    async def _check_all(
        self,
        batches: Iterator[dict[ModuleVersion, int]],
        checkers: Checkers,
        deadline: float,
    ) -> None:
        """Check batches, each handed on while those before it are checked."""
        waiting: deque[_Checking] = deque()
        ready = await self._ask(next(batches, {}))
        while ready:
            self._outcome.interrupted = self._stop()
            if self._outcome.interrupted or self._clock.monotonic() >= deadline:
                break
            groups = self._groups(ready, checkers.shape)
            waiting.append([checkers.check(each) for each in groups])
            ready = await self._ask(next(batches, {}))
            while len(waiting) > checkers.ahead:
                await self._collect(waiting.popleft())
        if not ready and self._target.is_still:  # while the last ones are checked
            self._rest = self._beside.submit(self._target.rest)
        while waiting:
            await self._collect(waiting.popleft())

    def _groups(self, answers: Answers, shape: BatchShape) -> list[Answers]:
        """Return a batch in parts for one hand each, the largest first."""
        groups: list[Answers] = []
        room = 0
        for mv in sorted(answers):
            if room <= 0 or len(groups[-1]) == shape.group_versions:
                groups.append({})
                room = shape.group_bytes
            groups[-1][mv] = answers[mv]
            room -= self._sizes[mv]
        return sorted(groups, key=lambda each: -sum(self._sizes[mv] for mv in each))

    async def _collect(self, checking: _Checking) -> None:
        """Wait for a batch, and keep what was found."""
        done: list[Checked] = []
        for each in checking:
            try:
                found = await anyio.to_thread.run_sync(each.result)
            except InterruptedRunError:  # what is not done is left for another run
                self._outcome.interrupted = True
                break
            for one in found:
                self._take(one)
                self._progress.advance(size_bytes=self._sizes[one.mv])
            done += found
        self._remember(done)
        self._target.release([one.mv for one in done if not one.findings])
        for one in done:
            del self._sizes[one.mv]

    def _remember(self, done: Sequence[Checked]) -> None:
        now = self._clock.now()
        said = {
            each.mv: Remembered(_verdict(each), now, self._target.stamp(each.mv))
            for each in done
        }
        self._keep(lambda: self._memory.remember(said))

    def _take(self, done: Checked) -> None:
        outcome = self._outcome
        outcome.checked += 1
        outcome.proven += not done.findings
        outcome.read_bytes += done.read_bytes
        outcome.findings += done.findings
        if done.findings:
            outcome.answers[done.mv] = done.answer
        evidence = done.answer.evidence
        if evidence is not None:
            outcome.heads.add(_head_of(evidence))

    async def _finish(self, *, is_whole: bool) -> None:
        """Look at what is beside the versions, and end the round."""
        outcome = self._outcome
        if is_whole:
            self._progress.phase("lists, logs and strays")
            rest = self._target.rest if self._rest is None else self._rest.result
            outcome.findings += await anyio.to_thread.run_sync(rest)
            self._keep(lambda: self._memory.end(self._clock.now()))
        outcome.findings.sort(key=severity)
        outcome.unread = list(self._target.unread())
        outcome.misbehaved = dict(self._prover.misbehaved)
        outcome.ended_at = self._clock.now()

    def _keep(self, write: Callable[[], None]) -> None:
        """Keep something; where that cannot be done, a report must do."""
        if not self._outcome.is_kept:
            return
        try:
            write()
        except StoreError as exc:
            self._outcome.is_kept = False
            self._outcome.remarks.append(f"results are not kept: {exc}")


def _verdict(done: Checked) -> Verdict:
    if not done.findings:
        return Verdict.OK
    return min(done.findings, key=severity).verdict


def _head_of(evidence: Evidence) -> Evidence:
    """Return an evidence without its record: the head that it rests on."""
    return Evidence(
        source=evidence.source,
        tree_size=evidence.tree_size,
        tree_hash=evidence.tree_hash,
    )


def _deadline(clock: Clock, limits: Limits) -> float:
    if limits.max_duration is None:
        return float("inf")
    return clock.monotonic() + limits.max_duration.total_seconds()


def _batches(
    due: Iterable[tuple[ModuleVersion, int]], shape: BatchShape
) -> Iterator[dict[ModuleVersion, int]]:
    found = portions(
        due,
        itemgetter(1),
        most_items=shape.versions,
        most_bytes=shape.size_bytes,
    )
    return map(dict, found)
