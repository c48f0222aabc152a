"""What packages import is read as their zip is admitted, and kept with its row."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.gomod.packages import unpack
from tests.integration.site import Site
from tests.integration.test_prune import GONE, KEPT, narrowed_site, prune
from tests.simulator import Simulator


def read(site: Site) -> dict[str, list[str]]:
    """Return the packages of each version that the catalog knows them of."""
    found = {}
    with Catalog.open(catalog_of(site), create=False) as catalog:
        for row in catalog.versions.all_rows():
            packed = catalog.packages.get(row.zip_h1) if row.zip_h1 else None
            if packed is not None:
                packages = unpack(packed).packages
                found[f"{row.path}@{row.version}"] = [each.folder for each in packages]
    return found


def catalog_of(site: Site) -> Path:
    return next(site.folder.glob("**/catalog.sqlite"))


def test_packages_are_kept_with_the_row_of_their_zip(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        assert read(site).keys() == {
            f"{KEPT}@v1.0.0",
            f"{KEPT}@v1.1.0",
            f"{GONE}@v1.0.0",
        }
        assert all("" in folders for folders in read(site).values())
        site.sync()
        prune(site, "--max-delete", "2")
        assert read(site).keys() == {f"{KEPT}@v1.0.0"}
        with closing(sqlite3.connect(catalog_of(site))) as catalog:
            assert catalog.execute("SELECT count(*) FROM packages").fetchone() == (1,)
