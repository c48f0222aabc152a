"""Checks of a tree's ``list`` and ``@latest``, and of what they name.

``go`` takes a list at its word: ``go list -m -u``, ``go get`` and others ask for
the files of the newest version it names. A version that is not canonical, or of
another major version, breaks ``@latest`` for them. ``@latest`` is asked for only
where the list is there and names nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from gosync.closure.files import TreeFiles, routes_of
from gosync.errors import GosyncError, MalformedError, RejectedError
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.routes import of_module
from gosync.folder.tree import DamagedFileError, NotInTreeError
from gosync.gomod.info import MAX_INFO_BYTES, parse_info
from gosync.gomod.latest import GoModFacts, latest_of, read_facts
from gosync.gomod.module import ModuleVersion
from gosync.gomod.versionlist import MAX_LIST_BYTES, newest, parse_list


class TreeLists:
    """Reads and judges lists."""

    def __init__(self, files: TreeFiles) -> None:
        self._files = files
        self._tree = files.tree
        self._presence: dict[ModuleVersion, TreeFinding | None] = {}

    def upgrades(self, paths: Sequence[str], /) -> Mapping[str, str]:
        """Return what "latest" means of each module, as far as the tree says."""
        found = ((path, self._latest_of(path)) for path in paths)
        return {path: version for path, version in found if version is not None}

    def check(self, path: str) -> Iterator[TreeFinding]:
        """Yield what is wrong with what the tree lists of a module."""
        at, module = of_module(path), ModuleVersion(path, "")
        try:
            listed = self._listed(path)
        except NotInTreeError:
            reason = "without a list go finds no version of it"
            yield TreeFinding(
                kind=TreeFault.MISSING, path=at.list, reason=reason, mv=module
            )
            return
        except GosyncError as exc:
            yield _wrong(at.list, module, exc)
            return
        top = newest(listed)
        if top is not None:
            yield from self._read_whole(ModuleVersion(path, top))
        for version in listed:
            yield from self._present(ModuleVersion(path, version), at.list)
        yield from self._check_latest(path, is_asked=not listed)

    def _check_latest(self, path: str, *, is_asked: bool) -> Iterator[TreeFinding]:
        where, module = of_module(path).latest, ModuleVersion(path, "")
        try:
            latest = self._latest(path)
        except NotInTreeError:
            if is_asked:
                reason = "the list names nothing, so go asks for it"
                yield TreeFinding(
                    kind=TreeFault.MISSING, path=where, reason=reason, mv=module
                )
        except GosyncError as exc:
            yield _wrong(where, module, exc)
        else:
            yield from self._present(ModuleVersion(path, latest), where)

    def _listed(self, path: str) -> list[str]:
        """Return what a list names.

        Raises:
            NotInTreeError: if there is none.
            MalformedError: if it is none, or names what go trips over.
        """
        where = of_module(path).list
        data = self._tree.read(where, limit_bytes=MAX_LIST_BYTES)
        listed = parse_list(data, path=path)
        odd = [each for each in parse_list(data) if each not in set(listed)]
        if odd:
            raise DamagedFileError(where, f"names {odd[0]}, over which go trips")
        return listed

    def _latest(self, path: str) -> str:
        where = of_module(path).latest
        self._tree.require(where)
        version = parse_info(self._tree.read(where, limit_bytes=MAX_INFO_BYTES)).version
        of_module(path).of_version(version)
        return version

    def _read_whole(self, mv: ModuleVersion) -> Iterator[TreeFinding]:
        """Yield what is wrong with what ``go list -m -u`` reads of the newest."""
        record = self._files.record(mv)
        found = (self._files.info(mv).finding, self._files.mod(mv).finding, record)
        for each in found:
            if isinstance(each, TreeFinding):
                yield replace(each, listed=True)

    def _present(self, mv: ModuleVersion, named_by: str) -> Iterator[TreeFinding]:
        """Yield what lacks of a version that is named."""
        if mv not in self._presence:
            self._presence[mv] = self._lack(mv, named_by)
        finding = self._presence[mv]
        if finding is not None:
            yield finding

    def _lack(self, mv: ModuleVersion, named_by: str) -> TreeFinding | None:
        at = routes_of(mv)
        paths = [at.info, at.mod, at.zip]
        if self._files.sums.covers(mv.path):
            paths.append(self._files.sums.lookup_path(mv))
        for path in paths:
            try:
                self._tree.require(path)
            except NotInTreeError:
                kind, reason = TreeFault.MISSING, f"{named_by} names its version"
            except DamagedFileError as exc:
                kind, reason = TreeFault.WRONG, exc.reason
            else:
                continue
            return TreeFinding(kind=kind, path=path, reason=reason, mv=mv, listed=True)
        return None

    def _latest_of(self, path: str) -> str | None:
        try:
            listed = self._listed(path)
        except GosyncError:  # ``check`` has a finding
            return None
        try:
            unlisted = self._latest(path)
        except GosyncError:
            unlisted = None
        found = latest_of(listed, lambda version: self._facts(path, version))
        return found.or_unlisted(unlisted)

    def _facts(self, path: str, version: str) -> GoModFacts:
        text = self._files.go_mod_text(ModuleVersion(path, version))
        try:
            return GoModFacts(is_own=True) if text is None else read_facts(path, text)
        except RejectedError:
            return GoModFacts(is_own=True)


def _wrong(path: str, mv: ModuleVersion, error: GosyncError) -> TreeFinding:
    reason = error.reason if isinstance(error, MalformedError) else str(error)
    return TreeFinding(kind=TreeFault.WRONG, path=path, reason=reason, mv=mv)
