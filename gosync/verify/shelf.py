"""What was moved aside, with its evidence, and the way back.

    shelf/<id>/moved.json     the target, and what is to be moved and why
    shelf/<id>/<number>       the thing itself, whatever it was: 1, 2, 3 ...

moved.json is written and synced before anything is moved, so that a run that is
killed leaves nothing of which nobody knows where it came from. It is an object with
"target", "kind", "action", "at" and "entries", a list of::

    {"number": 1, "path": ..., "wrote": sha256 of what stands there now or null,
     "finding": {...}}

Something is moved by a rename where the file systems are the same, else copied,
synced, and only then removed. Folders on the way are entered from the one above;
no link is followed, and a link that goes aside goes as a link.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from gosync.closure.tree import FOLDER_FLAGS, Tree
from gosync.errors import GosyncError, UsageError
from gosync.store.durable import disk_errors, make_folder, replace_file, sync_folder

SHELF: Final = "shelf"
_MANIFEST: Final = "moved.json"


class Moved(msgspec.Struct, frozen=True):
    """One thing on a shelf.

    Attributes:
        number: Its name there.
        path: Where it was, relative to the target.
        finding: Why it was moved.
        wrote: The SHA-256 of what was written in its place, None for nothing.
    """

    number: int
    path: str
    finding: dict[str, object]
    wrote: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """Everything that one action moved.

    Attributes:
        target: The target's folder.
        kind: What it is.
        action: What was done.
        at: When.
        entries: What was moved.
    """

    target: str
    kind: str
    action: str
    at: str
    entries: list[Moved]


class Shelf:
    """One action's shelf.

    Attributes:
        id: Its name.
        folder: Where it is.
    """

    def __init__(self, state: Path, name: str) -> None:
        self.id = name
        self.folder = state / SHELF / name

    @classmethod
    def build(cls, state: Path, manifest: Manifest, now: datetime) -> Shelf:
        """Make a shelf that says what will be on it.

        Raises:
            StoreError: if it cannot be written.
        """
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        shelf = cls(state, name)
        make_folder(shelf.folder)
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        replace_file(shelf.folder / _MANIFEST, data, staging=shelf.folder)
        return shelf

    def read(self) -> Manifest:
        """Return what was to be moved.

        Raises:
            UsageError: if there is no such shelf.
        """
        try:
            data = (self.folder / _MANIFEST).read_bytes()
            return msgspec.json.decode(data, type=Manifest)
        except (OSError, msgspec.DecodeError) as exc:
            raise UsageError(
                f"{self.id}: nothing was moved aside under this id in {self.folder}",
                hint="name the same TARGET, and --state if one was named then",
            ) from exc

    def take(self, tree: Tree, moved: Moved) -> None:
        """Move something here.

        Raises:
            OSError: if it cannot be moved; then it is where it was.
        """
        folder, _, name = moved.path.rpartition("/")
        with tree.folder(folder) as above:
            _move_out(above, name, self.folder / str(moved.number))
            os.fsync(above)
        sync_folder(self.folder)

    def keep_copy(self, tree: Tree, moved: Moved) -> None:
        """Link or copy a file here that is about to be replaced.

        Raises:
            OSError: if it cannot be copied.
        """
        target = self.folder / str(moved.number)
        folder, _, name = moved.path.rpartition("/")
        with tree.folder(folder) as above:
            found = os.stat(name, dir_fd=above, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                _move_out(above, name, target)
                return
            try:
                os.link(name, target, src_dir_fd=above, follow_symlinks=False)
            except OSError:
                _copy(above, name, target)
        sync_folder(self.folder)

    def put_back(self, tree: Tree, moved: Moved) -> str:
        """Move something back; return why that cannot be, "" if it is done.

        Raises:
            OSError: if the file systems refuse.
        """
        here = self.folder / str(moved.number)
        if not os.path.lexists(here):
            return "it is not on the shelf; it was never moved"
        folder, _, name = moved.path.rpartition("/")
        with tree.folder(folder) as above:
            if _exists(above, name) and not _is_ours(tree, moved):
                return "something else stands there now"
            _move_in(here, above, name)
            os.fsync(above)
        return ""


def remove(tree: Tree, path: str) -> None:
    """Remove something for good.

    Raises:
        OSError: if it cannot be removed.
    """
    folder, _, name = path.rpartition("/")
    with tree.folder(folder) as above:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            _remove_folder(above, name)
        else:
            os.unlink(name, dir_fd=above)
        os.fsync(above)


def _move_out(above: int, name: str, target: Path) -> None:
    found = os.stat(name, dir_fd=above, follow_symlinks=False)
    is_folder = stat.S_ISDIR(found.st_mode)
    if is_folder:  # go makes folders that not even their owner may change
        os.chmod(name, found.st_mode | stat.S_IWUSR, dir_fd=above)
    try:
        os.rename(name, target, src_dir_fd=above)
    except OSError as exc:
        if not _is_elsewhere(above, target):
            raise
        del exc
        _copy(above, name, target)
        if is_folder:
            _remove_folder(above, name)
        else:
            os.unlink(name, dir_fd=above)


def _is_elsewhere(above: int, target: Path) -> bool:
    return os.fstat(above).st_dev != target.parent.stat().st_dev


def _copy(above: int, name: str, target: Path) -> None:
    """Copy a file, link or folder to another file system."""
    source = Path(f"/proc/self/fd/{above}") / name
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.is_file():
        shutil.copy2(source, target, follow_symlinks=False)
        _sync_file(target)
    else:
        os.mkfifo(target)  # what matters of a pipe or a device is that it was there


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_folder(above: int, name: str) -> None:
    """Remove a folder and all below it, read-only ones too; follow nothing.

    However deep it is: what is in a folder below comes up, then that one goes.
    """
    top = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        while folders := _remove_files(top):
            for folder in folders:
                below = os.open(folder, FOLDER_FLAGS, dir_fd=top)
                try:
                    for each in _remove_files(below):
                        fresh = secrets.token_hex(8)
                        os.rename(each, fresh, src_dir_fd=below, dst_dir_fd=top)
                finally:
                    os.close(below)
                os.rmdir(folder, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=above)


def _unlock(above: int, name: str) -> None:
    """Let a folder's owner change it, else it cannot even be moved."""
    handle = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        with suppress(PermissionError):
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _remove_files(folder: int) -> list[str]:
    """Remove what is no folder from an open one; return the folders in it."""
    with suppress(PermissionError):
        os.fchmod(folder, 0o700)
    with os.scandir(folder) as found:
        below = [(each.name, each.is_dir(follow_symlinks=False)) for each in found]
    for name, is_folder in below:
        if is_folder:
            _unlock(folder, name)
        else:
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in below if is_folder]


