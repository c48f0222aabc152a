"""What belongs into a tree that is published whole: all else of ours may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gosync.publish.contents import ModuleContents, has_record
from gosync.publish.modules import wanted_names
from gosync.publish.stale import stale_files
from gosync.publish.sumdb import SumTreeWriter


class Belongings:
    """The names that belong into each module's folder, and the lookups."""

    def __init__(self, sums: SumTreeWriter | None, languages: Sequence[str]) -> None:
        """Begin with nothing.

        Args:
            sums: The database's folder; None without a database.
            languages: The languages of pages.
        """
        self._sums = sums
        self._languages = languages
        self._folders: dict[str, set[str]] = {}
        self._lookups: set[str] = set()

    def add(self, contents: ModuleContents) -> None:
        """Add a module."""
        self._folders[contents.at.versions_folder] = wanted_names(
            contents, self._languages
        )
        if self._sums is not None:
            self._lookups.update(
                self._sums.lookup(version.at.lookup)
                for version in contents.versions
                if has_record(version.row)
            )

    def stale_files(
        self, files: Iterable[str], kept: Iterable[str] | None
    ) -> list[str]:
        """Return the files that are ours and do not belong.

        Args:
            files: Every file of the tree.
            kept: Lookups that stay besides, as escaped ``M@V``; None where no tree
                head is shown, so that no lookup stays.
        """
        shown: set[str] = set()
        if self._sums is not None and kept is not None:
            shown = {self._sums.lookup(name) for name in kept}
            shown |= {*self._sums.fixed_files, *self._lookups}
        return stale_files(files, self._folders, shown)
