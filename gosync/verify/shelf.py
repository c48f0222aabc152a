"""What was moved aside, with its evidence, and the way back.

    shelf/<id>/moved.json     the target, and what is to be moved and why
    shelf/<id>/<number>       the thing itself, whatever it was: 1, 2, 3 ...

moved.json is written and synced before anything is moved, so that a run that is
killed leaves nothing of which nobody knows where it came from. It is an object with
"target", "kind", "action", "at", and "entries", a list of::

    {"number": 1, "path": ..., "wrote": sha256 of what stands there now or null,
     "finding": {...}}

and, for gosync's own store, "rows" of its catalog that changed with them::

    {"was": the row as a line of the journal, "now": the blobs that it names since,
     "lacked": the blobs that were missing even then}

Something is moved by a rename where the file systems are the same, else copied,
synced, and only then removed. Folders on the way are entered from the one above;
no link is followed, and a link that goes aside goes as a link.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from gosync.clock import format_time
from gosync.closure.tree import Tree
from gosync.errors import GosyncError, UsageError
from gosync.store.durable import make_folder, replace_file, sync_folder
from gosync.verify.placing import remove, remove_folder, write

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


class ChangedRow(msgspec.Struct, frozen=True):
    """A row of gosync's own catalog that an action changed.

    Attributes:
        was: The row before, as a line of the journal.
        now: The digests of its ``.info``, ``.mod`` and ``.zip`` after it.
        lacked: The digests of blobs that were not there before.
    """

    was: str
    now: list[str | None]
    lacked: list[str] = []


class Manifest(msgspec.Struct, frozen=True):
    """Everything that one action moved.

    Attributes:
        target: The target's folder.
        kind: What it is.
        action: What was done.
        at: When.
        entries: What was moved.
        rows: Which rows of the catalog went with it.
    """

    target: str
    kind: str
    action: str
    at: str
    entries: list[Moved]
    rows: list[ChangedRow] = []


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
    def build(
        cls,
        state: Path,
        tree: Tree,
        entries: Iterable[Moved],
        *,
        kind: str,
        action: str,
        now: datetime,
        rows: Sequence[ChangedRow] = (),
    ) -> Shelf:
        """Make a shelf that says what will be on it.

        Args:
            state: Where shelves are.
            tree: What things are moved from.
            entries: These things.
            kind: What the target is.
            action: What is done.
            now: What time it is.
            rows: Which rows of the catalog change with them.

        Raises:
            StoreError: if it cannot be written.
        """
        manifest = Manifest(
            target=str(tree.root),
            kind=kind,
            action=action,
            at=format_time(now),
            entries=list(entries),
            rows=list(rows),
        )
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        shelf = cls(state, name)
        make_folder(shelf.folder)
        # In ASCII: a name's bytes that are no UTF-8 come back as they were.
        text = json.dumps(msgspec.to_builtins(manifest), indent=2)
        data = text.encode("ascii")
        replace_file(shelf.folder / _MANIFEST, data, staging=shelf.folder)
        return shelf

    def read(self) -> Manifest:
        """Return what was to be moved.

        Raises:
            UsageError: if there is no such shelf.
        """
        try:
            data = json.loads((self.folder / _MANIFEST).read_bytes())
            return msgspec.convert(data, Manifest)
        except (OSError, ValueError, msgspec.ValidationError) as exc:
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

    def replace(
        self, tree: Tree, moved: Moved, pieces: Iterable[bytes], *, keep: bool
    ) -> None:
        """Put bytes in the place of whatever stands there.

        Args:
            tree: The target.
            moved: The place.
            pieces: The bytes.
            keep: Whether what stands there is kept here.

        Raises:
            OSError: if that cannot be done.
        """
        there = tree.root / moved.path
        if keep and os.path.lexists(there):
            self.keep_copy(tree, moved)
        elif there.is_dir() and not there.is_symlink():
            remove(tree, moved.path)
        write(tree, moved.path, pieces)

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
            remove_folder(above, name)
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


def put_all_back(tree: Tree, shelf: Shelf) -> list[tuple[str, str]]:
    """Put everything from a shelf back; return each path, and why it could not be.

    Raises:
        UsageError: if there is no such shelf, or it is another target's.
    """
    manifest = shelf.read()
    if manifest.target != str(tree.root):
        raise UsageError(
            f"{shelf.id}: moved from {manifest.target}, not from {tree.root}"
        )
    results = []
    for moved in reversed(manifest.entries):
        try:
            failed = shelf.put_back(tree, moved)
        except OSError as exc:
            failed = exc.strerror or str(exc)
        except GosyncError as exc:
            failed = str(exc)
        results.append((moved.path, failed))
    return results
