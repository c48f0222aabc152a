"""Scripts that set go up, in the tree: ``setup.sh`` and ``setup.ps1``.

What a client sets is said once, for these and for the front page's lines. Where the
site has a checksum database of its own it is that, for private modules too. The module
that is fetched as a proof is the first one of the tree that a database vouches for.
"""

from __future__ import annotations

from importlib.resources import files

from gosync.folder.layouts import TOOLCHAIN
from gosync.folder.routes import SETUP_PS1, SETUP_SH, sumdb_folder
from gosync.publish.pages.setupscript import ClientSettings, fill_ps1, fill_sh
from gosync.site.options import SiteOptions
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.sumdb.names import Database


def write_setup(site: Site) -> int:
    """Bring the tree's scripts up to what it carries; return how many files changed.

    The tree's lease is held.

    Raises:
        StoreError: the tree cannot be written.
    """
    settings = client_settings(site)
    writer = tree_storage(site.options).writer()
    wanted = {
        SETUP_SH: fill_sh(_script(SETUP_SH), settings),
        SETUP_PS1: fill_ps1(_script(SETUP_PS1), settings),
    }
    if all(writer.read(path) == data for path, data in wanted.items()):
        return 0
    writer.open()
    before = writer.changes
    for path, data in wanted.items():
        writer.write(path, data)
    writer.commit()
    return writer.changes - before


def client_settings(site: Site) -> ClientSettings:
    """Return what clients of a site's tree set.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    options, shown = site.options, site.catalog.shown
    tree = tree_storage(options).name
    toolchain = shown.get(tree, TOOLCHAIN)
    own = _own_database(options)
    return ClientSettings(
        database=own or options.database,
        private=options.policy.private,
        covers_all=own is not None,
        toolchains=toolchain is not None and toolchain.versions > 0,
        probe=_probe(site, tree),
        url=options.public_url,
    )


def _own_database(options: SiteOptions) -> Database | None:
    """Return the site's own database, once the tree has a head of it."""
    spec = options.house_log
    if spec is None:
        return None
    latest = f"{sumdb_folder(spec.name)}/latest"
    if tree_storage(options).reader().size(latest) is None:
        return None
    return Database(spec.name, spec.verifier, None)


def _probe(site: Site, tree: str) -> str:
    for each in site.catalog.shown.between(tree):
        if each.newest and each.proven and each.path != TOOLCHAIN:
            return f"{each.path}@{each.newest}"
    return ""


def _script(name: str) -> str:
    return files("gosync.publish.pages").joinpath(name).read_text(encoding="utf-8")
