"""Detection of a folder's kind, by marks that only one kind of cache has.

===========  ================================================================
store        ``catalog.sqlite`` and ``blobs/sha256``
modcache     ``cache/download`` with what go keeps in it; a GOPATH is not one, but
             ``pkg/mod`` in it is
tree         gosync's marker, or ``sumdb/NAME/supported``
goproxy      ``M/@v/V.info``, ``.mod`` or ``.zip``, with M a module path, escaped
athens-s3    the same, with M as it is
athens       ``m/v/source.zip`` or ``m/v/v.info``
===========  ================================================================

Where the root itself has none, what lies below is looked for, nearest first. One cache
that is found so is looked at, but only where it is named itself anything is done:
the folder that was named holds other things.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import UsageError
from gosync.folder.layouts import DOWNLOADS, TargetKind
from gosync.folder.roots import CacheRoot, read_cache_root
from gosync.folder.routes import MARKER, SUMDB_FOLDER, VERSIONS_FOLDER
from gosync.hint import Hint, advise, command
from gosync.store.layout import BLOBS, CATALOG

_MAX_LOOKED_AT: Final = 200_000  # entries; a home may have millions
_ENOUGH: Final = 20_000  # entries, once something was found
_MAX_DEPTH: Final = 64
_IN_GOPATH: Final = "pkg/mod"
_IN_HOME: Final = "go/pkg/mod"  # found at once, however much else a home has
_LOCK: Final = "cache/lock"
_WORDS: Final = {
    TargetKind.STORE: "a store of gosync",
    TargetKind.TREE: "a static tree",
    TargetKind.GOPROXY: "a proxy's cache",
    TargetKind.MODCACHE: "a module cache",
    TargetKind.ATHENS: "an Athens store",
    TargetKind.ATHENS_S3: "a folder like Athens' object stores",
}


class Detection(msgspec.Struct, frozen=True):
    """The kind of a folder, and where its cache begins.

    Attributes:
        kind: Which kind of cache.
        root: Where that is: the folder itself, or one in it.
        doubt: Why nothing may be done before it is named itself, "" if it may.
    """

    kind: TargetKind
    root: Path
    doubt: str = ""

    @property
    def advice(self) -> Hint:
        """What is where, and what to run for it."""
        words = _WORDS.get(self.kind, self.kind.value)
        verify = command("verify", self.root)
        return advise("there is {} at {}: run {}", words, str(self.root), verify)


def detect(folder: Path) -> Detection:
    """Return what a folder is, or which cache is in it.

    Raises:
        UsageError: if nothing says so, or several things do.
    """
    if (kind := _kind_at(folder)) is not None:
        return Detection(kind, folder)
    if (gopath := _in_gopath(folder)) is not None:
        return gopath
    seen = sorted(_caches_in(folder))
    here = [kind for root, kind in seen if not root]
    if len(here) == 1:
        return Detection(here[0], folder)
    if here:
        raise UsageError(
            f"{folder}: it may be {' or '.join(_WORDS[kind] for kind in here)}",
            hint=f"say which: --kind {' or --kind '.join(here)}",
        )
    return _only(folder, [Detection(kind, folder / root) for root, kind in seen])


def require_kind(folder: Path, kind: TargetKind) -> Detection:
    """Return a folder of a kind that somebody named.

    Raises:
        UsageError: if it certainly is none of that kind.
    """
    if kind is not TargetKind.MODCACHE or (folder / DOWNLOADS).is_dir():
        return Detection(kind, folder)
    if (gopath := _in_gopath(folder)) is not None:
        return gopath
    raise UsageError(
        f"{folder}: no module cache, which has {DOWNLOADS.rstrip('/')} in it",
        hint=advice_in(folder) or "name GOMODCACHE: go env GOMODCACHE",
    )


def advice_in(folder: Path) -> Hint | str:
    """Return what to name in place of a folder, "" where nothing is known."""
    try:
        return detect(folder).advice
    except UsageError as exc:
        return str(exc.hint or "")


def _only(folder: Path, found: Sequence[Detection]) -> Detection:
    """Return the one cache that is in a folder.

    Raises:
        UsageError: if there is none, or several are.
    """
    if not found:
        raise UsageError(
            f"{folder}: nothing in it says what kind of cache it is",
            hint=f"name it with --kind: {', '.join(TargetKind)}",
        )
    if len(found) > 1:
        raise UsageError(
            f"{folder}: no cache itself, but several are in it",
            hint=advise("; ".join(["{}"] * len(found)), *(e.advice for e in found)),
        )
    (one,) = found
    doubt = f"{folder}: no cache itself; nothing is done to what is merely in it"
    return Detection(one.kind, one.root, doubt)


def is_marked(folder: Path) -> bool:
    """Return whether a folder has marks that nothing else has, whatever is in it."""
    return _kind_at(folder) is not None


def _kind_at(root: Path) -> TargetKind | None:
    """Return what a folder is by marks of its own, None where it has none."""
    if (root / CATALOG).is_file() and (root / BLOBS).is_dir():
        return TargetKind.STORE
    if _has_downloads(root):
        return TargetKind.MODCACHE
    if (root / MARKER).is_file() or any(root.glob(f"{SUMDB_FOLDER}/*/supported")):
        return TargetKind.TREE
    return None


def _in_gopath(folder: Path) -> Detection | None:
    """Return the module cache of a GOPATH; one behind a link is elsewhere."""
    root = folder / _IN_GOPATH
    if not _has_downloads(root):
        return None
    if not _is_link(folder, _IN_GOPATH):
        return Detection(TargetKind.MODCACHE, root)
    doubt = f"{folder}: its {_IN_GOPATH} is a link to elsewhere"
    return Detection(TargetKind.MODCACHE, root.resolve(), doubt)


def _is_link(folder: Path, path: str) -> bool:
    """Return whether a path leads elsewhere than below the folder."""
    return (folder / path).resolve() != folder.resolve() / path


def _has_downloads(root: Path) -> bool:
    """Return whether there is a ``cache/download``, and it is go's."""
    downloads = root / DOWNLOADS
    if not downloads.is_dir():
        return False
    if (root / _LOCK).is_file() or any(downloads.glob(f"{SUMDB_FOLDER}/*/lookup")):
        return True
    roots = (read_cache_root(downloads, *each) for each in _folders(downloads))
    return any(each is not None and each.kind is TargetKind.GOPROXY for each in roots)


