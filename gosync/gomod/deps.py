"""How far a selection reaches.

A word of its own, because a configuration has it and needs nothing of the graph.
"""

from __future__ import annotations

from enum import StrEnum


class Deps(StrEnum):
    """Which dependencies come along."""

    NONE = "none"
    BUILD = "build"
    TESTS = "tests"
    ALL = "all"
