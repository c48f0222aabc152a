"""Order of questions: which one a source that fails some of them is asked next.

A question without an answer leaves open whether the source is down or fails this
module alone, so what is asked next must tell. Modules are, at one source,

    known      it has answered for them before
    strangers  it was never asked about them, or never answered
    failing    it gave no answer for them within a day

While all is well the question goes first that has waited longest. Failing modules go
last, first of them those that failed least, and none once ``FAILURES_AT_MOST`` have
failed in this audit; one that has is left alone, since its other questions would most
likely take a time-out each. In doubt, after a failure, known modules go first: their
answer is wanted anyway, and it ends the doubt. Before one more failure makes the source
rest, and after a rest, a known module is a *witness*, asked again before its time if
nothing of it is due: so however many modules fail, they make nobody rest, and at most
every other request is for their sake. Strangers are taken in an order of their own
then, since failing ones may lie side by side: a host that is gone, say.

Pure, over what the catalog knows (``QuestionQueue``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

from gosync.catalog.looks import Look
from gosync.upstream.breaker import Doubt

FAILURES_AT_MOST: Final = 10  # each may take a time-out, and other jobs wait


class QuestionQueue(Protocol):
    """The questions of one source."""

    def oldest(self, *, but: Collection[str] = (), path: str = "") -> Look | None:
        """Return what is due and has waited longest.

        Args:
            but: Not about these modules.
            path: About this module alone, if it is given.
        """
        ...

    def oldest_known(self, *, but: Collection[str]) -> Look | None:
        """Return the same, of modules for which there ever was an answer."""
        ...

    def witness(self, *, but: Collection[str]) -> Look | None:
        """Return what was answered and is due soonest, but not yet."""
        ...

    def strangers(self) -> Collection[str]:
        """Return the modules for which there never was an answer."""
        ...


class QuestionOrder:
    """Chooses among the questions of one source in one audit.

    Args:
        queue: The questions.
        failing: The modules for which it gave no answer before, and how often.
    """

    def __init__(self, queue: QuestionQueue, failing: Mapping[str, int]) -> None:
        self._queue = queue
        self._failing = dict(failing)
        self._left: set[str] = set()

    def failed(self, look: Look) -> None:
        """Remember that there was no answer."""
        self._failing[look.path] = self._failing.get(look.path, 0) + 1
        self._left.add(look.path)

    def answered(self, look: Look) -> None:
        """Remember that there was one."""
        self._failing.pop(look.path, None)

    def next(self, doubt: Doubt) -> Look | None:
        """Return what to ask now; None where it is enough for this audit."""
        if doubt is Doubt.NONE:
            return self._queue.oldest(but=self._failing) or self._failing_one()
        last = self._queue.oldest()
        if last is None:
            return None
        known = self._queue.oldest_known(but=self._failing)
        if known is None and doubt is Doubt.GRAVE:
            # One that failed with another question is better than none.
            known = self._queue.witness(but=self._failing) or self._queue.witness(
                but=self._left
            )
        # In the end any one: until it answers, or is left alone.
        return known or self._stranger() or self._failing_one() or last

    def _failing_one(self) -> Look | None:
        """Return a question about the module that failed least."""
        if len(self._left) >= FAILURES_AT_MOST:
            return None
        failing = self._failing.keys() - self._left
        return self._first_due(sorted(failing, key=self._failing.__getitem__))

    def _stranger(self) -> Look | None:
        """Return a question about a module that lies somewhere else."""
        strangers = set(self._queue.strangers()) - self._failing.keys()
        return self._first_due(sorted(strangers, key=_scattered))

    def _first_due(self, paths: Iterable[str]) -> Look | None:
        due = (self._queue.oldest(path=path) for path in paths)
        return next((look for look in due if look is not None), None)


def _scattered(path: str) -> bytes:
    return hashlib.sha256(path.encode()).digest()