def _caches_in(folder: Path) -> set[tuple[str, TargetKind]]:
    """Return the caches in a folder: where each is, and of which kind."""
    marked: set[tuple[str, TargetKind]] = set()
    if _has_downloads(folder / _IN_HOME) and not _is_link(folder, _IN_HOME):
        marked.add((_IN_HOME, TargetKind.MODCACHE))
    roots: list[CacheRoot] = []
    for path, files in _folders(folder, stop=lambda: bool(marked or roots)):
        if any(path == root or path.startswith(f"{root}/") for root, _ in marked):
            continue
        if path and (kind := _kind_at(folder / path)) is not None:
            marked.add((path, kind))
        elif (at := read_cache_root(folder, path, files)) is not None:
            roots.append(at)
    return marked | set(_by_roots(roots))


def _by_roots(roots: Sequence[CacheRoot]) -> Iterator[tuple[str, TargetKind]]:
    """Yield the caches that folders of modules or versions tell of."""
    proven = {each.root for each in roots if each.is_proven}
    for root in sorted({each.root for each in roots}):
        if root not in proven and any(_is_in(each, root) for each in proven):
            continue  # names alone said so
        here = [each for each in roots if each.root == root]
        yield from ((root, kind) for kind in _kinds(here))


def _kinds(roots: Sequence[CacheRoot]) -> Iterator[TargetKind]:
    if any(each.kind is TargetKind.ATHENS for each in roots):
        yield TargetKind.ATHENS
    spelled = {each.escaped for each in roots if each.kind is TargetKind.GOPROXY}
    if True in spelled or spelled == {None}:
        yield TargetKind.GOPROXY
    if False in spelled:
        yield TargetKind.ATHENS_S3


def _is_in(path: str, root: str) -> bool:
    return not root or path.startswith(f"{root}/")


def _folders(
    base: Path, *, stop: Callable[[], bool] = lambda: False
) -> Iterator[tuple[str, set[str]]]:
    """Yield folders, the nearest first, with the names of the files in each.

    Links are not followed, and what cannot be read is passed over.
    """
    pending, looked_at = deque([("", 0)]), 0
    while pending and looked_at < (_ENOUGH if stop() else _MAX_LOOKED_AT):
        path, depth = pending.popleft()
        folders, files = _names_in(base / path)
        looked_at += len(folders) + len(files)
        yield path, files
        if depth < _MAX_DEPTH and path.rpartition("/")[2] != VERSIONS_FOLDER:
            below = (f"{path}/{name}" if path else name for name in sorted(folders))
            pending.extend((each, depth + 1) for each in below)


def _names_in(folder: Path) -> tuple[set[str], set[str]]:
    folders: set[str] = set()
    files: set[str] = set()
    try:
        with os.scandir(folder) as found:
            for each in found:
                is_folder = each.is_dir(follow_symlinks=False)
                (folders if is_folder else files).add(each.name)
    except OSError:
        return set(), set()
    return folders, files
