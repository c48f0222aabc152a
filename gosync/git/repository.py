"""What was fetched of a repository, kept in a folder.

    FOLDER/lock        held while anything below is changed
    FOLDER/tags/       bare repository: single commits, without history
    FOLDER/all/        bare repository: every branch and tag, with history
    FOLDER/NAME.changing   there while one is fetched into; found later: it was killed
    FOLDER/all.refs    digest of the refs that ``all`` was fetched with

All of it can be fetched again: what a kill left is thrown away, and so may anybody.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from msgspec.structs import replace

from gosync.errors import (
    GosyncError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamTimeoutError,
)
from gosync.git.command import DEFAULT_LIMITS, GitLimits, git, git_output
from gosync.gomod.zipcheck import MAX_GO_MOD_BYTES, MAX_ZIP_BYTES
from gosync.store.durable import disk_errors

# Attributes of a commit's that would change its files: Go switches off the first two;
# a filter runs a program of whoever runs git.
_ATTRIBUTES: Final = "* -export-subst -export-ignore -filter\n"
_PLAIN: Final = ("-c", "core.autocrlf=input", "-c", "core.eol=lf")
_REFS_BYTES: Final = 32 << 20
_COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_HEAD: Final = "HEAD"
_TAGS, _ALL = "tags", "all"
PREFIX: Final = "prefix/"


class GitRepository:
    """One repository; its methods wait for git."""

    def __init__(
        self, url: str, folder: Path, limits: GitLimits = DEFAULT_LIMITS
    ) -> None:
        """Name it.

        Args:
            url: A URL or folder that git can fetch from.
            folder: Keeps what was fetched.
            limits: What each run of git may take.
        """
        self.url = url
        self._folder = folder
        self._limits = limits

    def refs(self) -> dict[str, str]:
        """Return which commit each ref leads to, HEAD too.

        Raises:
            NotFoundError: There is no such repository.
            TooLargeError: It has too many refs.
            UnavailableError: git cannot ask it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        limits = replace(self._limits, max_bytes=_REFS_BYTES)
        said = git_output(
            self._folder, "ls-remote", "--quiet", "--", self.url, limits=limits
        )
        found: dict[str, str] = {}
        for line in said.splitlines():
            commit, _, ref = line.partition("\t")
            if _COMMIT.fullmatch(commit):  # "^{}" follows its tag, and is its commit
                found[ref.removesuffix("^{}")] = commit
        return found

    def fetch(self, ref: str) -> str:
        """Fetch a tag or HEAD without history, and return its commit.

        Raises:
            NotFoundError: There is no such repository, or no such ref in it.
            TooLargeError: It is larger than it may be.
            UnavailableError: git cannot fetch it.
        """
        with self._changing(_TAGS) as bare:
            to = "refs/gosync/head" if ref == _HEAD else ref
            try:
                git(
                    bare, "fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--",
                    self.url, f"+{ref}:{to}", limits=self._limits,
                )  # fmt: skip
            except UnavailableError as exc:
                if "couldn't find remote ref" in str(exc):
                    raise NotFoundError(f"{self.url}: no {ref}") from exc
                raise
            return self._commit_of(bare, to)

    def fetch_all(self, refs: Mapping[str, str]) -> None:
        """Fetch every branch and tag with history, unless they are as they were.

        Args:
            refs: What ``refs`` returned.

        Raises:
            NotFoundError: There is no such repository.
            TooLargeError: It is larger than it may be.
            UnavailableError: git cannot fetch it.
        """
        digest = hashlib.sha256(repr(sorted(refs.items())).encode()).hexdigest()
        known = self._folder / "all.refs"
        if known.is_file() and known.read_text() == digest:
            return
        with self._changing(_ALL) as bare:
            git(
                bare, "fetch", "--quiet", "--prune", "--no-tags", "--force", "--",
                self.url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
                limits=self._limits,
            )  # fmt: skip
            known.write_text(digest)

    def find(self, revision: str) -> str | None:
        """Return the commit that some hexadecimal digits begin, of all that is here."""
        bare = self._folder / _ALL
        name = f"{revision}^{{commit}}"
        if not bare.is_dir():
            return None
        found = git_output(
            bare, "rev-parse", "--verify", "--quiet", "--end-of-options", name,
            may_fail=True,
        ).strip()  # fmt: skip
        return found if _COMMIT.fullmatch(found) else None

    def tags_before(self, commit: str) -> list[str]:
        """Return the refs of the tags that a commit has among its ancestors."""
        said = git_output(
            self._folder / _ALL, "for-each-ref", "--format=%(refname)",
            f"--merged={commit}", "refs/tags/",
        )  # fmt: skip
        return said.split("\n")[:-1]

    def time(self, commit: str) -> datetime:
        """Return when a commit was made."""
        said = git_output(
            self._home(commit), "-c", "log.showSignature=false", "log", "-n1",
            "--format=%ct", commit, "--",
        )  # fmt: skip
        return datetime.fromtimestamp(int(said), UTC)

    def file(self, commit: str, name: str) -> bytes | None:
        """Return a plain file of a commit, None where there is none.

        Raises:
            TooLargeError: It is larger than a go.mod may be.
        """
        bare = self._home(commit)
        said = git_output(bare, "ls-tree", "-z", "--long", commit, "--", name)
        entry = said.partition("\0")[0].partition("\t")[0].split()
        if len(entry) != 4 or not entry[0].startswith("100"):
            return None
        if int(entry[3]) > MAX_GO_MOD_BYTES:
            raise TooLargeError(name, limit_bytes=MAX_GO_MOD_BYTES)
        return git(bare, "cat-file", "blob", entry[2])

    def archive(self, commit: str, output: BinaryIO) -> None:
        """Write a zip of a commit's files, below ``PREFIX``.

        Raises:
            TooLargeError: It is larger than a module's zip may be.
        """
        limits = replace(self._limits, max_bytes=MAX_ZIP_BYTES)
        git(
            self._home(commit), *_PLAIN, "archive", "--format=zip",
            f"--prefix={PREFIX}", commit, limits=limits, output=output,
        )  # fmt: skip

    def _home(self, commit: str) -> Path:
        """Return the repository below the folder that has a commit."""
        for name in (_TAGS, _ALL):
            bare = self._folder / name
            if bare.is_dir() and git_output(
                bare, "cat-file", "-t", commit, may_fail=True
            ):
                return bare
        raise NotFoundError(f"{self.url}: no commit {commit}")

    def _commit_of(self, bare: Path, ref: str) -> str:
        name = f"{ref}^{{commit}}"
        found = git_output(bare, "rev-parse", "--verify", "--quiet", name).strip()
        if not _COMMIT.fullmatch(found):
            raise NotFoundError(f"{self.url}: {ref} leads to no commit")
        return found

    @contextmanager
    def _changing(self, name: str) -> Iterator[Path]:
        """Hold the lock, and see to it that a repository below is whole."""
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                mark, bare = self._folder / f"{name}.changing", self._folder / name
                if mark.exists():
                    self._discard(bare)
                mark.touch()
                if not bare.is_dir():
                    _init(bare)
                try:
                    yield bare
                except (UpstreamTimeoutError, TooLargeError):
                    raise  # it was ended in the midst of its work
                except GosyncError:
                    mark.unlink()
                    raise
                mark.unlink()

    def _discard(self, bare: Path) -> None:
        (self._folder / "all.refs").unlink(missing_ok=True)
        shutil.rmtree(bare, ignore_errors=True)


def _init(bare: Path) -> None:
    bare.mkdir()
    git(bare, "init", "--quiet", "--bare", ".")
    (bare / "info").mkdir(exist_ok=True)
    (bare / "info" / "attributes").write_text(_ATTRIBUTES)
