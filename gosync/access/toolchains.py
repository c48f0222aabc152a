"""Toolchains that clients fetched: which go they will build with. Pure.

``golang.org/toolchain@v0.0.1-go1.23.4.linux-amd64`` is what GOTOOLCHAIN=auto asks for:
its client is of Go 1.21 or newer, and runs that one from then on.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from gosync.access.rows import AskedRequest

TOOLCHAIN: Final = "golang.org/toolchain"
_MOST: Final = 1_000


class ToolchainRequests:
    """Counts them.

    Attributes:
        counts: Requests for a toolchain's zip, by version.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def concerns(self, module: str) -> bool:
        """Whether it is the toolchains' module."""
        return module == TOOLCHAIN

    def see(self, asked: AskedRequest) -> None:
        """Take a request, if it is for a toolchain."""
        is_one = asked.module == TOOLCHAIN and asked.kind == "zip"
        if is_one and (asked.version in self.counts or len(self.counts) < _MOST):
            self.counts[asked.version] += 1
