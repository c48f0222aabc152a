"""File modes and owners in a target: set, and set back.

What is set is what is open: no link is followed. A file that has more than one name
may be somebody else's under another one. It is never changed; a copy takes its place,
and only where its bytes are no secret of another owner.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gosync.errors import GosyncError
from gosync.folder.layouts import OWN
from gosync.folder.tree import DamagedFileError, FileTree
from gosync.folder.walk import Entry, walk
from gosync.verify.look.extracted import Everything
from gosync.verify.look.permissions import access_trouble
from gosync.verify.verdicts import CacheFinding

_PIECE_BYTES = 1 << 20
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC  # not even its owner may open it


class Access(msgspec.Struct, frozen=True):
    """The mode and owner of a file or folder.

    Attributes:
        mode: Its permissions.
        uid: Its owner.
        gid: Its group.
    """

    mode: int
    uid: int
    gid: int

    @classmethod
    def of(cls, found: os.stat_result) -> Access:
        """Return what the system says of something."""
        return cls(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


class Changed(msgspec.Struct, frozen=True):
    """A change of one file's or folder's mode and owner.

    Attributes:
        path: Where, relative to the target.
        was: Before.
        now: After it.
    """

    path: str
    was: Access
    now: Access


def wrong_below(tree: FileTree, path: str) -> list[Entry]:
    """Return the file or folder, and what is in it, with the wrong mode or owner.

    Raises:
        OSError: if it cannot be looked at.
    """
    with _held(tree, path) as handle:
        itself = Entry(path, OWN, os.fstat(handle))
    root = tree.stat()
    found = [itself] if access_trouble(itself, root) else []
    if not itself.is_folder:
        return found
    found += [
        Entry(f"{path}/{entry.path}", entry.place, entry.stat)
        for entry in walk(tree, Everything(), below=path)
        if isinstance(entry, Entry) and access_trouble(entry, root)
    ]
    return [each for each in found if each.is_file or each.is_folder]


def wanted(tree: FileTree, entry: Entry, *, mode: int | None = None) -> Changed:
    """Return how something is to be changed, to be as all else in a target."""
    root, was = tree.stat(), Access.of(entry.stat)
    now = Access(_mode(entry.stat.st_mode) if mode is None else mode, *_ids(root, was))
    return Changed(entry.path, was, now)


def _ids(root: os.stat_result, was: Access) -> tuple[int, int]:
    """Return whose it will be: the target's owner's, if we may give it away."""
    if os.geteuid() == 0:
        return root.st_uid, root.st_gid
    return was.uid, was.gid


class Copied(msgspec.Struct, frozen=True):
    """A file that a copy of it replaces.

    Attributes:
        finding: Why.
        mode: The copy's mode.
        sha256: The digest of its bytes, in hex.
        seen: What it was when it was looked at.
    """

    finding: CacheFinding
    mode: int
    sha256: str
    seen: os.stat_result


class Mending(msgspec.Struct):
    """The changes that findings about modes and owners call for.

    Attributes:
        changes: What is changed where it is, with its finding.
        copies: What a copy replaces, by path: its finding, mode and SHA-256.
        failed: What can be done to nothing, and why.
    """

    changes: list[tuple[Changed, CacheFinding]] = msgspec.field(default_factory=list)
    copies: dict[str, Copied] = msgspec.field(default_factory=dict)
    failed: list[tuple[CacheFinding, str]] = msgspec.field(default_factory=list)


def plan_access(
    tree: FileTree, findings: Mapping[str, CacheFinding], *, mode: int | None = None
) -> Mending:
    """Return what is to be done about findings of access.

    Args:
        tree: The target.
        findings: They, by path.
        mode: The mode that files get, None for one that fits their own.
    """
    mending = Mending()
    for path, finding in findings.items():
        try:
            for entry in wrong_below(tree, path):
                _plan_one(tree, entry, finding, mending, mode)
        except OSError as exc:
            mending.failed.append((finding, exc.strerror or str(exc)))
        except GosyncError as exc:
            mending.failed.append((finding, str(exc)))
    return mending


def _plan_one(
    tree: FileTree,
    entry: Entry,
    finding: CacheFinding,
    mending: Mending,
    mode: int | None,
) -> None:
    changed = wanted(tree, entry, mode=mode if entry.is_file else None)
    if entry.is_file and entry.stat.st_nlink > 1:
        digest = hashlib.sha256()
        for piece in pieces_of(tree, entry.path):
            digest.update(piece)
        mode, sha256 = changed.now.mode, digest.hexdigest()
        mending.copies[entry.path] = Copied(finding, mode, sha256, entry.stat)
    else:
        mending.changes.append((changed, finding))


def pieces_of(tree: FileTree, path: str) -> Iterator[bytes]:
    """Yield a file of a target, piece by piece.

    Raises:
        GosyncError: if it is none, or cannot be read.
    """
    with tree.open(path) as (read_at, size_bytes):
        for offset in range(0, size_bytes, _PIECE_BYTES):
            yield read_at(offset, _PIECE_BYTES)


def change(tree: FileTree, path: str, was: Access, now: Access) -> None:
    """Change the access of something that has not changed since.

    Raises:
        DamagedFileError: if it has, or is no single file or folder.
        OSError: if the system refuses.
    """
    with _held(tree, path) as handle:
        found = os.fstat(handle)
        if Access.of(found) != was:
            raise DamagedFileError(path, "has another mode or owner by now")
        is_file = stat.S_ISREG(found.st_mode)
        if not (stat.S_ISDIR(found.st_mode) or (is_file and found.st_nlink == 1)):
            raise DamagedFileError(path, "is no file of its own, nor a folder")
        itself = f"/proc/self/fd/{handle}"
        if (now.uid, now.gid) != (was.uid, was.gid):
            with suppress(PermissionError):
                os.chown(itself, now.uid, now.gid)
        Path(itself).chmod(now.mode)


@contextmanager
def _held(tree: FileTree, path: str) -> Iterator[int]:
    folder, _, name = path.rpartition("/")
    with tree.folder(folder) as above:
        handle = os.open(name, _HANDLE, dir_fd=above)
        try:
            yield handle
        finally:
            os.close(handle)


def _mode(mode: int) -> int:
    """Return a mode that lets everybody read, and its owner alone write."""
    if stat.S_ISDIR(mode):
        return 0o755
    execute = 0o111 if mode & stat.S_IXUSR else 0
    return (0o644 if mode & stat.S_IWUSR else 0o444) | execute
