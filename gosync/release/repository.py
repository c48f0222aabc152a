"""Files of a git tag, as Go's codehost gets them.

The tag alone is fetched into an empty repository. What ``git archive`` would change or
leave out by attributes (``export-subst``, ``export-ignore``) is switched off by
``info/attributes``, and line ends stay as they are in the commit: Go does both, and the
h1 depends on it.
"""

from __future__ import annotations

import io
import stat
import tempfile
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from gosync.errors import TooLargeError, UsageError
from gosync.gomod.info import Origin
from gosync.gomod.zipcheck import MAX_ZIP_BYTES
from gosync.release.choosing import LICENCE
from gosync.release.git import git, git_output
from gosync.release.source import ReleaseSource, SourceFile

_ATTRIBUTES: Final = "* -export-subst -export-ignore\n"
_PLAIN: Final = ("-c", "core.autocrlf=input", "-c", "core.eol=lf")
_PREFIX: Final = "prefix/"
_SCHEMES: Final = ("file://", "https://", "ssh://")


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
    if "://" in repository and not repository.startswith(_SCHEMES):
        raise UsageError(f"{repository}: its transport is not file, https or ssh")
    return repository, tag


def tag_source(repository: str, tag: str, *, subdir: str) -> ReleaseSource:
    """Return the files of a tag.

    Args:
        repository: A folder or URL that git can fetch from.
        tag: The tag's name.
        subdir: The module's folder in it, "" for the root.

    Raises:
        UsageError: There is no git, or no such folder in the tag.
        UnavailableError: git cannot fetch it; the message is its own.
        TooLargeError: The tag's files are larger than a module's zip may be.
    """
    where = (
        str(Path(repository).absolute()) if Path(repository).is_dir() else repository
    )
    with tempfile.TemporaryDirectory(prefix="gosync-release-") as folder:
        bare = Path(folder)
        git(bare, "init", "--quiet", "--bare", ".")
        ref = f"refs/tags/{tag}"
        git(bare, "fetch", "--quiet", "--depth=1", "--", where, f"+{ref}:{ref}")
        (bare / "info").mkdir(exist_ok=True)
        (bare / "info" / "attributes").write_text(_ATTRIBUTES)
        said = git_output(bare, "log", "-n1", "--format=%H %ct", ref, "--")
        commit, seconds = said.split()
        data = git(
            bare, *_PLAIN, "archive", "--format=zip", f"--prefix={_PREFIX}", ref, "--"
        )
    if len(data) > MAX_ZIP_BYTES:
        raise TooLargeError(f"{repository}@{tag}", limit_bytes=MAX_ZIP_BYTES)
    archive = zipfile.ZipFile(io.BytesIO(data), metadata_encoding="utf-8")
    files = tuple(_files(archive, _PREFIX + f"{subdir}/".lstrip("/")))
    if not files:
        raise UsageError(f"{repository}@{tag}: no folder {subdir}")
    return ReleaseSource(
        files,
        time=datetime.fromtimestamp(int(seconds), UTC),
        origin=Origin(vcs="git", url=where, subdir=subdir, hash=commit, ref=ref),
        root_licence=_root_licence(archive) if subdir else None,
    )


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
    found = [each for each in _files(archive, _PREFIX) if each.name == LICENCE]
    return found[0] if found and found[0].is_regular else None
