"""A small site: one configured module, a store with a catalog, and no upstream."""

from __future__ import annotations

from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.site.options import SiteOptions
from gosync.store.root import open_store

_CONFIG = """\
[store]
path = "store"
min_free = "1MiB"

[publish]
tree = "tree"

[upstream]
proxies = ["http://127.0.0.1:9"]
sumdb = "off"

[[select]]
modules = ["{selector}"]
"""


def make_small_site(folder: Path, selector: str) -> Catalog:
    """Write gosync.toml and an empty store; return its catalog, open."""
    (folder / "gosync.toml").write_text(_CONFIG.format(selector=selector))
    open_store(folder / "store")
    return Catalog.open(folder / "store/catalog.sqlite", create=True)


def folder_of_tree(options: SiteOptions) -> Path:
    """Return the folder of a site's tree."""
    assert isinstance(options.tree_path, Path)
    return options.tree_path
