"""Sources of an import opened: folders by what they are, archives unpacked for a while.

A zip may be one of anything that can be taken in. It is unpacked below ``TMPDIR``; what
it says of its size is held against the room there before, and no entry may unpack to
more than it says.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from gosync.errors import UsageError
from gosync.folder.detection import detect, require_kind
from gosync.folder.layouts import TargetKind
from gosync.takein.cache import ModuleCache
from gosync.takein.foreignstore import ForeignStore
from gosync.takein.source import VersionSource

KINDS: Final = (
    TargetKind.TREE,
    TargetKind.GOPROXY,
    TargetKind.MODCACHE,
    TargetKind.ATHENS,
    TargetKind.ATHENS_S3,
    TargetKind.STORE,
)
_SOURCES: Final = "name a GOMODCACHE, an Athens store, a tree, a store, or a zip of one"
_ENTRIES: Final = 10_000_000  # a cache of a million versions has fewer


@contextmanager
def open_source(
    path: Path, kind: TargetKind | None, *, own_store: Path
) -> Iterator[VersionSource]:
    """Open a folder of modules, or a zip of one.

    Args:
        path: The folder, one that has a cache in it, or the zip.
        kind: Which kind it is; None to find out.
        own_store: The store that versions are taken into.

    Raises:
        UsageError: It is neither, or nothing says what it is.
    """
    with ExitStack() as stack:
        if path.is_dir():
            yield _open_folder(path, kind, own_store, stack)
            return
        folder = _scratch(stack) / "unpacked"
        _unpack(path, folder)
        yield _open_folder(folder, kind, own_store, stack)


def _scratch(stack: ExitStack) -> Path:
    """Return a folder that goes with the source."""
    made = tempfile.TemporaryDirectory(prefix="gosync-import-")
    return Path(stack.enter_context(made))


def _open_folder(
    folder: Path, kind: TargetKind | None, own_store: Path, stack: ExitStack
) -> VersionSource:
    found = detect(folder) if kind is None else require_kind(folder, kind)
    if found.kind not in KINDS:
        raise UsageError(
            f"{folder}: {found.kind} cannot be imported",
            hint=f"one of {', '.join(KINDS)} can",
        )
    if found.kind is not TargetKind.STORE:
        return ModuleCache(found.root, found.kind)
    if found.root.resolve() == own_store.resolve():
        raise UsageError(
            f"{folder}: this is the store that versions are taken into",
            hint="name another one",
        )
    return ForeignStore(found.root, _scratch(stack))


def _unpack(source: Path, folder: Path) -> None:
    if not source.exists():
        raise UsageError(f"{source}: there is nothing", hint=_SOURCES)
    try:
        with zipfile.ZipFile(source) as archive:
            _check_size(source, archive, folder.parent)
            archive.extractall(folder)  # it keeps every name below the folder
    except (OSError, zipfile.BadZipFile) as exc:
        raise UsageError(
            f"{source}: neither a folder nor a zip of one: {exc}",
            hint=_SOURCES,
        ) from exc


def _check_size(source: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    entries = archive.infolist()
    if len(entries) > _ENTRIES:
        raise UsageError(f"{source}: it has {len(entries)} files, more than {_ENTRIES}")
    size_bytes = sum(each.file_size for each in entries)
    free_bytes = shutil.disk_usage(folder).free
    if size_bytes > free_bytes:
        raise UsageError(
            f"{source}: it unpacks to {size_bytes} bytes, {folder} has {free_bytes}",
            hint="set TMPDIR to a folder with more room, or unpack it and name that",
        )
