"""SBOM that travels in bundles: a document of the store, of what is selected.

It is of all versions that a bundle's manifest names whole, whether they travel in it or
are there already. The same selection gives the same bytes, its time being that of the
version that came in last, so that it makes no bundle by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.clock import parse_time
from gosync.errors import UsageError
from gosync.store.blobs import BlobReader

SUBJECT: Final = "bundle"
FOLDER: Final = "sbom/"
SUFFIXES: Final = {"cyclonedx": ".cdx.json", "spdx": ".spdx.json"}


def document_name(form: str) -> str:
    """Return the artifact that has the SBOM of a format."""
    return f"{FOLDER}{SUBJECT}{SUFFIXES[form]}"


class BundleSbom(msgspec.Struct, frozen=True):
    """An SBOM that bundles carry.

    Attributes:
        form: "cyclonedx" or "spdx".
    """

    form: str

    @property
    def name(self) -> str:
        """Its name among the store's documents."""
        return document_name(self.form)

    def make(
        self,
        catalog: Catalog,
        blobs: BlobReader,
        rows: Iterable[VersionRow],
        now: datetime,
    ) -> bytes:
        """Return its bytes.

        Args:
            catalog: The catalog.
            blobs: The store's blobs.
            rows: The versions that are selected whole.
            now: The time, where none of these says when it came.

        Raises:
            UsageError: The library of its format is not installed.
            StoreError: Store or catalog cannot be read.
        """
        try:
            # Libraries of an extra, which few commands need.
            from gosync.sbom.collecting import Collector  # noqa: PLC0415
            from gosync.sbom.formats import writer_of  # noqa: PLC0415

            write = writer_of(self.form)
        except ImportError as exc:
            raise UsageError(
                f"target.sbom: {exc.name} is not installed",
                hint='pip install "gosync[sbom]"',
            ) from exc
        rows = list(rows)
        times = (each.admitted_at for each in rows if each.admitted_at is not None)
        made_at = max(map(parse_time, times), default=now)
        collector = Collector(catalog, blobs, now=made_at)
        return "".join(write(collector.selected(SUBJECT, rows))).encode()
