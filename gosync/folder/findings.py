"""Findings about a published tree, one file at a time."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gosync.gomod.module import ModuleVersion


class TreeFault(StrEnum):
    """What is wrong with a file of a tree.

    Attributes:
        MISSING: The file is not there.
        WRONG: Something is there that cannot be used.
        UNPROVEN: What would prove the version is not there.
    """

    MISSING = "missing"
    WRONG = "wrong"
    UNPROVEN = "unproven"


class TreeFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that keeps a project from resolving, or from being proven.

    Attributes:
        kind: What it is.
        path: The file, as a path in the tree.
        reason: What is the matter with it.
        mv: The module version, or module (no version), that it is a file of.
        why: Why that is needed.
        security: Whether it contradicts the log, a key or a go.sum.
        listed: Whether the tree itself names the version: it was whole once.
        withdrawn: Whether nobody is given the version any more; the reason says why.
        denied: Whether the policy of whoever made the tree keeps it out, likewise.
        rule: The policy's rule that does, "" for none.
        chain: What wanted it there, as the tree tells of what is denied.
    """

    kind: TreeFault
    path: str
    reason: str
    mv: ModuleVersion
    why: str = ""
    security: bool = False
    listed: bool = False
    withdrawn: bool = False
    denied: bool = False
    rule: str = ""
    chain: tuple[str, ...] = ()

    @property
    def is_kept_out(self) -> bool:
        """Whether it is meant not to be there."""
        return self.withdrawn or self.denied
