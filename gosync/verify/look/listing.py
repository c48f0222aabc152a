"""Checks of ``list``, ``@latest`` and the .info of revisions.

=========  ==================================================================
tree       a list names exactly the versions that are whole, pseudo-versions
           left out; it is there as soon as one is; ``@latest`` names what
           "latest" means among them, or a whole version where none is listed
goproxy    both are what an upstream said: they must be readable, and free of
           what go trips over
modcache   a list names exactly the versions whose ``.mod`` is there
athens-s3  as for goproxy
=========  ==================================================================

What a list should be follows from what is there, so it can be written anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from gosync.errors import MalformedError, RejectedError
from gosync.folder.inventory import Inventory
from gosync.folder.layouts import FILES, Layout, Part, Role, TargetKind
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.folder.walk import Entry
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import MAX_INFO_BYTES, parse_info
from gosync.gomod.latest import GoModFacts, latest_of, read_facts
from gosync.gomod.modfile import MAX_GO_MOD_BYTES
from gosync.gomod.module import ModuleVersion, canonical_version
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.semver import version_key
from gosync.gomod.versionlist import MAX_LIST_BYTES, format_list, parse_list
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")  # no branch is called so
Versions = Mapping[str, Mapping[Part, Entry]]
Roles = Mapping[str, Collection[Part]]


def list_findings(
    tree: FileTree, layout: Layout, inventory: Inventory
) -> Iterator[CacheFinding]:
    """Yield what is wrong with the lists of a target."""
    lists = _Lists(tree, layout, inventory)
    modules = inventory.modules()
    paths = modules.keys() | inventory.lists.keys() | inventory.latests.keys()
    for path in sorted(paths):
        yield from lists.check(path, modules.get(path, {}))
    for entry in inventory.aliases:
        yield from lists.check_alias(entry, modules)


def listed_versions(kind: TargetKind, versions: Roles) -> list[str]:
    """Return what a module's list should name, given what is there of it."""
    if kind is TargetKind.MODCACHE:
        return [v for v, entries in versions.items() if FileKind.MOD in entries]
    return [
        version
        for version, entries in versions.items()
        if all(role in entries for role in FILES) and not is_pseudo_version(version)
    ]


def latest_version(
    kind: TargetKind, path: str, versions: Roles, read: Callable[[str], bytes]
) -> str | None:
    """Return what "latest" means among what is listed, None if nothing is.

    Args:
        kind: What the target is.
        path: The module.
        versions: What is there of it.
        read: Returns the go.mod of a version.
    """
    listed = listed_versions(kind, versions)

    def facts(version: str) -> GoModFacts:
        try:
            return read_facts(path, read(version))
        except (NotInTreeError, RejectedError):  # ``checks`` has a finding
            return GoModFacts(is_own=True)

    return latest_of(listed, facts).or_unlisted(None) if listed else None


def list_bytes(kind: TargetKind, versions: Roles) -> bytes:
    """Return a module's ``list`` as it should be, given what is there of it."""
    return format_list(listed_versions(kind, versions))


def latest_bytes(
    kind: TargetKind, path: str, versions: Roles, read: Callable[[str, FileKind], bytes]
) -> bytes | None:
    """Return a module's ``@latest`` as it should be; None for none.

    Where nothing is listed it is that of any whole version.

    Args:
        kind: What the target is.
        path: The module.
        versions: What is there of it.
        read: Returns a file of a version.
    """
    version = latest_version(kind, path, versions, lambda v: read(v, FileKind.MOD))
    if version is None:
        whole = [v for v, roles in versions.items() if all(r in roles for r in FILES)]
        version = max(whole, key=version_key, default=None)
    return read(version, FileKind.INFO) if version is not None else None


