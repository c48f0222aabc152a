"""What one publish of a tree works with."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gosync.catalog.db import Catalog
from gosync.publish.modules import ModuleWriter
from gosync.publish.storage.tree import TreeWriter
from gosync.publish.sumdb import SumTreeWriter
from gosync.publish.survey import Survey
from gosync.publish.vulnreader import VulnReader
from gosync.publish.work import PublishOptions, Work
from gosync.sumdb.names import Database
from gosync.sumdb.treehead import SignedHead
from gosync.work.progress import Progress


class PublishSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What one publish works with.

    Attributes:
        catalog: What is carried.
        writer: Writes into the tree.
        modules: Writes modules' folders.
        sums: Writes the database's folder; None without a database.
        database: The checksum database, or None.
        head: The tree head to show, or None.
        work: What is to be done.
        survey: What the tree has beyond what is carried.
        vulns: Tells what is known to affect versions.
        options: What concerns the pages.
        root: What messages call the tree.
        tree_id: What the catalog calls the tree.
        progress: Is told how far it is.
        give_way: Called between two modules with what shows all that is staged; whoever
            waits may publish a module then, by itself, but not the tree.
    """

    catalog: Catalog
    writer: TreeWriter
    modules: ModuleWriter
    sums: SumTreeWriter | None
    database: Database | None
    head: SignedHead | None
    work: Work
    survey: Survey
    vulns: VulnReader
    options: PublishOptions
    root: str
    tree_id: str
    progress: Progress
    give_way: Callable[[Callable[[], None]], None]
