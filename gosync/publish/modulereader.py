"""What the tree is to say of a module, read from the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.gomod.latest import GoModFacts
from gosync.publish.contents import Kept, ModuleContents, contents_of
from gosync.publish.vulnreader import VulnReader


class ModuleReader:
    """Reads modules' contents.

    Args:
        catalog: What is carried and withdrawn.
        read_facts: Reads a carried version's ``.mod``.
        kept: What a tree has that no row explains, by module path.
        vulns: Tells what is known to affect versions.
    """

    def __init__(
        self,
        catalog: Catalog,
        read_facts: Callable[[VersionRow], GoModFacts],
        kept: Mapping[str, Iterable[Kept]],
        vulns: VulnReader,
    ) -> None:
        self._catalog = catalog
        self._read_facts = read_facts
        self._kept = kept
        self._vulns = vulns

    def read(
        self, path: str, rows: Iterable[VersionRow] | None = None
    ) -> ModuleContents:
        """Return what the tree is to say of a module.

        Args:
            path: The module path.
            rows: Its rows, None to read them.

        Raises:
            MalformedError: if the module can have no folder.
            CatalogError: if the catalog cannot be read.
            StoreError: if a ``.mod`` cannot be read.
        """
        return contents_of(
            path,
            self._catalog.versions.of(path) if rows is None else rows,
            read_facts=self._read_facts,
            kept=self._kept.get(path, ()),
            withdrawn=self._catalog.withdrawn.of(path),
            read_vulns=self._vulns.of,
        )
