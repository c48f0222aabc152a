"""The rules that a module zip must obey, in the order Go checks them.

- The version is canonical and fits the path.
- The file has at most 500 MiB, and so have the contents together; ``go.mod``
  and ``LICENSE`` at the root have at most 16 MiB each.
- Each name begins with ``path@version/``, unescaped. What follows is a file
  path (:mod:`gosync.gomod.pathcheck`); with a slash at the end it is a folder.
- No element of a name has more than 255 bytes, and no name more than 4095: what
  ``go`` could not unpack on Linux.
- No two names are equal or differ in case only, their folders included, and
  none is both a file and a folder.
- ``go.mod`` is at the root only, and in lower case.

Not rules: modes (a symbolic link is a text file), times, ``vendor``, methods.
Names are shown as strings, in which bytes that are not UTF-8 are lone
surrogates (``surrogateescape``).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.errors import MalformedError, RejectedError, TooLargeError
from gosync.gomod.lengths import file_length_problem
from gosync.gomod.module import ModuleVersion, canonical_version, check, check_file_path
from gosync.gomod.unicode import fold
from gosync.gomod.zipdir import ZipEntry

MAX_ZIP_BYTES = 500 << 20
MAX_GO_MOD_BYTES = 16 << 20
MAX_LICENSE_BYTES = 16 << 20

_SHOWN_REASONS = 3
_GO_MOD = "go.mod"
_SMALL_BYTES = min(MAX_GO_MOD_BYTES, MAX_LICENSE_BYTES)


class CheckedZip(msgspec.Struct, frozen=True):
    """Which entries of a zip obey the rules.

    Attributes:
        valid: Full names of the files that do; folders are not listed.
        invalid: Full names of the entries that do not, each with the reason.
        size_error: Why the contents together are too large, or None.
    """

    valid: tuple[str, ...]
    invalid: tuple[tuple[str, str], ...]
    size_error: str | None

    @property
    def ok(self) -> bool:
        """Whether the zip obeys all rules."""
        return not self.invalid and self.size_error is None

    def require_ok(self, subject: str) -> None:
        """Raise what is wrong, if anything is.

        Raises:
            TooLargeError: The contents together are too large.
            RejectedError: Entries break a rule; the first ones are named.
        """
        if self.size_error is not None:
            raise TooLargeError(f"{subject}: contents", limit_bytes=MAX_ZIP_BYTES)
        if self.invalid:
            raise RejectedError(f"{subject}: {self._summary()}")

    def _summary(self) -> str:
        shown = [f"{name!r}: {why}" for name, why in self.invalid[:_SHOWN_REASONS]]
        more = len(self.invalid) - len(shown)
        return "; ".join([*shown, f"and {more} more"] if more else shown)


def check_zip_size(size_bytes: int, mv: ModuleVersion) -> None:
    """Check what does not need the directory: the module version and the size.

    Raises:
        MalformedError: The version is not canonical, or does not fit the path.
        TooLargeError: The file is too large.
    """
    if canonical_version(mv.version) != mv.version:
        raise MalformedError("version", mv.version, "not canonical")
    check(mv.path, mv.version)
    if size_bytes > MAX_ZIP_BYTES:
        raise TooLargeError(f"{mv}: zip", limit_bytes=MAX_ZIP_BYTES)


def inspect_entries(entries: Iterable[ZipEntry], mv: ModuleVersion) -> CheckedZip:
    """Sort the entries of a zip into valid and invalid ones."""
    inspection = _Inspection(f"{mv}/")
    for entry in entries:
        inspection.add(entry)
    return inspection.result()


class _RuleBrokenError(Exception):
    """An entry breaks a rule; the message says which."""


class _Inspection:
    """The rules applied to one entry after the other."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names = _Names()
        self._left_bytes = MAX_ZIP_BYTES
        self._valid: list[str] = []
        self._invalid: list[tuple[str, str]] = []
        self._size_error: str | None = None

    def result(self) -> CheckedZip:
        return CheckedZip(tuple(self._valid), tuple(self._invalid), self._size_error)

    def add(self, entry: ZipEntry) -> None:
        name = entry.name.decode("utf-8", "surrogateescape")
        try:
            if self._is_valid_file(name, entry):
                self._valid.append(name)
        except _RuleBrokenError as error:
            self._invalid.append((name, str(error)))
        except MalformedError as error:
            self._invalid.append((name, error.reason))

    def _is_valid_file(self, name: str, entry: ZipEntry) -> bool:
        if not name.startswith(self._prefix):
            raise _RuleBrokenError(f"does not begin with {self._prefix!r}")
        relative = name[len(self._prefix) :]
        if not relative:
            return False
        is_folder = relative[-1] == "/"
        path = relative[:-1] if is_folder else relative
        too_long = file_length_problem(path)
        if too_long:
            raise _RuleBrokenError(too_long)
        check_file_path(path)
        self._names.add(path, is_folder=is_folder)
        if is_folder:
            return False
        if relative[-len(_GO_MOD) :].lower() == _GO_MOD:
            _check_go_mod_place(relative)
        self._count(entry.size_bytes)
        if entry.size_bytes > _SMALL_BYTES:
            _check_file_size(relative, entry.size_bytes)
        return True

    def _count(self, size_bytes: int) -> None:
        if size_bytes <= self._left_bytes:
            self._left_bytes -= size_bytes
        else:
            self._size_error = f"contents larger than {MAX_ZIP_BYTES} bytes"


class _Names:
    """The names so far, and every folder they imply, with their case folded."""

    def __init__(self) -> None:
        self._spelled: dict[str, tuple[str, bool]] = {}
        self._folders: set[str] = set()  # those known to be fine, as spelled

    def add(self, name: str, *, is_folder: bool) -> None:
        """Add a name and its folders.

        Raises:
            _RuleBrokenError: It collides with an earlier one.
        """
        self._add_one(name, is_folder=is_folder)
        parent = name.rpartition("/")[0]
        if parent and parent not in self._folders:
            self.add(parent, is_folder=True)
            self._folders.add(parent)

    def _add_one(self, name: str, *, is_folder: bool) -> None:
        this = (name, is_folder)
        before = self._spelled.setdefault(fold(name), this)
        if before is this or (before == this and is_folder):
            return
        if before[0] != name:
            raise _RuleBrokenError(f"differs from {before[0]!r} in case only")
        if before[1] != is_folder:
            raise _RuleBrokenError("is both a file and a folder")
        raise _RuleBrokenError("occurs more than once")


def _check_go_mod_place(relative: str) -> None:
    folder, _, base = relative.rpartition("/")
    if base.lower() != _GO_MOD:
        return
    if folder:
        raise _RuleBrokenError("a go.mod below the root: this is another module")
    if base != _GO_MOD:
        raise _RuleBrokenError("go.mod must be in lower case")


def _check_file_size(relative: str, size_bytes: int) -> None:
    if relative == _GO_MOD and size_bytes > MAX_GO_MOD_BYTES:
        raise _RuleBrokenError(f"larger than {MAX_GO_MOD_BYTES} bytes")
    if relative == "LICENSE" and size_bytes > MAX_LICENSE_BYTES:
        raise _RuleBrokenError(f"larger than {MAX_LICENSE_BYTES} bytes")
