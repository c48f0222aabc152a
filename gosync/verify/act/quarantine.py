"""Quarantine of a target: what was moved aside, with its evidence.

    quarantine/<id>/moved.json     the target, and what is to be moved and why
    quarantine/<id>/<number>       the thing itself, whatever it was: 1, 2, 3 ...

moved.json is written and synced before anything is moved, so that a run that is
killed leaves nothing of which nobody knows where it came from. It is an object with
"target", "kind", "action", "at", and "entries", a list of::

    {"number": 1, "path": ..., "wrote": sha256 of what stands there now or null,
     "there": whether anything stood there, "finding": {...}}

with "access", what got another mode or owner::

    {"path": ..., "was": {"mode": ..., "uid": ..., "gid": ...}, "now": {...}}

with "times", in nanoseconds, of the folders in which something changes, and, for
gosync's own store, "rows" of its catalog that changed with them::

    {"was": the row as a line of the journal, "now": the blobs that it names since,
     "lacked": the blobs that were missing even then}

Folders on the way are entered from the one above; no link is followed, and a link
that goes aside goes as a link. ``restore`` is the way back.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.clock import format_time
from gosync.errors import GosyncError, UsageError
from gosync.folder.moving import copy_whole, move
from gosync.folder.placing import FILE_MODE, remove, stat_of, write
from gosync.folder.tree import FOLDER_FLAGS, FileTree
from gosync.store.durable import make_folder, replace_file
from gosync.verify.act.access import Changed
from gosync.verify.statefolder import make_own_folder
from gosync.verify.verdicts import CacheFinding, CacheFindingReport

QUARANTINE: Final = "quarantine"
_BEFORE: Final = "shelf"  # its name before the first release
_MANIFEST: Final = "moved.json"


class Moved(msgspec.Struct, frozen=True):
    """One thing in quarantine.

    Attributes:
        number: Its name there.
        path: Where it was, relative to the target.
        finding: Why it was moved.
        wrote: The SHA-256 of what was written in its place, None for nothing.
        there: Whether anything stood there.
    """

    number: int
    path: str
    finding: dict[str, object]  # for people: whatever an older gosync wrote is taken
    wrote: str | None = None
    there: bool = True

    @classmethod
    def of(
        cls, number: int, path: str, finding: CacheFinding, wrote: str | None = None
    ) -> Moved:
        """Return what is to be moved because of a finding."""
        told = msgspec.to_builtins(CacheFindingReport.of(finding))
        return Moved(number, path, told, wrote)


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


class MovedManifest(msgspec.Struct, frozen=True):
    """The manifest of one action: everything that it moves.

    Attributes:
        target: The target's folder.
        kind: What it is.
        action: What was done.
        at: When.
        entries: What was moved.
        rows: Which rows of the catalog went with it.
        access: What got another mode or owner.
        times: When the folders had changed before, by path.
    """

    target: str
    kind: str
    action: str
    at: str
    entries: list[Moved]
    rows: list[ChangedRow] = []
    access: list[Changed] = []
    times: dict[str, int] = {}


class TargetQuarantine:
    """What one action moved aside.

    Attributes:
        id: Its name.
        folder: Where it is.
    """

    def __init__(self, state: Path, name: str) -> None:
        """Take the state folder and a quarantine's name.

        Raises:
            UsageError: if that is no name, but a path.
        """
        if "/" in name or name in {"", ".", ".."}:
            raise UsageError(f"{name}: no id of a quarantine")
        self.id = name
        self.folder = state / QUARANTINE / name
        if not self.folder.exists() and (state / _BEFORE / name).exists():
            self.folder = state / _BEFORE / name

    @classmethod
    def build(  # noqa: PLR0913 - each is one line of the manifest
        cls,
        state: Path,
        tree: FileTree,
        entries: Iterable[Moved],
        *,
        kind: str,
        action: str,
        now: datetime,
        rows: Sequence[ChangedRow] = (),
        access: Sequence[Changed] = (),
        is_there: Callable[[str], bool] | None = None,
    ) -> TargetQuarantine:
        """Make a quarantine that says what will be in it.

        Args:
            state: Where quarantines are.
            tree: What things are moved from.
            entries: These things.
            kind: What the target is.
            action: What is done.
            now: What time it is.
            rows: Which rows of the catalog change with them.
            access: What gets another mode or owner.
            is_there: Whether anything is at a path, where not the folder alone says.

        Raises:
            StoreError: if it cannot be written.
        """
        is_there = is_there or (lambda path: stat_of(tree, path) is not None)
        moved = [replace(each, there=is_there(each.path)) for each in entries]
        manifest = MovedManifest(
            target=str(tree.root),
            kind=kind,
            action=action,
            at=format_time(now),
            entries=moved,
            rows=list(rows),
            access=list(access),
            times=dict(_times(tree, moved)),
        )
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        quarantine = cls(state, name)
        make_own_folder(state, QUARANTINE)
        make_folder(quarantine.folder)
        # In ASCII: a name's bytes that are no UTF-8 come back as they were.
        text = json.dumps(msgspec.to_builtins(manifest), indent=2)
        data = text.encode("ascii")
        replace_file(quarantine.folder / _MANIFEST, data, staging=quarantine.folder)
        return quarantine

    def read(self) -> MovedManifest:
        """Return what was to be moved.

        Raises:
            UsageError: if there is no such quarantine.
        """
        try:
            data = json.loads((self.folder / _MANIFEST).read_bytes())
            return msgspec.convert(data, MovedManifest)
        except (OSError, ValueError, msgspec.ValidationError) as exc:
            raise UsageError(
                f"{self.id}: nothing was moved aside under this id in {self.folder}",
                hint="name the same TARGET, and --state if one was named then",
            ) from exc

    def take(self, tree: FileTree, moved: Moved) -> None:
        """Move something here.

        Raises:
            OSError: if it cannot be moved; then it is where it was.
        """
        folder, _, name = moved.path.rpartition("/")
        with tree.folder(folder) as above, self.opened() as here:
            move(above, name, here, str(moved.number))

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Open the quarantine's folder.

        Raises:
            OSError: if that cannot be done.
        """
        handle = os.open(self.folder, FOLDER_FLAGS)
        try:
            yield handle
        finally:
            os.close(handle)

    def keep_copy(self, tree: FileTree, moved: Moved) -> None:
        """Link or copy a file here that is about to be replaced; move a folder.

        Raises:
            OSError: if it cannot be kept.
        """
        folder, _, name = moved.path.rpartition("/")
        with tree.folder(folder) as above, self.opened() as here:
            found = os.stat(name, dir_fd=above, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                move(above, name, here, str(moved.number))
            else:
                _link(above, name, here, str(moved.number))

    def replace(
        self,
        tree: FileTree,
        moved: Moved,
        pieces: Iterable[bytes],
        *,
        keep: bool,
        mode: int = FILE_MODE,
        owner: os.stat_result | None = None,
    ) -> None:
        """Put bytes in the place of whatever stands there.

        Args:
            tree: The target.
            moved: The place.
            pieces: The bytes.
            keep: Whether what stands there is kept here.
            mode: The new file's mode.
            owner: Whose it is; see ``placing.write``.

        Raises:
            OSError: if that cannot be done.
        """
        there = stat_of(tree, moved.path)
        if there is not None and keep:
            self.keep_copy(tree, moved)
        elif there is not None and stat.S_ISDIR(there.st_mode):
            remove(tree, moved.path)
        write(tree, moved.path, pieces, mode=mode, owner=owner)


def _link(above: int, name: str, here: int, as_name: str) -> None:
    """Give a file a second name here, or copy it."""
    try:
        os.link(name, as_name, src_dir_fd=above, dst_dir_fd=here, follow_symlinks=False)
    except OSError:
        copy_whole(above, name, here, as_name)
    os.fsync(here)


def _times(tree: FileTree, entries: Iterable[Moved]) -> Iterator[tuple[str, int]]:
    """Yield when the folders changed that entries are in, or are made in."""
    for path in {"", *(each.path.rpartition("/")[0] for each in entries)}:
        with suppress(OSError, GosyncError), tree.folder(path) as folder:
            yield path, os.fstat(folder).st_mtime_ns