def _move_in(here: Path, above: int, name: str) -> None:
    if _exists(above, name):
        os.unlink(name, dir_fd=above)
    try:
        os.rename(here, name, dst_dir_fd=above)
    except OSError:
        if here.is_dir() and not here.is_symlink():
            shutil.copytree(here, Path(f"/proc/self/fd/{above}") / name, symlinks=True)
            shutil.rmtree(here)
        else:
            shutil.copy2(here, Path(f"/proc/self/fd/{above}") / name)
            here.unlink()


def _exists(above: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_ours(tree: Tree, moved: Moved) -> bool:
    """Return whether what stands in a thing's place is what was written there."""
    if moved.wrote is None:
        return False
    digest = hashlib.sha256()
    try:
        with tree.open(moved.path) as (read_at, size_bytes):
            for offset in range(0, size_bytes, 1 << 20):
                digest.update(read_at(offset, 1 << 20))
    except GosyncError:  # then it is somebody else's
        return False
    return digest.hexdigest() == moved.wrote


def shelves(state: Path) -> Sequence[str]:
    """Return the ids of all shelves."""
    with disk_errors(state):
        try:
            return sorted(each.name for each in (state / SHELF).iterdir())
        except FileNotFoundError:
            return []


def write(tree: Tree, path: str, pieces: Iterable[bytes]) -> None:
    """Put bytes under a path of the target, whole or not at all.

    The folders on the way are made if need be. Mode and owner are those that the
    target's own files have.

    Raises:
        OSError: if they cannot be written.
    """
    folder, _, name = path.rpartition("/")
    _make_folders(tree, folder)
    root = tree.root.stat()
    temporary = f".gosync-verify.{secrets.token_hex(8)}.tmp"
    with tree.folder("") as top, tree.folder(folder) as above:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(temporary, flags, 0o644, dir_fd=top)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                own(handle, root)
                os.fsync(handle)
            os.rename(temporary, name, src_dir_fd=top, dst_dir_fd=above)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=top)
            raise
        os.fsync(above)


def own(handle: int, root: os.stat_result) -> None:
    """Give an open file the mode and the owner that a target's files have."""
    os.fchmod(handle, 0o644)
    with suppress(PermissionError):
        os.fchown(handle, root.st_uid, root.st_gid)


def _make_folders(tree: Tree, folder: str) -> None:
    done = ""
    for name in folder.split("/") if folder else ():
        with tree.folder(done) as above, suppress(FileExistsError):
            os.mkdir(name, dir_fd=above)
            os.fsync(above)
        done = f"{done}/{name}" if done else name
