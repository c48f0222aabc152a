"""Sweep: one step done with very many items, here or by workers elsewhere.

What does the steps is a ``Sweep``: ``HereSweep`` is this process, ``gosync.scale`` has
one whose workers may be on other machines. The step is the same function in both. Its
item names what it works on, a folder's path, a digest, a range, and never carries an
open file or a connection; so whoever does it has to reach the same files.

A step is worth sending when it takes a second or so: ``portions`` makes such items of
small ones. It changes nothing that lasts: what comes of it goes to whoever began it,
who alone writes the catalog. A worker that was lost is no loss then: its step is done
again by another one, and what a worker could not do is done here, where its error is
raised.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Final, Protocol, TypeVar

from gosync.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

PORTION_BYTES: Final = 128 << 20  # a second or so of hashing and inflating
PORTION_ITEMS: Final = 256  # of the smallest, each takes some milliseconds
_WAITING: Final = 2  # steps for each worker, of which one is begun


class UnsharedError(UsageError):
    """A worker does not have the files that the items of a step are in."""


class Pending(Protocol[R_co]):
    """The result of a step that was begun."""

    def result(self) -> R_co:
        """Wait for it; any thread may.

        Raises:
            UnsharedError: the worker does not see what the step is about.
            UnavailableError: whoever hands out the steps is gone.
            InterruptedRunError: a signal came, and it is not done soon after.
            Exception: what the step raises.
        """
        ...

    def cancel(self) -> object:
        """Give it up: nobody wants its result any more."""
        ...


class Sweep(Protocol):
    """Who does the steps of a sweep."""

    @property
    def width(self) -> int:
        """How many steps are done at once; it may change."""
        ...

    def begin(self, step: Callable[[T], R], item: T) -> Pending[R]:
        """Have a step done.

        Args:
            step: A function of a module, or one with values bound to it
                (``functools.partial``): it is pickled, as are its item and its result.
            item: What it is done with.
        """
        ...


class HereSweep:
    """This process, which does one step after the other as their results are wanted.

    Attributes:
        width: 0: nothing is done ahead.
    """

    width = 0

    def begin(self, step: Callable[[T], R], item: T) -> Pending[R]:
        """See Sweep."""
        return _HerePending(step, item)


class _HerePending(Pending[R]):
    def __init__(self, step: Callable[[T], R], item: T) -> None:
        self._work: partial[R] = partial(step, item)

    def result(self) -> R:
        return self._work()

    def cancel(self) -> None:
        """Nothing was begun."""


def in_flight(width: int) -> int:
    """Return how many steps are begun and not taken, where so many are done at once.

    No more, so that what waits anywhere is bounded, and no less, so that who has done
    a step finds the next one.
    """
    return max(1, _WAITING * width)


def sweep_in_order(
    sweep: Sweep, step: Callable[[T], R], items: Iterable[T]
) -> Generator[R]:
    """Yield what a step makes of each item, in their order; close it if not to the end.

    Args:
        sweep: Who does the steps.
        step: See Sweep.begin.
        items: What it is done with; read as far as steps are begun ahead.

    Raises:
        Exception: As Pending.result, when its item's turn comes.
    """
    return pending_in_order(lambda item: sweep.begin(step, item), items, sweep)


def pending_in_order(
    begin: Callable[[T], Pending[R]], items: Iterable[T], sweep: Sweep
) -> Generator[R]:
    """Yield the results of steps that may be begun in several ways; see sweep_in_order.

    Args:
        begin: Begins the step of an item, by the sweep or another one.
        items: The items.
        sweep: Whose width says how many steps are begun ahead.

    Raises:
        Exception: As Pending.result, when its item's turn comes.
    """
    waiting: deque[Pending[R]] = deque()
    try:
        for item in items:
            waiting.append(begin(item))
            if len(waiting) >= in_flight(sweep.width):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for pending in waiting:
            pending.cancel()


def sweep_portions(
    sweep: Sweep,
    step: Callable[[list[T]], R],
    items: Iterable[T],
    size_of: Callable[[T], int],
) -> Iterator[tuple[list[T], R]]:
    """Yield portions of items with what a step made of each; see sweep_in_order."""
    sent: deque[list[T]] = deque()

    def noted() -> Iterator[list[T]]:
        for portion in portions(items, size_of):
            sent.append(portion)
            yield portion

    with closing(sweep_in_order(sweep, step, noted())) as results:
        for result in results:
            yield sent.popleft(), result


def portions(
    items: Iterable[T],
    size_of: Callable[[T], int],
    *,
    most_items: int = PORTION_ITEMS,
    most_bytes: int = PORTION_BYTES,
) -> Iterator[list[T]]:
    """Yield items in lists that are worth a step; the last one may be short.

    Args:
        items: What to do the step with.
        size_of: How many bytes an item is to read.
        most_items: How many items a list has at most.
        most_bytes: A list that has so many bytes, or more, is full.
    """
    portion: list[T] = []
    room = most_bytes
    for item in items:
        portion.append(item)
        room -= size_of(item)
        if len(portion) >= most_items or room <= 0:
            yield portion
            portion, room = [], most_bytes
    if portion:
        yield portion
