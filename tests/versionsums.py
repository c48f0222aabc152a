"""The sums that triggers keep of the table of versions, held against its rows."""

from __future__ import annotations

from gosync.catalog.db import Catalog

_KEPT = "SELECT * FROM version_sums WHERE versions > 0 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
_COUNTED = """
SELECT state, ifnull(selected, ''), found_by, withdrawn, denied,
    unselected_at IS NOT NULL, mod_digest IS NOT NULL, zip_digest IS NOT NULL, count(*),
    sum(ifnull(info_bytes, 0) + ifnull(mod_bytes, 0) + ifnull(zip_bytes, 0))
FROM versions GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
"""


def check_sums(catalog: Catalog) -> None:
    """Hold them against each other."""
    connection = catalog.versions._connection
    kept, counted = map(connection.rows, (_KEPT, _COUNTED))
    assert list(map(tuple, kept)) == list(map(tuple, counted))
    empty = connection.row("SELECT count(*) FROM version_sums WHERE bytes < 0")
    assert empty is not None
    assert empty[0] == 0
