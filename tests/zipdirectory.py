"""A module zip's directory, checked by itself: the rules without the contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import Window
from gosync.gomod.zipcheck import CheckedZip, check_zip_size, inspect_entries
from gosync.gomod.zipdir import read_directory

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


def check_zip(read_at: ReadAt, size_bytes: int, mv: ModuleVersion) -> CheckedZip:
    """Check a zip's directory; no contents are read.

    Raises:
        MalformedError: The module version, or the file as a zip.
        TooLargeError: The file or its contents.
        RejectedError: Entries break a rule.
    """
    window = Window(read_at, size_bytes)
    check_zip_size(size_bytes, mv)
    checked = inspect_entries(read_directory(window, size_bytes), mv)
    checked.require_ok(str(mv))
    return checked
