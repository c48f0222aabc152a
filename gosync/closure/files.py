"""Checks of a version's files in the tree, each made once.

``.mod`` and ``.zip`` must have the ``h1:`` of the version's record, which is
proven to the signed head. A version that no database covers (private modules)
has no such authority in the tree; its files must be well-formed, and a project's
go.sum is held against them. ``.info`` is proven by nobody; it must name its
version.

A ``.mod`` that contradicts its record is not read any further: what it requires
is somebody's invention. One of which only the proof is missing is, so that the
rest of what is missing comes to light at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.errors import MalformedError, RejectedError
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.routes import VersionRoutes, of_module
from gosync.folder.sums import TreeSums
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.gomod.dirhash import ZipScan, hash_go_mod, scan_zip
from gosync.gomod.info import MAX_INFO_BYTES, parse_info
from gosync.gomod.modfile import MAX_GO_MOD_BYTES, GoMod, parse_lax
from gosync.gomod.module import ModuleVersion
from gosync.publish.deniedfile import DENIED_FILE
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.withdrawnfile import WITHDRAWN_FILE
from gosync.sumdb.client import ProvenRecord
from gosync.work.progress import Progress

_THREADS: Final = 2  # inflate and sha256 let go of the interpreter


class Judged(msgspec.Struct, frozen=True):
    """A file that was looked at.

    Attributes:
        path: Where it lies.
        finding: What is wrong with it, or None.
        h1: Its ``h1:``, "" where it has none or was not read.
    """

    path: str
    finding: TreeFinding | None = None
    h1: str = ""


class TreeFiles:
    """Judges files of versions, and remembers the verdicts.

    Attributes:
        tree: Where they are.
        sums: What proves them.
        quick: Whether zips are only looked for, not read.
    """

    def __init__(self, tree: FileTree, sums: TreeSums, *, quick: bool = False) -> None:
        self.tree = tree
        self.sums = sums
        self.quick = quick
        self._infos: dict[ModuleVersion, Judged] = {}
        self._mods: dict[ModuleVersion, Judged] = {}
        self._zips: dict[ModuleVersion, Judged] = {}
        self._gomods: dict[ModuleVersion, GoMod] = {}
        self._texts: dict[ModuleVersion, bytes] = {}
        told = WITHDRAWN_FILE.read(LocalTree(tree.root).reader())
        self._withdrawn = {each.mv: each.reason for each in told}
        denied = DENIED_FILE.read(LocalTree(tree.root).reader())
        self._denied = {each.mv: each for each in denied}

    def load(self, mv: ModuleVersion) -> GoMod | None:
        """Return the go.mod of a version; None, with a finding, if there is none."""
        self.mod(mv)
        return self._gomods.get(mv)

    def go_mod_text(self, mv: ModuleVersion) -> bytes | None:
        """Return the bytes that ``load`` parsed."""
        return self._texts.get(mv) if self.load(mv) is not None else None

    def info(self, mv: ModuleVersion) -> Judged:
        """Judge an ``.info``."""
        if mv not in self._infos:
            self._infos[mv] = self._judge(mv, routes_of(mv).info, self._read_info)
        return self._infos[mv]

    def mod(self, mv: ModuleVersion) -> Judged:
        """Judge a ``.mod``."""
        if mv not in self._mods:
            self._mods[mv] = self._judge(mv, routes_of(mv).mod, self._read_mod)
        return self._mods[mv]

    def zip(self, mv: ModuleVersion) -> Judged:
        """Judge a ``.zip``."""
        if mv not in self._zips:
            self._zips[mv] = self._judge(mv, routes_of(mv).zip, self._read_zip)
        return self._zips[mv]

    def read_zips(self, versions: Iterable[ModuleVersion], progress: Progress) -> None:
        """Judge zips, several at once."""
        wanted = [mv for mv in versions if mv not in self._zips]
        for mv in wanted:
            self.record(mv)  # files are opened by threads, the log is not
        progress.phase("checking zips", len(wanted))
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(self.zip, wanted):
                progress.advance()

    def record(self, mv: ModuleVersion) -> ProvenRecord | TreeFinding | None:
        """Return a version's proven record; None if no database covers it."""
        return self.sums.prove(mv) if self.sums.covers(mv.path) else None

    def _judge(
        self, mv: ModuleVersion, path: str, read: Callable[[ModuleVersion, str], str]
    ) -> Judged:
        try:
            self.tree.require(path)
            h1 = read(mv, path)
        except NotInTreeError:
            return Judged(path, self._missing(mv, path))
        except DamagedFileError as exc:
            return Judged(path, _finding(TreeFault.WRONG, path, mv, exc.reason))
        except RejectedError as exc:
            return Judged(path, _finding(TreeFault.WRONG, path, mv, str(exc)))
        return Judged(path, self._contradiction(mv, path, h1), h1)

    def _missing(self, mv: ModuleVersion, path: str) -> TreeFinding:
        withdrawn, denied = self._withdrawn.get(mv), self._denied.get(mv)
        if withdrawn is not None:
            found = _finding(TreeFault.MISSING, path, mv, f"withdrawn: {withdrawn}")
            return replace(found, withdrawn=True)
        if denied is not None and path.endswith(".zip"):
            reason = f"denied by the policy: {denied.reason}"
            found = _finding(TreeFault.MISSING, path, mv, reason)
            return replace(found, denied=True, rule=denied.rule, chain=denied.chain)
        return _finding(TreeFault.MISSING, path, mv, "not in the tree")

    def _contradiction(
        self, mv: ModuleVersion, path: str, h1: str
    ) -> TreeFinding | None:
        record = self.record(mv) if h1 else None
        if not isinstance(record, ProvenRecord):
            return None
        want = record.mod_h1 if path.endswith(".mod") else record.zip_h1
        if want == h1:
            return None
        reason = f"the checksum database has {want}, the file has {h1}"
        return TreeFinding(
            kind=TreeFault.WRONG, path=path, reason=reason, mv=mv, security=True
        )

    def _read_info(self, mv: ModuleVersion, path: str) -> str:
        info = parse_info(self.tree.read(path, limit_bytes=MAX_INFO_BYTES))
        if info.version != mv.version:
            raise DamagedFileError(path, f"is of version {info.version}")
        return ""

    def _read_mod(self, mv: ModuleVersion, path: str) -> str:
        data = self.tree.read(path, limit_bytes=MAX_GO_MOD_BYTES)
        h1 = hash_go_mod(data)
        record = self.record(mv)
        if not isinstance(record, ProvenRecord) or record.mod_h1 == h1:
            # Not even parsed if it is not what the log knows.
            self._gomods[mv], self._texts[mv] = parse_lax(data), data
        return h1

    def _read_zip(self, mv: ModuleVersion, path: str) -> str:
        return "" if self.quick else scan_tree_zip(self.tree, path, mv).h1


def scan_tree_zip(tree: FileTree, path: str, mv: ModuleVersion) -> ZipScan:
    """Read a module zip of the tree.

    Raises:
        NotInTreeError: if there is none.
        RejectedError: if it is no zip that ``go`` would take.
    """
    with tree.open(path) as (read_at, size_bytes):
        scan = scan_zip(read_at, size_bytes, mv)
    scan.checked.require_ok(str(mv))
    return scan


def routes_of(mv: ModuleVersion) -> VersionRoutes:
    """Return where a version's files lie.

    Raises:
        MalformedError: if no tree can have it.
    """
    return of_module(mv.path).of_version(mv.version)


def can_be_in_a_tree(mv: ModuleVersion) -> bool:
    """Return whether there is a place for a version's files."""
    try:
        routes_of(mv)
    except MalformedError:
        return False
    return True


def _finding(kind: TreeFault, path: str, mv: ModuleVersion, reason: str) -> TreeFinding:
    return TreeFinding(kind=kind, path=path, reason=reason, mv=mv)
