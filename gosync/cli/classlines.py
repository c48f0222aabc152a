"""Lines that name the pages about classes of failures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.hint import command


def page_lines(classes: Iterable[str]) -> Iterator[str]:
    """Yield where classes of failures are explained, each once; "" is none."""
    for page in sorted({*classes} - {""}):
        yield f"more     {command('explain', page)}"
