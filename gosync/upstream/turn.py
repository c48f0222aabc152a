"""Turn of a request at the lanes to its host: whether it waits in line, and where.

The lanes see a request without knowing why it is sent, and who sends it sees no lanes:
a turn goes with what is asked, by the context of its task.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Turn:
    """How far one request is.

    Attributes:
        goes_first: Whether it goes before the others that wait in line.
        in_line: Whether it waits there now.
        sent_at: When it had a lane first, by the loop's clock; None before that.
    """

    def __init__(self, *, goes_first: bool = False) -> None:
        """Begin before any lane was asked for."""
        self.goes_first = goes_first
        self.in_line = False
        self.sent_at: float | None = None


_TURN: ContextVar[Turn | None] = ContextVar("turn", default=None)


def own_turn() -> Turn | None:
    """Return the turn of what this task asks for, None where nobody looks at it."""
    return _TURN.get()


@contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """Let what is asked inside have a turn."""
    token = _TURN.set(turn)
    try:
        yield
    finally:
        _TURN.reset(token)
