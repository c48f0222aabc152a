"""Signals: a first one asks a run to end well, a second one ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gosync.work import interruption

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[list[int]]:
    """Note SIGINT and SIGTERM while the block runs; a second one ends at once."""
    caught: list[int] = []

    def note(number: int, _frame: object) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)
        interruption.note(number)

    interruption.forget()
    before = {each: signal.signal(each, note) for each in _SIGNALS}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
