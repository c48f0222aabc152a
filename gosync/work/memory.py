"""Memory that threads share: what one gives back the others take.

glibc keeps memory that was freed for the thread's own arena, of which there are eight a
core. Work that wanders from thread to thread, as that of ``to_thread`` does, leaves
pieces behind in each: an import of 552 modules took 370 MB, 150 of which were in use.
With one arena threads wait for each other at times, as they do for the interpreter's
lock. Another libc has no such setting, and needs none.
"""

from __future__ import annotations

from typing import Final

_M_ARENA_MAX: Final = -8  # malloc.h


def share_arenas() -> None:
    """Let all threads begun from now on, and processes forked, share one arena."""
    import ctypes  # noqa: PLC0415 - it is large, and few commands have threads

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
