"""What versions in the store tell of themselves: their packages and their README."""

from __future__ import annotations

from typing import Final

from gosync.catalog.db import Catalog
from gosync.gomod import packages as gopackages
from gosync.gomod import readme as readmes
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.readme import Readme
from gosync.gomod.zippackages import read_zip_packages
from gosync.ingest.storedfacts import FactForm, StoredFacts
from gosync.store.blobs import BlobReader

_PACKAGES: Final = FactForm(
    read=read_zip_packages, pack=gopackages.pack, unpack=gopackages.unpack
)
_README: Final = FactForm(
    read=readmes.read_readme, pack=readmes.pack, unpack=readmes.unpack
)


def stored_packages(catalog: Catalog, blobs: BlobReader) -> StoredFacts[ModulePackages]:
    """Return the packages of what the store has."""
    return StoredFacts(catalog.packages, blobs, _PACKAGES)


def stored_readmes(catalog: Catalog, blobs: BlobReader) -> StoredFacts[Readme]:
    """Return the READMEs of what the store has."""
    return StoredFacts(catalog.readmes, blobs, _README)
