"""Versions of a module: its repository's tags, branches, commits and pseudo-versions.

As ``go`` finds them (https://go.dev/ref/mod#vcs-version and what follows there):

    list      the tags that are versions of the module; those with ``+incompatible``
              where the newest other one has no go.mod, by major versions whose
              newest has none
    latest    the newest release among them, else pre-release, else HEAD's commit
    revision  a tag, a branch, or the first digits of a commit's hash. A commit that is
              tagged is the newest of these versions; another one is the
              pseudo-version after the newest version among its ancestors. What the
              newest release retracts counts as neither

A pseudo-version that is asked for must be true: its time and hash are the commit's, and
the version that it follows is tagged on one of its ancestors. One with
``+incompatible`` has no go.mod, and unless it is asked for by this name none in the
folder of its major version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

import msgspec

from gosync.errors import MalformedError, NotFoundError
from gosync.git.files import ReleaseSource
from gosync.git.module import INCOMPATIBLE, RepositoryModule
from gosync.git.repository import GitRepository
from gosync.git.tags import commit_source
from gosync.gomod import modfile, semver
from gosync.gomod.info import Origin, VersionInfo
from gosync.gomod.latest import GoModFacts, read_facts
from gosync.gomod.module import canonical_version
from gosync.gomod.pseudo import (
    is_pseudo_version,
    pseudo_version,
    pseudo_version_rev,
)
from gosync.gomod.versionlist import newest

_HEAD: Final = "HEAD"
_GO_MOD: Final = "go.mod"
_REVISION: Final = re.compile("[0-9a-f]{7,64}")
_REV_DIGITS: Final = 12
_NO_FACTS: Final = GoModFacts(is_own=False)


class Revision(msgspec.Struct, frozen=True):
    """A commit of a module.

    Attributes:
        version: The version that it is.
        commit: Its hash.
        time: When it was made.
        ref: The ref that led to it, "" for none.
        folder: The module's folder in it.
        go_mod: Its go.mod, None for none.
    """

    version: str
    commit: str
    time: datetime
    ref: str
    folder: str
    go_mod: bytes | None


class ModuleRevisions:
    """The versions of one module; its methods wait for git."""

    def __init__(self, module: RepositoryModule, repository: GitRepository) -> None:
        """Take a module and its repository."""
        self._module = module
        self._repository = repository

    def versions(self) -> list[str]:
        """Return the tagged versions, ascending; none is an answer, too.

        Raises:
            NotFoundError: There is no such module.
            UnavailableError: git cannot ask.
        """
        refs = self._repository.refs()
        found = self._listed(refs)
        if not found:
            self._head(refs)
        return found

    def latest(self) -> Revision:
        """Return the newest version.

        Raises:
            NotFoundError: There is no such module.
            UnavailableError: git cannot ask.
        """
        refs = self._repository.refs()
        version = newest(self._listed(refs))
        if version is not None:
            return self.tagged(version)
        return self._untagged(self._head(refs), _HEAD, refs, self._retractions(refs))

    def find(self, query: str) -> Revision:
        """Return what a version, or the name of a revision, is.

        Raises:
            NotFoundError: There is no such module or revision.
            MalformedError: Its go.mod is of another module.
            UnavailableError: git cannot ask.
        """
        if is_pseudo_version(query):
            return self._pseudo(query)
        if canonical_version(query) == query:
            return self.tagged(query)
        refs = self._repository.refs()
        for ref in (f"refs/tags/{query}", f"refs/heads/{query}"):
            if ref in refs:
                return self._of_commit(refs[ref], ref, refs)
        if _REVISION.fullmatch(query):
            self._repository.fetch_all(refs)
            commit = self._repository.find(query)
            if commit is not None:
                return self._of_commit(commit, "", refs)
        raise NotFoundError(f"{self._module.url}: no revision {query}")

    def tagged(self, version: str) -> Revision:
        """Return a version that has a tag; errors as ``find``."""
        ref = self._module.ref_of(version)
        named = self._module.version_of(ref)
        if named is None or named.removesuffix(INCOMPATIBLE) != version != named:
            raise NotFoundError(f"{self._module.path}: no version {version}")
        commit = self._repository.fetch(ref)
        if not self._may_be(named, commit, ref, by_name=version == named):
            raise NotFoundError(
                f"{self._module.path}: no version {version}, since it has a go.mod"
            )
        return self._revision(named, commit, ref)

    def source(self, revision: Revision) -> AbstractContextManager[ReleaseSource]:
        """Yield its files.

        Raises:
            TooLargeError: They are larger than a module's zip may be.
        """
        return commit_source(
            self._repository, revision.commit, revision.ref, subdir=revision.folder
        )

    def info(self, revision: Revision) -> VersionInfo:
        """Return what a proxy says of it."""
        return VersionInfo(
            revision.version,
            revision.time,
            Origin(
                vcs="git",
                url=self._module.url,
                subdir=revision.folder,
                hash=revision.commit,
                ref=revision.ref,
            ),
        )

    def _head(self, refs: Mapping[str, str]) -> str:
        """Return HEAD's commit, if it has the module.

        Where its go.mod is of another one there is no such module: go looks for a
        package in shorter paths then, and would not after any other failure.
        """
        if _HEAD not in refs:
            raise NotFoundError(f"{self._module.url}: it is empty")
        commit = self._repository.fetch(_HEAD)
        try:
            self._folder_at(commit)
        except MalformedError as exc:
            raise NotFoundError(f"{self._module.path}: {exc}") from exc
        return commit

    def _listed(self, refs: Mapping[str, str]) -> list[str]:
        named = self._module.versions(refs)
        plain = [each for each in named if not each.endswith(INCOMPATIBLE)]
        others = named[len(plain) :]  # they are of higher major versions
        if not others or (plain and self._has_go_mod(plain[-1], refs)):
            return plain
        last = {semver.major(each): each for each in others}
        without = [m for m, each in last.items() if not self._has_go_mod(each, refs)]
        return plain + [each for each in others if semver.major(each) in without]

    def _has_go_mod(self, version: str, refs: Mapping[str, str]) -> bool:
        ref = self._module.ref_of(version)
        return self._file(refs[ref], ref, _GO_MOD) is not None

    def _may_be(
        self, version: str, commit: str, ref: str, *, by_name: bool = False
    ) -> bool:
        """Return whether a commit may have a version, if ``+incompatible``."""
        if not version.endswith(INCOMPATIBLE):
            return True
        if self._file(commit, ref, _GO_MOD) is not None:
            return False
        below = f"{semver.major(version)}/{_GO_MOD}"
        return by_name or self._file(commit, ref, below) is None

    def _file(self, commit: str, ref: str, name: str) -> bytes | None:
        """Return a file of a commit, which is fetched by a ref if it is not here."""
        try:
            return self._repository.file(commit, name)
        except NotFoundError:
            if not ref:
                raise
        return self._repository.file(self._repository.fetch(ref), name)

    def _retractions(self, refs: Mapping[str, str]) -> GoModFacts:
        """Return what the newest release retracts."""
        named = self._module.versions(refs)
        version = newest(named, allow_incompatible=False)
        if version is None:
            return _NO_FACTS
        try:
            go_mod = self.tagged(version).go_mod
            return _NO_FACTS if go_mod is None else read_facts(version, go_mod)
        except (NotFoundError, MalformedError):
            return _NO_FACTS

    def _of_commit(self, commit: str, ref: str, refs: Mapping[str, str]) -> Revision:
        retracts = self._retractions(refs)
        named = [each for each, at in refs.items() if at == commit]
        versions = [
            each
            for each in self._module.versions(named)
            if retracts.allow(each) and self._may_be(each, commit, ref)
        ]
        if versions:
            return self.tagged(versions[-1])
        return self._untagged(commit, ref, refs, retracts)

    def _untagged(
        self,
        commit: str,
        ref: str,
        refs: Mapping[str, str],
        retracts: GoModFacts,
    ) -> Revision:
        self._repository.fetch_all(refs)
        time = self._repository.time(commit)
        before = [
            each
            for each in self._module.bases(self._repository.tags_before(commit))
            if retracts.allow(each) and self._may_be(each, commit, ref)
        ]
        older = before[-1] if before else ""
        version = self._name(commit, time, older)
        return self._revision(version, commit, "" if ref == _HEAD else ref)

    def _name(self, commit: str, time: datetime, older: str) -> str:
        major, rev = self._module.major, commit[:_REV_DIGITS]
        return pseudo_version(major, older, time=time, rev=rev)

    def _pseudo(self, version: str) -> Revision:
        rev = pseudo_version_rev(version)
        commit = self._repository.find(rev) if _REVISION.fullmatch(rev) else None
        if commit is None and _REVISION.fullmatch(rev):
            self._repository.fetch_all(self._repository.refs())
            commit = self._repository.find(rev)
        if commit is None:
            raise NotFoundError(f"{self._module.url}: no commit {rev}")
        time = self._repository.time(commit)
        before = self._module.bases(self._repository.tags_before(commit))
        before = [e for e in before if self._may_be(e, commit, "", by_name=True)]
        if version not in {self._name(commit, time, each) for each in ("", *before)}:
            raise NotFoundError(f"{version}: not a version of commit {commit}")
        return self._revision(version, commit, "")

    def _revision(self, version: str, commit: str, ref: str) -> Revision:
        folder, go_mod = self._folder_at(commit)
        time = self._repository.time(commit)
        return Revision(version, commit, time, ref, folder, go_mod)

    def _folder_at(self, commit: str) -> tuple[str, bytes | None]:
        """Return where the module lies in a commit, and its go.mod.

        A module without a go.mod is one at the root alone.
        """
        wrong: str | None = None
        for folder in self._module.folders:
            go_mod = self._repository.file(commit, f"{folder}/{_GO_MOD}".lstrip("/"))
            if go_mod is None:
                continue
            named = modfile.parse_lax(go_mod).module
            if named == self._module.path:
                return folder, go_mod
            wrong = wrong or named
        if wrong is not None:
            reason = f"the module is {self._module.path}"
            raise MalformedError(_GO_MOD, wrong, reason)
        if self._module.folder or self._module.path_major:
            raise NotFoundError(f"{self._module.url}: no go.mod of {self._module.path}")
        return "", None
