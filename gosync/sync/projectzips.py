"""The zips of a project: what a build of it has, as far as the store knows."""

from __future__ import annotations

from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.gomod.deps import Deps
from gosync.gomod.module import ModuleVersion
from gosync.gomod.needs import needs_of_project
from gosync.project import read_project
from gosync.store.blobs import BlobReader
from gosync.sync.dependencies import ProjectLoad
from gosync.sync.gomods import StoredGoMods


def zips_of_project(
    folder: Path, catalog: Catalog, blobs: BlobReader
) -> frozenset[ModuleVersion]:
    """Return the versions whose zips a project's build list and go.sum files name.

    Raises:
        ConfigError: the folder is no project, or a file of it does not parse.
        StoreError: store or catalog cannot be read.
    """
    project = read_project(folder)
    load = ProjectLoad(project, StoredGoMods(catalog, blobs))
    sums = [each.sums for each in project.sums]
    return needs_of_project(project.mains, sums, load, deps=Deps.BUILD).zips
