"""The publisher of a site's tree, with the tree and what is configured of it."""

from __future__ import annotations

from gosync.artifact import DOCUMENT, REQUESTS_PAGES, VULNDB
from gosync.folder.routes import DOCS_FOLDER, EXPLAIN_FOLDER, artifact_file
from gosync.publish.publisher import Publisher
from gosync.publish.work import PublishOptions, TreeTarget
from gosync.site.documents import first_page
from gosync.site.oldheads import ServedHeads
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage


def publish_options(site: Site, served: ServedHeads) -> PublishOptions:
    """Return what is configured of the tree, with the older heads that it serves.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    house = site.options.house_log
    return PublishOptions(
        private=site.options.policy.private,
        explained=first_page(site.options.pages, EXPLAIN_FOLDER),
        docs=first_page(site.options.pages, DOCS_FOLDER),
        contact=site.options.contact,
        url=site.options.public_url,
        vulndb=site.catalog.artifacts.any_of(VULNDB),
        house_log=house.name if house else "",
        house_verifier=house.verifier if house else "",
        pages=site.options.page_options,
        requests=_requests_pages(site),
        old_heads=served.old_heads,
        at_least=served.newest,
        every_file=site.options.every_file,
    )


def _requests_pages(site: Site) -> tuple[str, ...]:
    """Return the pages of what was asked for, those that are kept."""
    kept = site.catalog.artifacts
    names = [each for each in REQUESTS_PAGES if kept.get(DOCUMENT, each) is not None]
    return tuple(artifact_file(DOCUMENT, each) or "" for each in names)


def make_publisher(site: Site) -> Publisher:
    """Return the publisher of a site's store."""
    database = site.options.database
    return Publisher(
        site.catalog,
        site.blobs,
        clock=site.clock,
        database=database,
        tiles=site.tiles if database else None,
        generation=site.standing.generation,
    )


def tree_target(site: Site) -> TreeTarget:
    """Return the configured tree."""
    storage = tree_storage(site.options)
    return TreeTarget(storage, storage.name)
