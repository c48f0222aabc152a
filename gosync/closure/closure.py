"""Closure check: a project held against a tree, file by file.

What is needed is found with the tree's own ``.mod`` files, so what is missing
below a go.mod that is missing itself comes to light only once that is there. For
upgrades (``deps = "all"``) "latest" is what the tree's lists make of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.closure.files import TreeFiles, can_be_in_a_tree
from gosync.closure.lists import TreeLists
from gosync.errors import SecurityError
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.routes import of_module
from gosync.folder.sums import TreeSums
from gosync.folder.tree import FileTree
from gosync.gomod.deps import Deps
from gosync.gomod.gosum import SumLine
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import NeededBy, Needs, Reason, needs_of_project
from gosync.gomod.patterns import PatternSet
from gosync.project import Project, SumFile
from gosync.publish.promised import PromisedTiles
from gosync.sumdb.client import ProvenRecord
from gosync.sumdb.names import Database
from gosync.work.progress import Progress

EXIT_COMPLETE: Final = 0
EXIT_INCOMPLETE: Final = 4
EXIT_SECURITY: Final = SecurityError.exit_code
_H1 = "h1:"
_ADDITIONS = {
    NeededBy.UNPRUNED: ", in the graph without pruning",
    NeededBy.UPGRADE: ", once everything is upgraded",
}


class ClosureReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one project.

    Attributes:
        project: The project.
        deps: Which of its dependencies were wanted.
        modules: How many module versions are needed whole.
        go_mods: Of how many more the ``.mod`` alone is needed.
        files: How many files of the tree were looked at, tiles left out.
        findings: What is missing, wrong or unproven, by path.
    """

    project: Project
    deps: Deps
    modules: int
    go_mods: int
    files: int
    findings: tuple[TreeFinding, ...]

    @property
    def exit_code(self) -> int:
        """0 complete, 4 incomplete, 6 if the tree contradicts the log or a go.sum."""
        codes = (
            EXIT_SECURITY if each.security else EXIT_INCOMPLETE
            for each in self.findings
        )
        return max(codes, default=EXIT_COMPLETE)


class Closure:
    """Checks projects against one tree; what they share is read once."""

    def __init__(
        self,
        tree: FileTree,
        database: Database | None,
        private: Iterable[str] = (),
        *,
        quick: bool = False,
    ) -> None:
        """Take a tree and what is believed.

        Args:
            tree: The tree.
            database: The checksum database that must prove it; None for none.
            private: GOPRIVATE patterns: modules that no database knows.
            quick: Whether zips are only looked for, not read.
        """
        self._sums = TreeSums(tree, database, PatternSet(private))
        self._files = TreeFiles(tree, self._sums, quick=quick)
        self._lists = TreeLists(self._files)
        self._promised = PromisedTiles(self._sums)

    def check(self, project: Project, deps: Deps, progress: Progress) -> ClosureReport:
        """Hold a project against the tree.

        Raises:
            ConfigError: if a replacement's folder cannot be read.
        """
        progress.phase("reading go.mod files")

        def load(module: ModuleVersion, /) -> GoMod | None:
            if not module.version:
                return project.folder_gomod(module.path)
            progress.advance()
            return self._files.load(module) if can_be_in_a_tree(module) else None

        needs = needs_of_project(
            project.mains,
            [each.sums for each in project.sums],
            load,
            deps=deps,
            upgrades=self._lists.upgrades,
        )
        self._files.read_zips(
            (mv for mv in sorted(needs.zips) if can_be_in_a_tree(mv)), progress
        )
        check = _Check(project, needs, self._files, self._lists, self._promised)
        return check.report(deps)


