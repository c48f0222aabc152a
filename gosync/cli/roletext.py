"""Text of the roles of versions: what those that are whole are for."""

from __future__ import annotations


def roles_text(chosen: int, dependencies: int, tools: int) -> str:
    """Return what whole versions are for, in brackets; "" where all are chosen."""
    if not (dependencies or tools):
        return ""
    told = f"{chosen} chosen, {dependencies} dependencies"
    return f" ({told}, {tools} tools)" if tools else f" ({told})"
