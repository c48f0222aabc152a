"""Which tiles of the checksum database a publish looks for in the tree.

Of a whole publish those of all records and of all heads ever shown, else those that
what changed adds (``gosync.sumdb.mixedheads``).
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.db import Catalog
from gosync.publish.sumdb import SumTreeWriter, needed_tiles
from gosync.publish.survey import Survey
from gosync.publish.work import Work
from gosync.sumdb.record import Record
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead


def tiles_needed(
    catalog: Catalog, work: Work, kept: Iterable[Record], head: SignedHead
) -> list[Tile]:
    """Return the tiles, parents and level-0 ones alike.

    Args:
        catalog: What is carried.
        work: What the publish is to do.
        kept: The records of what stays unexplained.
        head: The head to show.

    Raises:
        CatalogError: if the catalog cannot be read.
        StoreError: if a record is newer than the head.
    """
    records = catalog.records
    # Of what came in since, the record may be newer than the head.
    ids = (
        records.ids(until=work.seq)
        if work.full
        else records.ids_of(work.paths, until=work.seq)
    )
    known = {record.id for record in kept if record.id < head.tree.n}
    return needed_tiles(head, sorted({*ids, *known}), work.unproven_sizes)


def kept_lookups(survey: Survey, sums: SumTreeWriter) -> dict[str, Record]:
    """Return the records of what stays unexplained, by the lookup's ``M@V``."""
    names = (
        each.lookup for kept in survey.kept.values() for each in kept if each.lookup
    )
    return sums.kept_records(names)
