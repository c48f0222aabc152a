"""Files of a tag or a commit, as Go's codehost gets them.

What ``git archive`` would change or leave out by attributes (``export-subst``,
``export-ignore``) is switched off, and line ends stay as they are in the commit: Go
does both, and the h1 depends on it.
"""

from __future__ import annotations

import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from gosync.errors import MalformedError, UsageError
from gosync.git.choosing import LICENCE
from gosync.git.files import ReleaseSource, SourceFile
from gosync.git.repository import PREFIX, GitRepository
from gosync.gomod.info import Origin

SCHEMES: Final = ("file://", "https://", "ssh://")
# A URL's scheme, or a program of git's that speaks a transport (ext::COMMAND).
_TRANSPORT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*):(?://|:)")


def parse_repository(source: str) -> tuple[str, str]:
    """Return repository and tag of REPOSITORY@TAG; the last ``@`` divides them.

    Raises:
        UsageError: It is none, or its transport is not file, https or ssh.
    """
    repository, _, tag = source.rpartition("@")
    if not repository or not tag or tag.startswith("-") or repository.startswith("-"):
        raise UsageError(
            f"{source}: no such folder, and not REPOSITORY@TAG",
            hint="name a folder, or a repository and its tag: URL@v1.2.3",
        )
    transport = _TRANSPORT.match(repository)
    if transport is not None and not repository.startswith(SCHEMES):
        raise UsageError(
            f"{transport[1]}: its transport is not file, https or ssh",
            hint="name a folder, or a URL that begins with https:// or ssh://",
        )
    return repository, tag


@contextmanager
def tag_source(repository: str, tag: str, *, subdir: str) -> Iterator[ReleaseSource]:
    """Yield the files of a tag, to be read until then.

    Args:
        repository: A folder or URL that git can fetch from.
        tag: The tag's name.
        subdir: The module's folder in it, "" for the root.

    Raises:
        UsageError: There is no git, or no such folder in the tag.
        NotFoundError: There is no such repository or tag.
        UnavailableError: git cannot fetch it; the message is its own.
        TooLargeError: The tag's files are larger than a module's zip may be.
    """
    is_folder = Path(repository).is_dir()
    where = str(Path(repository).absolute()) if is_folder else repository
    with tempfile.TemporaryDirectory(prefix="gosync-release-") as folder:
        repo = GitRepository(where, Path(folder))
        ref = f"refs/tags/{tag}"
        with commit_source(repo, repo.fetch(ref), ref, subdir=subdir) as found:
            if not found.files:
                raise UsageError(f"{repository}@{tag}: no folder {subdir}")
            yield found


@contextmanager
def commit_source(
    repository: GitRepository, commit: str, ref: str, *, subdir: str
) -> Iterator[ReleaseSource]:
    """Yield the files of a commit that was fetched; none where a folder is missing.

    Args:
        repository: Has it.
        commit: Its hash.
        ref: The name that led to it, "" for none.
        subdir: The module's folder in it, "" for the root.

    Raises:
        TooLargeError: They are larger than a module's zip may be.
        MalformedError: A file's name is not UTF-8.
    """
    with tempfile.TemporaryFile() as file:
        repository.archive(commit, file)
        with _open(file, commit) as archive:
            yield ReleaseSource(
                tuple(_files(archive, PREFIX + f"{subdir}/".lstrip("/"))),
                time=repository.time(commit),
                origin=Origin(
                    vcs="git", url=repository.url, subdir=subdir, hash=commit, ref=ref
                ),
                root_licence=_root_licence(archive) if subdir else None,
            )


def _open(file: BinaryIO, commit: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file, metadata_encoding="utf-8")
    except (zipfile.BadZipFile, UnicodeDecodeError) as exc:
        raise MalformedError("files of commit", commit, str(exc)) from exc


def _files(archive: zipfile.ZipFile, prefix: str) -> list[SourceFile]:
    return [
        SourceFile(
            each.filename[len(prefix) :],
            each.file_size,
            is_regular=not stat.S_ISLNK(each.external_attr >> 16),
            read=partial(archive.read, each),
        )
        for each in archive.infolist()
        if each.filename.startswith(prefix) and not each.is_dir()
    ]


def _root_licence(archive: zipfile.ZipFile) -> SourceFile | None:
    found = [each for each in _files(archive, PREFIX) if each.name == LICENCE]
    return found[0] if found and found[0].is_regular else None
