"""Root of a cache, by one of its folders: which kind, and where it begins.

A module's ``@v`` folder, or a version's folder of Athens, lies at its module's path
below the root. Where the path begins cannot be told from names alone, since any name
with a dot may be its first element; a zip says it, whose entries begin with
``path@version/``, and mostly a go.mod.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.folder.layouts import FILES, TargetKind
from gosync.folder.routes import LIST_NAME, VERSIONS_FOLDER
from gosync.gomod import module
from gosync.pattern import compile_on_use

_LOCAL_HEADER: Final = 30  # bytes before the name of a zip's entry
_MAX_NAME: Final = 1024
_MODULE: Final = compile_on_use(rb'^\s*module\s+"?([^\s"]+)"?', re.MULTILINE)
_HEAD_BYTES: Final = 4096


class CacheRoot(msgspec.Struct, frozen=True):
    """The root of a cache, as a folder in it tells.

    Attributes:
        root: The root's path, relative to where somebody looked.
        kind: Athens, or a kind that has ``@v`` folders.
        escaped: Whether the module's path is escaped there; None if it is the same.
        is_proven: Whether a file's content says so, and not names alone.
    """

    root: str
    kind: TargetKind
    escaped: bool | None
    is_proven: bool = False


def read_cache_root(
    base: Path, folder: str, files: Collection[str]
) -> CacheRoot | None:
    """Return what a folder says, None if it is none of a cache.

    Args:
        base: Where somebody looks.
        folder: The folder's path below it.
        files: The names of the files in it.
    """
    above, _, name = folder.rpartition("/")
    if name == VERSIONS_FOLDER and any(map(_is_of_version, files)):
        return _cache_root(base / folder, above, files, TargetKind.GOPROXY)
    if module.canonical_version(name) != name or not name:
        return None
    if "source.zip" in files or f"{name}.info" in files:
        return _cache_root(base / folder, above, files, TargetKind.ATHENS)
    return None


def _is_of_version(name: str) -> bool:
    stem, _, suffix = name.rpartition(".")
    is_file = suffix in FILES and module.canonical_version(stem) != ""
    return is_file or name == LIST_NAME


def _cache_root(
    folder: Path, above: str, files: Collection[str], kind: TargetKind
) -> CacheRoot | None:
    for named in _names(folder, files):
        for escaped, spell in _SPELLINGS.items():
            if (root := _root_of(above, named, spell)) is not None:
                is_both = _escaped(named) == named
                return CacheRoot(
                    root, kind, None if is_both else escaped, is_proven=True
                )
    parts = above.split("/")
    for at in range(len(parts)):
        path, root = "/".join(parts[at:]), "/".join(parts[:at])
        if _is_path(path, module.unescape_path):
            return CacheRoot(root, kind, True if "!" in path else None)
        if _is_path(path, module.check_path):
            return CacheRoot(root, kind, escaped=False)
    return None


def _root_of(above: str, named: str, spell: Callable[[str], str]) -> str | None:
    """Return what is before a module's path, None if it does not end so."""
    try:
        path = spell(named)
    except MalformedError:
        return None
    if above == path:
        return ""
    return above.removesuffix(f"/{path}") if above.endswith(f"/{path}") else None


def _escaped(path: str) -> str:
    return module.escape_path(path)


def _plain(path: str) -> str:
    module.check_path(path)
    return path


_SPELLINGS: Final = {True: _escaped, False: _plain}


def _is_path(path: str, check: Callable[[str], object]) -> bool:
    try:
        check(path)
    except MalformedError:
        return False
    return True


def _names(folder: Path, files: Collection[str]) -> Iterator[str]:
    """Yield the module paths that files of a folder say they are of."""
    for suffix, find in ((".zip", _in_zip), ("mod", _in_go_mod)):
        names = sorted(each for each in files if each.endswith(suffix))
        for name in names[:1]:
            found = find(_head(folder / name))
            try:
                yield found.decode("ascii")
            except UnicodeDecodeError:
                continue


def _in_zip(data: bytes) -> bytes:
    """Return what the first entry's name has before its version."""
    length = int.from_bytes(data[26:28], "little")
    if data[:4] != b"PK\x03\x04" or length > _MAX_NAME:
        return b""
    name = data[_LOCAL_HEADER : _LOCAL_HEADER + length]
    return name.partition(b"@")[0]


def _in_go_mod(data: bytes) -> bytes:
    found = _MODULE.search(data)
    return found[1] if found else b""


def _head(file: Path) -> bytes:
    """Return the beginning of a plain file, b"" where there is none to be read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(file, flags)
    except OSError:
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        return os.read(handle, _HEAD_BYTES) if is_file else b""
    except OSError:
        return b""
    finally:
        os.close(handle)
