"""Which module, import and file paths are allowed.

A path is valid UTF-8, elements joined by single slashes, none of them empty.
Bytes that are not UTF-8 arrive as lone surrogates (``surrogateescape``).

=========  ========================  ========================================
kind       characters                besides
=========  ========================  ========================================
module     A-Z a-z 0-9 - . _ ~       no leading dot in an element; the first
                                     is a lower-case host name with a dot; the
                                     last obeys :mod:`gosync.gomod.pathmajor`
import     as module, and +          module and import paths: no leading "-",
                                     no element ``NAME~digits`` before its
                                     first dot (a Windows short name)
file       as import, and            any Unicode letter of Go's
           ! # $ % & ( ) , = @
           [ ] ^ { } and space
=========  ========================  ========================================

A module path is no longer than ``go`` can store (:mod:`gosync.gomod.lengths`).
No element ends in a dot, and none is, up to its first dot and in any case, a
device name of Windows (``con``, ``NUL.txt``, ``com1``).
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from gosync.errors import MalformedError
from gosync.gomod.lengths import path_length_problem
from gosync.gomod.pathmajor import split_path_version
from gosync.gomod.unicode import is_letter
from gosync.pattern import compile_on_use


class PathKind(Enum):
    """What a path names; the value is the word in error messages."""

    MODULE = "module path"
    IMPORT = "import path"
    FILE = "file path"


_FOREIGN = {
    PathKind.MODULE: compile_on_use(r"[^A-Za-z0-9\-._~]"),
    PathKind.IMPORT: compile_on_use(r"[^A-Za-z0-9\-._~+]"),
    PathKind.FILE: compile_on_use(r"[^A-Za-z0-9\-._~+!#$%&(),=@\[\]^{} ]"),
}
_FOREIGN_IN_HOST = compile_on_use(r"[^a-z0-9\-.]")
_KNOWN_LENGTH = 120
_SURROGATE = compile_on_use("[\ud800-\udfff]")
_WINDOWS_DEVICE = compile_on_use(
    r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])", re.IGNORECASE | re.ASCII
)
_WINDOWS_SHORT_NAME = compile_on_use(r".*~[0-9]+", re.DOTALL)


def check_path(path: str) -> None:
    """Check a module path.

    Raises:
        MalformedError: It breaks a rule of module paths.
    """
    reason = (
        path_length_problem(path)
        or _path_problem(path, PathKind.MODULE)
        or _module_problem(path)
    )
    if reason:
        raise MalformedError(PathKind.MODULE.value, path, reason)


def check_import_path(path: str) -> None:
    """Check the import path of a package.

    Raises:
        MalformedError: It breaks a rule of import paths.
    """
    reason = _path_problem(path, PathKind.IMPORT)
    if reason:
        raise MalformedError(PathKind.IMPORT.value, path, reason)


def check_file_path(path: str) -> None:
    """Check the path of a file within a module.

    Raises:
        MalformedError: It breaks a rule of file paths.
    """
    known = len(path) <= _KNOWN_LENGTH
    reason = _file_problem(path) if known else _path_problem(path, PathKind.FILE)
    if reason:
        raise MalformedError(PathKind.FILE.value, path, reason)


@lru_cache(maxsize=32_768)
def _file_problem(path: str) -> str | None:
    """Say which rule a file's path breaks, or None.

    The names in a module's zips repeat from version to version, hence the cache;
    only short ones, so that it takes no more than some 8 MB.
    """
    return _path_problem(path, PathKind.FILE)


@lru_cache(maxsize=4096)
def element_problem(element: str, kind: PathKind) -> str | None:
    """Say which rule one path element breaks, or None.

    The directories of a zip's entries repeat, hence the cache.
    """
    if not element.strip("."):
        return "an element is empty or only dots"
    if element[0] == "." and kind is PathKind.MODULE:
        return f"element {element!r} begins with a dot"
    if element[-1] == ".":
        return f"element {element!r} ends in a dot"
    foreign = _foreign_character(element, kind)
    if foreign:
        return f"character {foreign!r} is not allowed"
    return _windows_problem(element.partition(".")[0], kind)


def _path_problem(path: str, kind: PathKind) -> str | None:
    if not path:
        return "empty"
    if not path.isascii() and _SURROGATE.search(path):
        return "not UTF-8"
    if path[0] == "-" and kind is not PathKind.FILE:
        return "begins with a dash"
    for element in path.split("/"):
        problem = element_problem(element, kind)
        if problem:
            return problem
    return None


def _module_problem(path: str) -> str | None:
    host = path.partition("/")[0]
    if "." not in host:
        return "the first element has no dot"
    foreign = _FOREIGN_IN_HOST.search(host)
    if foreign:
        return f"character {foreign[0]!r} is not allowed in the first element"
    if not split_path_version(path)[2]:
        return "the version suffix is not allowed"
    return None


def _foreign_character(element: str, kind: PathKind) -> str | None:
    for match in _FOREIGN[kind].finditer(element):
        if kind is not PathKind.FILE or not is_letter(match[0]):
            return match[0]
    return None


def _windows_problem(stem: str, kind: PathKind) -> str | None:
    if _WINDOWS_DEVICE.fullmatch(stem):
        return f"{stem!r} is a device name on Windows"
    if kind is not PathKind.FILE and _WINDOWS_SHORT_NAME.fullmatch(stem):
        return f"{stem!r} looks like a short name of Windows"
    return None
