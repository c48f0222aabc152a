"""Admitter: who is shown each version before it is committed, as the gate knows it."""

from __future__ import annotations

from typing import Protocol

from gosync.gomod.module import ModuleVersion
from gosync.store.staging import Staged


class Admitter(Protocol):
    """Somebody who is shown a version whose zip was proven, before it is committed."""

    async def ask(self, mv: ModuleVersion, h1: str, staged: Staged) -> None:
        """Look at it; what is raised ends its admission."""
        ...
