"""Work in threads, some items ahead of the one whose result is taken, in order.

Inflating, hashing and compressing let go of the interpreter, so two threads use two
cores. Results come in the order of their items: nothing depends on who was quicker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

THREADS = 2


def in_order(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    ahead: int,
    threads: int = THREADS,
    drop: Callable[[R], object] = lambda _: None,
    abandon: Callable[[], object] = lambda: None,
) -> Generator[R]:
    """Yield the result of each item; close it when it is not read to its end.

    Args:
        work: What is done, in a thread.
        items: What it is done with; read as far as is worked ahead.
        ahead: How many items are worked on, or done and not taken, at once.
        threads: How many threads work; with one each item is done after the other.
        drop: Cleans up after a result that nobody takes.
        abandon: Cuts short what is worked on, when it is closed before its end.

    Raises:
        Exception: what ``work`` raises, when its item's turn comes.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            abandon()
            raise
        finally:
            for future in waiting:
                if not future.cancel() and future.exception() is None:
                    drop(future.result())
