"""Files of a source that are in a module's zip. Pure.

As golang.org/x/mod/zip has it (``Create``, ``CreateFromDir``): left out are packages
in ``vendor`` folders, folders with a go.mod of their own, ``.hg_archival.txt`` at the
root, and what is no regular file. ``vendor/modules.txt`` is left out from go 1.24 on,
by the go line of the module's go.mod; before that, and for folders called ``vendor``
that are not at the root, an error of Go's is kept, since sums depend on it. All other
files are in it, and break the release if their names or sizes break a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from gosync.errors import MalformedError, TooLargeError
from gosync.git.files import SourceFile
from gosync.gomod import gover
from gosync.gomod.pathcheck import check_file_path
from gosync.gomod.zipcheck import MAX_GO_MOD_BYTES, MAX_LICENSE_BYTES, MAX_ZIP_BYTES

GO_MOD: Final = "go.mod"
LICENCE: Final = "LICENSE"
_VENDOR: Final = "vendor/"
_HG: Final = ".hg_archival.txt"
_CHANGED_IN: Final = "1.24"


def choose_files(files: Sequence[SourceFile], *, go: str) -> list[SourceFile]:
    """Return the files of the zip, ascending by name.

    Args:
        files: Every file at or below the module's folder.
        go: The version of the go line of its go.mod, "" for none.

    Raises:
        MalformedError: The name of one that would be in it breaks a rule.
        TooLargeError: Its go.mod, its LICENSE, or all together are too large.
    """
    nested = _nested(files)
    chosen = [
        each
        for each in files
        if not is_vendored(each.name, go=go)
        and not _is_below(each.name, nested)
        and each.name != _HG
    ]
    for each in chosen:
        _check_name(each.name)
    chosen = [each for each in chosen if each.is_regular]
    _check_sizes(chosen)
    return sorted(chosen, key=lambda each: each.name)


def is_vendored(name: str, *, go: str) -> bool:
    """Return whether a file belongs to a package that is vendored, as Go sees it."""
    is_new = bool(go) and gover.compare(go, _CHANGED_IN) >= 0
    if is_new and name == f"{_VENDOR}modules.txt":
        return True
    if name.startswith(_VENDOR):
        start = len(_VENDOR)
    elif (at := name.find(f"/{_VENDOR}")) >= 0:
        # Before 1.24 Go forgot to add where it had found the folder.
        start = len(_VENDOR) + 1 + (at if is_new else 0)
    else:
        return False
    return "/" in name[start:]


def _nested(files: Iterable[SourceFile]) -> set[str]:
    """Return the folders that are modules of their own."""
    found = (each.name.rpartition("/") for each in files if each.is_regular)
    return {folder for folder, _, base in found if folder and base.lower() == GO_MOD}


def _is_below(name: str, folders: set[str]) -> bool:
    while folders and (name := name.rpartition("/")[0]):
        if name in folders:
            return True
    return False


def _check_name(name: str) -> None:
    check_file_path(name)
    if name.lower() == GO_MOD and name != GO_MOD:
        raise MalformedError("file name", name, "go.mod must be in lower case")


def _check_sizes(files: Iterable[SourceFile]) -> None:
    left = MAX_ZIP_BYTES
    limits = {GO_MOD: MAX_GO_MOD_BYTES, LICENCE: MAX_LICENSE_BYTES}
    for each in files:
        left -= each.size_bytes
        limit = limits.get(each.name, MAX_ZIP_BYTES)
        if each.size_bytes > limit:
            raise TooLargeError(each.name, limit_bytes=limit)
    if left < 0:
        raise TooLargeError("the files of the module", limit_bytes=MAX_ZIP_BYTES)