class _Check:
    """One project's files, gone over once it is known which they are."""

    def __init__(
        self,
        project: Project,
        needs: Needs,
        files: TreeFiles,
        lists: TreeLists,
        promised: PromisedTiles,
    ) -> None:
        self._project = project
        self._needs = needs
        self._files = files
        self._lists = lists
        self._promised = promised
        self._paths: set[str] = set()
        self._found: dict[str, TreeFinding] = {}

    def report(self, deps: Deps) -> ClosureReport:
        """Go over everything, and return what was found."""
        needs = self._needs
        support = self._files.sums.support()
        if support is not None:
            self._add(support, "go verifies what it downloads")
        for mv in sorted(needs.mods | needs.zips):
            self._check_version(mv)
        for module, reason in sorted(needs.problems.items()):
            self._check_problem(module, reason)
        self._check_lists()
        for file in self._project.sums:
            self._check_sums(file)
        for finding in (*self._promised.missing(), *self._promised.wrong_upper()):
            self._add(finding, "promised by the tree")
        return ClosureReport(
            project=self._project,
            deps=deps,
            modules=len(needs.zips),
            go_mods=len(needs.mods - needs.zips),
            files=len(self._paths),
            findings=tuple(self._found[path] for path in sorted(self._found)),
        )

    def _check_version(self, mv: ModuleVersion) -> None:
        if not can_be_in_a_tree(mv):
            reason = "no tree can hold such a version"
            self._add(
                TreeFinding(kind=TreeFault.WRONG, path=str(mv), reason=reason, mv=mv)
            )
            return
        judged = [self._files.mod(mv)]
        if mv in self._needs.zips:
            judged += [self._files.info(mv), self._files.zip(mv)]
        for each in judged:
            self._paths.add(each.path)
            self._add(each.finding)
        record = self._files.record(mv)
        if record is not None:
            self._paths.add(self._files.sums.lookup_path(mv))
        if isinstance(record, TreeFinding):
            self._add(record)
        elif record is not None:
            self._add(self._files.sums.order_finding(mv))

    def _check_problem(self, module: ModuleVersion, reason: str) -> None:
        """Add what a graph could not go on with."""
        finding = None
        path = str(module) if module.version else f"{module.path}/go.mod"
        if module.version and can_be_in_a_tree(module):
            judged = self._files.mod(module)
            path, finding = judged.path, judged.finding
            self._paths.add(path)
        self._add(
            finding
            or TreeFinding(kind=TreeFault.WRONG, path=path, reason=reason, mv=module)
        )

    def _check_lists(self) -> None:
        """Check the lists of every module that is needed whole."""
        whole = {mv.path: mv for mv in self._needs.zips if can_be_in_a_tree(mv)}
        for path, mv in sorted(whole.items()):
            self._paths |= {of_module(path).list, of_module(path).latest}
            for finding in self._lists.check(path):
                self._add(finding, self._why(mv))

    def _check_sums(self, file: SumFile) -> None:
        name = self._project.folder / file.file
        for line in file.sums.lines:
            mv = line.mv
            needed = self._needs.mods if line.is_mod else self._needs.zips
            if not line.hash.startswith(_H1) or mv not in needed:
                continue
            path, h1 = self._known_h1(mv, line)
            if h1 and h1 != line.hash and path not in self._found:
                reason = f"{name} has {line.hash}, the tree has {h1}"
                self._add(
                    TreeFinding(
                        kind=TreeFault.WRONG,
                        path=path,
                        reason=reason,
                        mv=mv,
                        security=True,
                    )
                )

    def _known_h1(self, mv: ModuleVersion, line: SumLine) -> tuple[str, str]:
        """Return the file that a line is about, and its h1 by the log or itself."""
        if not can_be_in_a_tree(mv):
            return "", ""
        judged = self._files.mod(mv) if line.is_mod else self._files.zip(mv)
        record = self._files.record(mv)
        if isinstance(record, ProvenRecord):
            return judged.path, record.mod_h1 if line.is_mod else record.zip_h1
        return judged.path, judged.h1

    def _add(self, finding: TreeFinding | None, why: str = "") -> None:
        """Keep the first finding of each file, or the gravest."""
        if finding is None:
            return
        before = self._found.get(finding.path)
        if before is None or (finding.security and not before.security):
            why = why or self._why(finding.mv)
            self._found[finding.path] = replace(finding, why=why)
        elif finding.listed:
            self._found[finding.path] = replace(before, listed=True)

    def _why(self, mv: ModuleVersion) -> str:
        needs = self._needs
        if mv not in needs.mods and mv not in needs.problems:
            return ""
        return format_reason(needs.why(mv), self._project.sums)


def format_reason(reason: Reason, sums: Sequence[SumFile]) -> str:
    """Return why a version is needed, for people: the nearest cause first."""
    if reason.sums is not None:
        return f"named by {sums[reason.sums].file}"
    chain = " <- ".join(str(each) for each in reason.path[-2::-1])
    text = f"required by {chain}" if chain else "required"
    return text + _ADDITIONS.get(reason.kind, "")
