"""Demands: which select, project or tool wants which version. Pure.

The catalog keeps what is selected, each version once; who wants it is only needed to
tell sums apart, so it is recorded while a selection is made. A version is wanted
*whole* by some and as its ``.mod`` alone by others; each set of wanters is one number
with a bit for each of them, so that many versions of few selects cost little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needsfound import Needs
from gosync.site.policy import IMPLIED, IMPLIED_BY, Tool

AUTHORS: Final = "policy"
COMMANDS: Final = "commands"
KEPT: Final = "kept"
TOOL: Final = "tool"
TOOLCHAINS: Final = "toolchains"


def select_name(number: int) -> str:
    """Return what a select is called: "select 2", or by the key that implies one."""
    return IMPLIED_BY if number == IMPLIED else f"select {number}"


def project_name(name: str) -> str:
    """Return what a project is called: "project ./app"."""
    return f"project {name}"


def tool_name(tool: Tool) -> str:
    """Return what a program is called: "tool golang.org/x/tools/gopls@latest"."""
    return f"{TOOL} {tool}"


class Demands:
    """Who wants which version.

    Attributes:
        names: The selects and projects, by number.
        whole: Who wants a version's zip: a bit for each, by version.
        alone: Who wants a version's ``.mod`` and not its zip, likewise.
        named: Who names or chooses a version, rather than needing it for another.
        unread: Zips that are wanted because nobody could read what is imported: an
            upper bound. The selection is exact where there are none.
        newest: Versions that were taken because nothing that is required has a package.
        needed: Zips that are needed for another version, or by a project.
        explained: The one whose dependencies are recorded apart, "" for none.
        roots: What each version that it names needs: zips, by version.
        subsets: Zips that it wants for consumers of a part of a version only.
    """

    def __init__(self, explained: str = "") -> None:
        self.names: list[str] = []
        self.whole: dict[ModuleVersion, int] = defaultdict(int)
        self.alone: dict[ModuleVersion, int] = defaultdict(int)
        self.named: dict[ModuleVersion, int] = defaultdict(int)
        self.unread: set[ModuleVersion] = set()
        self.newest: set[ModuleVersion] = set()
        self.needed: set[ModuleVersion] = set()
        self.explained = explained
        self.roots: dict[ModuleVersion, frozenset[ModuleVersion]] = {}
        self.subsets: set[ModuleVersion] = set()
        self._bits: dict[str, int] = {}

    @property
    def is_estimated(self) -> bool:
        """Whether something is an upper bound."""
        return bool(self.unread)

    def bit(self, who: str) -> int:
        """Return the bit of a select or project; its first use gives it one."""
        found = self._bits.get(who)
        if found is None:
            found = self._bits[who] = 1 << len(self.names)
            self.names.append(who)
        return found

    def wanters(self, bits: int) -> tuple[str, ...]:
        """Return the names of a set of wanters."""
        return tuple(n for at, n in enumerate(self.names) if bits >> at & 1)

    def name(self, who: str, mv: ModuleVersion, need: Need) -> None:
        """Record that somebody names or chooses a version."""
        bit = self.bit(who)
        self.named[mv] |= bit
        table = self.whole if need is Need.ZIP else self.alone
        table[mv] |= bit

    def add(
        self, who: Iterable[str], needs: Needs, root: ModuleVersion | None = None
    ) -> None:
        """Record what somebody needs.

        Args:
            who: The selects that choose the root, or the project.
            needs: What it needs.
            root: The version that needs it, None for a project's own files.
        """
        names = list(who)
        bits = sum(map(self.bit, names))
        for mv in needs.zips:
            self.whole[mv] |= bits
        self.needed |= needs.zips
        for mv in (needs.mods | needs.problems.keys()) - needs.zips:
            if mv.version:
                self.alone[mv] |= bits
        self.unread |= unread_of(needs)
        self.newest |= needs.newest.keys()
        if self.explained in names and self.explained:
            self._explain(needs, root)

    def _explain(self, needs: Needs, root: ModuleVersion | None) -> None:
        if root is not None:
            self.roots[root] = needs.zips
        subsets: frozenset[ModuleVersion] = getattr(needs, "subsets", frozenset())
        self.subsets |= subsets

    def of(
        self, mv: ModuleVersion, need: Need, otherwise: str = KEPT
    ) -> tuple[int, int]:
        """Return who wants a selected version whole, and who its ``.mod`` alone.

        Args:
            mv: The version.
            need: What is selected of it.
            otherwise: Whom it is put down to where nobody is known.
        """
        whole = self.whole.get(mv, 0) if need is Need.ZIP else 0
        alone = (self.alone.get(mv, 0) | self.whole.get(mv, 0)) & ~whole
        if not whole and (need is Need.ZIP or not alone):
            whole, alone = (
                (self.bit(otherwise), alone)
                if need is Need.ZIP
                else (0, self.bit(otherwise))
            )
        return whole, alone


def unread_of(needs: Needs) -> frozenset[ModuleVersion]:
    """Return the zips that are an upper bound: nobody could read who imports them."""
    return getattr(needs, "unread", frozenset())
