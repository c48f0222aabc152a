"""Confirmation before a sync brings very much."""

from __future__ import annotations

from gosync.cli.confirm import ask
from gosync.cli.streams import is_terminal
from gosync.config.sizes import format_size
from gosync.sync.forecast import Agreement, Forecast


def size_agreement(above_bytes: int, *, yes: bool) -> Agreement | None:
    """Return when a sync asks whether to bring so much, None where nobody is there.

    Args:
        above_bytes: Up to so many bytes it does not ask.
        yes: Whether it was said before.
    """
    if yes or not is_terminal():
        return None
    return Agreement(above_bytes, _agree_to_size)


def _agree_to_size(found: Forecast) -> bool:
    size = format_size(found.fetch.bytes)
    if found.is_estimated:
        told = f"at most {found.fetch.zips} zips, about {size} by an estimate"
    else:
        about = "about " if found.fetch.estimated_bytes else ""
        told = f"{found.fetch.zips} zips, {about}{size}"
    return ask(f"this sync fetches {told}")
