"""Signals that end waits for locks: SIGINT and SIGTERM, while a thread polls.

An event loop learns of a signal when it is its turn, and it has none while its thread
waits for a lock that a stuck process holds. So a signal is noted by a handler of its
own (``noticing``), and every wait for a lock looks at that note (``wait_until``). A
lock is held for milliseconds as a rule; so from the signal on all waits together go on
for ``GRACE_SECONDS``, in which what is on its way is committed.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import msgspec

from gosync.errors import InterruptedRunError

GRACE_SECONDS: Final = 1.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FIRST_PAUSE_SECONDS: Final = 0.001


class _Noted(msgspec.Struct):
    """The first signal since the last run began, None for none."""

    number: int | None = None
    at: float = 0.0


_noted = _Noted()


def note(number: int) -> None:
    """Note that a signal wants the end: waits for locks end soon."""
    if _noted.number is None:
        _noted.number, _noted.at = number, time.monotonic()


def forget() -> None:
    """Begin a run: what ended the one before is over."""
    _noted.number = None


def check_waiting() -> None:
    """Go on waiting for a lock, or not.

    Raises:
        InterruptedRunError: a signal came, and the time after it is over.
    """
    number = _noted.number
    if number is not None and time.monotonic() - _noted.at >= GRACE_SECONDS:
        raise InterruptedRunError(number)


@contextmanager
def noticing() -> Iterator[None]:
    """Note signals inside, beside whoever handles them; in other threads nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in _SIGNALS}

    def notice(number: int, frame: FrameType | None) -> None:
        note(number)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    changed = [
        n for n, handler in before.items() if handler not in (signal.SIG_IGN, None)
    ]
    for number in changed:
        signal.signal(number, notice)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


def wait_until(
    attempt: Callable[[], bool],
    *,
    seconds: float,
    most_pause_seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> bool:
    """Try to take a lock again and again; return whether it was taken in time.

    Args:
        attempt: Takes it, or returns False.
        seconds: How long to try.
        most_pause_seconds: How long to sleep between two tries, at most.
        monotonic: What time it is.

    Raises:
        InterruptedRunError: a signal came meanwhile, or before.
    """
    deadline = monotonic() + seconds
    if attempt():
        return True
    pause = min(_FIRST_PAUSE_SECONDS, most_pause_seconds)
    with noticing():
        while monotonic() < deadline:
            check_waiting()
            time.sleep(pause)
            pause = min(2 * pause, most_pause_seconds)
            if attempt():
                return True
    return False