class _Lists:
    def __init__(self, tree: FileTree, layout: Layout, inventory: Inventory) -> None:
        self._tree = tree
        self._layout = layout
        self._inventory = inventory

    def check(self, path: str, versions: Versions) -> Iterator[CacheFinding]:
        if path in self._inventory.lists:
            yield from self._check_list(path, versions)
        elif self._layout.kind is TargetKind.TREE and _has_whole(versions):
            yield self._finding(
                Verdict.INCOMPLETE,
                self._layout.path_of(ModuleVersion(path, ""), Role.LIST),
                path,
                "there are whole versions, and go finds none of them",
            )
        if path in self._inventory.latests:
            yield from self._check_latest(path, versions)

    def check_alias(
        self, entry: Entry, modules: Mapping[str, Versions]
    ) -> Iterator[CacheFinding]:
        """Check the .info of a revision: in a tree, its version must be there."""
        assert entry.place.mv is not None
        path = entry.place.mv.path
        try:
            self._tree.require(entry.path)
            data = self._tree.read(entry.path, limit_bytes=MAX_INFO_BYTES)
            info = parse_info(data)
        except (NotInTreeError, RejectedError) as exc:
            damaged = self._damaged(entry.path, path, exc)
            yield replace(damaged, fix=Fix.DROP)
            return
        version, revision = info.version, entry.place.mv.version
        commit = info.origin.hash if info.origin else ""
        if commit and _COMMIT.fullmatch(revision) and not commit.startswith(revision):
            reason = "it is of another commit than its name"
            wrong = self._finding(
                Verdict.CORRUPT, entry.path, path, reason, revision, commit
            )
            yield replace(wrong, fix=Fix.DROP)
            return
        there = modules.get(path, {}).get(version, {})
        if self._layout.kind is TargetKind.TREE and FileKind.INFO not in there:
            reason = f"it names {version}, which is not there"
            stale = self._finding(Verdict.STALE, entry.path, path, reason)
            yield replace(stale, fix=Fix.NOTHING)  # that version may come back

    def _check_list(self, path: str, versions: Versions) -> Iterator[CacheFinding]:
        where = self._inventory.lists[path].path
        try:
            data = self._tree.read(where, limit_bytes=MAX_LIST_BYTES)
            words = _words(data, self._layout.kind)
        except (NotInTreeError, RejectedError) as exc:
            yield self._damaged(where, path, exc)
            return
        yield from self._compare(path, where, words, versions)

    def _compare(
        self, path: str, where: str, words: set[str], versions: Versions
    ) -> Iterator[CacheFinding]:
        if self._layout.kind not in {TargetKind.TREE, TargetKind.MODCACHE}:
            odd = sorted(words - set(parse_list("\n".join(words).encode(), path=path)))
            if odd:
                yield self._finding(
                    Verdict.STALE, where, path, f"go trips over {odd[0]}"
                )
            return
        right = set(listed_versions(self._layout.kind, versions))
        for version in sorted(words - right):
            yield from self._lacking(ModuleVersion(path, version), versions)
        for reason in _differences(words, right):
            yield self._finding(Verdict.STALE, where, path, reason)

    def _lacking(self, mv: ModuleVersion, versions: Versions) -> Iterator[CacheFinding]:
        """Yield the zip that a listed version lacks; ``checks`` names the rest."""
        there = versions.get(mv.version, {})
        if self._layout.kind is not TargetKind.TREE or FileKind.MOD not in there:
            return
        if FileKind.ZIP not in there and not is_pseudo_version(mv.version):
            yield CacheFinding(
                verdict=Verdict.INCOMPLETE,
                path=self._layout.path_of(mv, FileKind.ZIP),
                mv=mv,
                reason="missing, though the list names its version",
                fix=Fix.FETCH,
            )

    def _check_latest(self, path: str, versions: Versions) -> Iterator[CacheFinding]:
        where = self._inventory.latests[path].path
        try:
            self._tree.require(where)
            data = self._tree.read(where, limit_bytes=MAX_INFO_BYTES)
            found = parse_info(data).version
        except (NotInTreeError, RejectedError) as exc:
            yield self._damaged(where, path, exc)
            return
        if self._layout.kind is not TargetKind.TREE:
            return
        right = self._latest(path, versions)
        if right is not None and found != right:
            yield self._finding(
                Verdict.STALE,
                where,
                path,
                "another version is the latest",
                right,
                found,
            )
        elif not _is_whole(versions.get(found, {})):
            reason = f"it names {found}, which is not there whole"
            yield self._finding(Verdict.STALE, where, path, reason)

    def _latest(self, path: str, versions: Versions) -> str | None:
        def read(version: str) -> bytes:
            where = versions[version][FileKind.MOD].path
            return self._tree.read(where, limit_bytes=MAX_GO_MOD_BYTES)

        return latest_version(self._layout.kind, path, versions, read)

    def _damaged(self, where: str, path: str, error: Exception) -> CacheFinding:
        reason = str(error)
        if isinstance(error, DamagedFileError | MalformedError):
            reason = error.reason
        return self._finding(Verdict.CORRUPT, where, path, reason)

    def _finding(
        self,
        verdict: Verdict,
        where: str,
        path: str,
        reason: str,
        expected: str = "",
        found: str = "",
    ) -> CacheFinding:
        return CacheFinding(
            verdict=verdict,
            path=where,
            mv=ModuleVersion(path, ""),
            reason=reason,
            expected=expected,
            found=found,
            fix=Fix.REWRITE,
        )


def _words(data: bytes, kind: TargetKind) -> set[str]:
    """Return the versions of a list; in a module cache pseudo-versions count.

    Raises:
        MalformedError: if it is none.
    """
    if kind is not TargetKind.MODCACHE:
        return set(parse_list(data))
    words = {
        line.split()[0]
        for line in data.decode("utf-8", "replace").splitlines()
        if line.strip()
    }
    for word in words:
        if canonical_version(word) != word:
            raise MalformedError("version list", word, f"names {word!r:.40}")
    return words


def _differences(words: set[str], right: set[str]) -> Iterator[str]:
    more, less = sorted(words - right), sorted(right - words)
    if more:
        yield f"it names {_some(more)}, which cannot be had whole"
    if less:
        yield f"it does not name {_some(less)}, which is there"


def _some(versions: list[str]) -> str:
    shown = ", ".join(versions[:3])
    return f"{shown} and {len(versions) - 3} more" if len(versions) > 3 else shown


def _is_whole(entries: Mapping[Part, Entry]) -> bool:
    return all(role in entries for role in FILES)


def _has_whole(versions: Versions) -> bool:
    return any(_is_whole(entries) for entries in versions.values())
