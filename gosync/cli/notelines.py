"""Lines about what a selection could not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gosync.catalog.selection_notes import SelectionNote
from gosync.sync.notes import note_lines
from gosync.text import printable

_SHOWN = 20  # nobody reads more; --json has all


def told_notes(notes: Sequence[SelectionNote]) -> Iterator[str]:
    """Yield the notes in words, the first of them."""
    lines = list(note_lines(notes))
    yield from (f"note     {printable(line)}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"note     ... and {len(lines) - _SHOWN} more; --json shows all"
