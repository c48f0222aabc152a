"""A module's lookups: which are written, and which are left as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.publish.contents import ModuleContents, has_record
from gosync.publish.shownheads import ShownHeads
from gosync.publish.sumdb import SumTreeWriter
from gosync.sumdb.treehead import SignedHead

if TYPE_CHECKING:
    from gosync.publish.modules import ModuleWriter


def put_lookups(
    contents: ModuleContents,
    modules: ModuleWriter,
    sums: SumTreeWriter,
    head: SignedHead,
    heads: ShownHeads,
) -> None:
    """Write the lookups of what is new of a module, and those that are not there.

    Args:
        contents: The module.
        modules: Knows what is new.
        sums: Writes the database's folder.
        head: What new lookups carry.
        heads: Which heads may stay in those that are there.

    Raises:
        StoreError: if the head is older than a record.
    """
    for version in contents.versions:
        if not has_record(version.row):
            continue
        if modules.is_new(version.row) or not sums.has_lookup(version):
            sums.write_lookup(version, head, heads.may_stay)
