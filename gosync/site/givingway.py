"""A publish of the whole tree that lets who writes one module of it go first."""

from __future__ import annotations

from collections.abc import Callable

from gosync.site.site import Site

_LOOK_SECONDS = 0.02


class GiveWay:
    """Looks now and then whether somebody waits to write a module of the tree."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._next = 0.0

    def __call__(self, show: Callable[[], None]) -> None:
        """Let who waits write; ``show`` makes the modules written so far visible."""
        now = self._site.clock.monotonic()
        if now >= self._next:
            self._next = now + _LOOK_SECONDS
            self._site.give_way(show)
