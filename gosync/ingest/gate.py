"""The gate: one version's files are checked, proven and admitted, or refused.

A caller opens an Admission for a module version and hands over what an upstream
served, in this order::

    async with gate.open(mv, need=Need.ZIP, private=False) as admission:
        await admission.take_carried(row)         a proven .mod of the store
        admission.take_info(data, served)         parses, names this version
        await admission.take_mod(data, served)    its h1 is proven; then it is parsed
        staged = admission.stage_zip()            bytes go to staging/
        await admission.take_zip(staged, served)  zip rules; its h1 is proven
        row = await admission.admit()             blobs are durable

The go.mod is proven before the zip is asked for, so that a poisoned version
costs a kilobyte and not half a gigabyte. A ``.mod`` alone needs no ``.info``, and
what the store has is not asked for again. A zip that proves larger than it is
wanted is left out by ``omit_zip``: the rest is admitted. A zip that is staged before
the admission begins, as a bundle's, is looked after from ``adopt_zip`` on.

What has its record in the checksum database is what everybody gets. So a version
whose two h1 are proven by it is admitted though its ``.mod`` is not the go.mod of
its zip, or is none; the row says so (``oddity``). What ``go`` would not unpack is
refused all the same, and where no record vouches, both are.

What is refused with a RejectedError or SecurityError goes to quarantine with its
evidence: each file so far, where, when and with which headers it was served, both h1.

The catalog row that ``admit`` returns is committed by ``batch``, after the
blobs' folders and the journal are durable (I1). Until then the run's announcement
keeps a prune from its blobs, also from those that were there already.

Who vouches for an h1: the checksum database for public modules; for private
ones, and with sumdb "off", the h1 seen first (a pin), before that a project's go.sum.
"""

from __future__ import annotations

from collections.abc import Mapping

from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.pins import Pins
from gosync.catalog.versions import Need
from gosync.clock import Clock
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admission import Admission
from gosync.ingest.admitter import Admitter
from gosync.ingest.derived import DerivedFacts
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.taken import (
    Expected,
)
from gosync.store.blobs import BlobStore
from gosync.store.quarantine import Quarantine
from gosync.sumdb.client import SumClient


class Gate:
    """Opens admissions; shared by all workers of a run.

    Attributes:
        admitter: Who is shown each new zip, None for nobody.
        expected: What go.sum files say of versions without a record.
        derived: What was read of the zips that were admitted, for their batch.
    """

    def __init__(
        self,
        *,
        blobs: BlobStore,
        quarantine: Quarantine,
        pins: Pins,
        sums: SumClient | None,
        clock: Clock,
        holder: LeaseHolder,
        scanner: ZipScanner | None = None,
    ) -> None:
        self.blobs = blobs
        self.quarantine = quarantine
        self.pins = pins
        self.sums = sums
        self.clock = clock
        self.holder = holder
        self.scanner = scanner or ZipScanner()
        self.admitter: Admitter | None = None
        self.derived = DerivedFacts()
        self.expected: Mapping[ModuleVersion, Expected] = {}

    def open(self, mv: ModuleVersion, *, need: Need, private: bool) -> Admission:
        """Begin the admission of one version."""
        return Admission(self, mv, need=need, proven=not private and bool(self.sums))
