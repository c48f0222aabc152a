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
from functools import partial
from types import TracebackType
from typing import Self

import anyio

from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.pins import Pins
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow
from gosync.clock import Clock, format_time
from gosync.errors import (
    ChecksumMismatchError,
    MalformedError,
    RejectedError,
    SecurityError,
    TruncatedError,
)
from gosync.gomod import modfile
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo, parse_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admitter import Admitter
from gosync.ingest.announced import AnnouncedDigests
from gosync.ingest.derived import Derived, DerivedFacts
from gosync.ingest.evidence import keep_evidence
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.taken import (
    FIRST_SIGHT,
    Expected,
    Taken,
    VouchedRecord,
    commit_of,
    source_of,
)
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.quarantine import Quarantine
from gosync.store.staging import Staged
from gosync.sumdb.client import SumClient
from gosync.sumdb.record import parse_record_lines
from gosync.upstream.answer import Served
from gosync.upstream.reading import check_no_page, parse_apart

_DATABASE = "the checksum database"
_NOT_OF_ITS_ZIP = "its .mod is not the go.mod of its zip"
_ODDITY_CHARACTERS = 300


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


class Admission:
    """One version on its way through the gate; see the module's docstring."""

    def __init__(
        self, gate: Gate, mv: ModuleVersion, *, need: Need, proven: bool
    ) -> None:
        self._gate = gate
        self._mv = mv
        self._need = need
        self._proven = proven
        self._bound: Expected | None = None
        self._taken = Taken()
        self._info: VersionInfo | None = None
        self._record: VouchedRecord | None = None
        self._omitted = False
        self._oddities: list[str] = []
        self._announced = AnnouncedDigests(gate.holder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Keep the evidence of what was refused; drop what is staged."""
        try:
            if error is not None:
                await anyio.to_thread.run_sync(self._announced.take_back)
            if isinstance(error, RejectedError | SecurityError):
                await anyio.to_thread.run_sync(self._keep_evidence, error)
        finally:
            if self._taken.zip is not None:
                self._taken.zip.discard()

    @property
    def has_mod(self) -> bool:
        """Whether there is a ``.mod`` and its h1 is proven."""
        return FileKind.MOD in self._taken.h1

    def bind(self, bound: Expected) -> None:
        """Hold both h1 against what was said of them, whoever else vouches."""
        self._bound = bound

    async def take_carried(self, row: VersionRow) -> None:
        """Take the ``.mod`` that the store has, if it was proven as it must be.

        Its record was proven when it was admitted; nobody is asked again. One whose
        blob went missing is as if it were not carried.

        Raises:
            StoreError: if the blob is damaged.
        """
        if row.mod_digest is None or row.mod_h1 is None:
            return
        if self._proven and row.proof is not Proof.SUMDB:
            return
        blobs, digest = self._gate.blobs, Digest(row.mod_digest)
        await anyio.to_thread.run_sync(self._announced.add, [digest])
        if not blobs.exists(digest, size_bytes=row.mod_bytes):
            return
        self._taken.small[FileKind.MOD] = await anyio.to_thread.run_sync(
            blobs.read, digest
        )
        self._taken.h1[FileKind.MOD] = row.mod_h1
        self._oddities = [row.oddity] if row.oddity else []
        if row.record_id is not None and row.record_text is not None:
            self._take_record(row.record_id, row.record_text)
        else:
            await self._ask_what_is_wanted()

    def _take_record(self, record_id: int, text: bytes) -> None:
        lines = parse_record_lines(text, self._mv)
        self._record = VouchedRecord(record_id, text)
        self._taken.wanted = {FileKind.MOD: lines.mod_h1, FileKind.ZIP: lines.zip_h1}

    def take_info(self, data: bytes, served: Served) -> None:
        """Take the ``.info``.

        Raises:
            MalformedError: if Go's client could not read it, or it names
                another version.
        """
        self._taken.take(FileKind.INFO, data, served)
        info = parse_info(data)
        if info.version != self._mv.version:
            raise MalformedError(
                ".info", f"{self._mv}", f"it names version {info.version!r:.80}"
            )
        self._info = info

    async def take_mod(self, data: bytes, served: Served) -> None:
        """Take the ``.mod`` and prove its h1.

        Raises:
            MalformedError: if it is no go.mod, and no record says that it is so.
            ChecksumMismatchError: if its h1 is not the proven or pinned one.
            NotFoundError: if the checksum database does not know the version.
            SecurityError: if the database's answer does not hold.
            UnavailableError: if the database gives no answer.
        """
        self._taken.take(FileKind.MOD, data, served)
        check_no_page(self._mv, data)
        self._taken.h1[FileKind.MOD] = hash_go_mod(data)
        await self._ask_what_is_wanted()
        self._compare(FileKind.MOD)
        try:
            await parse_apart(partial(modfile.parse_lax, data), len(data))
        except RejectedError as exc:
            if self._record is None:
                raise
            self._oddities.append(f"its .mod is no go.mod: {exc}")

    async def _ask_what_is_wanted(self) -> None:
        """Learn both h1 from who vouches for them; a first sight has nobody."""
        if self._proven and self._gate.sums is not None:
            found = await self._gate.sums.lookup(self._mv)
            self._take_record(found.id, found.text)
            return
        pins = self._gate.pins
        pin = await anyio.to_thread.run_sync(pins.get, self._mv)
        if pin is not None:
            self._taken.wanted = {FileKind.MOD: pin.mod_h1, FileKind.ZIP: pin.zip_h1}
        if (expected := self._gate.expected.get(self._mv)) is not None:
            for kind in (FileKind.MOD, FileKind.ZIP):
                h1 = expected.h1(kind)
                if h1 is not None and self._taken.wanted.get(kind) is None:
                    self._taken.wanted[kind] = h1
                    self._taken.authority[kind] = expected.file

    def _compare(self, kind: FileKind) -> None:
        says = _DATABASE if self._record else self._taken.authority_of(kind)
        self._taken.check_h1(self._mv, kind, self._taken.wanted.get(kind), says)
        if self._bound is not None:
            want = self._bound.h1(kind)
            self._taken.check_h1(self._mv, kind, want, self._bound.file)

    def stage_zip(self) -> Staged:
        """Return a new staging file for the zip, in place of an earlier one."""
        if self._taken.zip is not None:
            self._taken.zip.discard()
        self._taken.zip = self._gate.blobs.stage()
        return self._taken.zip

    def adopt_zip(self, staged: Staged) -> None:
        """Look after a zip that was staged elsewhere, until it is taken."""
        self._taken.zip = staged

    def omit_zip(self) -> None:
        """Leave the zip out; what is staged of it goes."""
        if self._taken.zip is not None:
            self._taken.zip.discard()
            self._taken.zip = None
        self._omitted = True

    async def take_zip(self, staged: Staged, served: Served) -> None:
        """Take the staged zip: its rules, its go.mod, and its h1.

        Raises:
            RejectedError: if it breaks a rule of module zips.
            ChecksumMismatchError: if its h1 is not the proven or pinned one.
            TruncatedError: if it is broken, and may just have been cut off.
        """
        self._taken.served[FileKind.ZIP] = served
        try:
            await anyio.to_thread.run_sync(self._scan, staged)
        except RejectedError as exc:
            if served.framed:
                raise
            raise TruncatedError(f"{served.url}: cut off, or {exc}") from exc

    def _scan(self, staged: Staged) -> None:
        scan, licences, readme = self._gate.scanner.scan(staged, self._mv)
        self._taken.h1[FileKind.ZIP] = scan.h1
        self._compare(FileKind.ZIP)
        scan.checked.require_ok(str(self._mv))
        self._check_go_mod(scan.go_mod)
        self._taken.derived = Derived(scan.packages, licences, readme)

    def _check_go_mod(self, inside: bytes | None) -> None:
        """The ``.mod`` is the zip's go.mod, or stands in for a missing one.

        Go hashes the two apart; without a record a difference is no good faith.
        """
        if inside is None and self._record is not None:
            return  # what old proxies made up is in the log
        want = modfile.synthesize(self._mv.path) if inside is None else inside
        if self._taken.small[FileKind.MOD] == want:
            return
        if self._record is not None:
            if _NOT_OF_ITS_ZIP not in self._oddities:
                self._oddities.append(_NOT_OF_ITS_ZIP)
            return
        if FileKind.MOD not in self._taken.served:
            raise ChecksumMismatchError(  # pinned long ago: this zip is another's
                f"{self._mv} go.mod in its zip",
                want=self._taken.h1[FileKind.MOD],
                got=hash_go_mod(want),
                authority=FIRST_SIGHT,
            )
        raise RejectedError(f"{self._mv}: {_NOT_OF_ITS_ZIP}")

    async def admit(self) -> VersionRow:
        """Make the blobs durable and return the row to commit.

        Raises:
            StoreError: if the store cannot take them.
            UnavailableError: if who is shown the zip gives no verdict.
        """
        taken, admitter = self._taken, self._gate.admitter
        if admitter is not None and taken.zip is not None:
            await admitter.ask(self._mv, taken.h1[FileKind.ZIP], taken.zip)
        return await anyio.to_thread.run_sync(self._store)

    def _store(self) -> VersionRow:
        blobs, taken = self._gate.blobs, self._taken
        self._announced.add(taken.digests())
        info = None
        if self._info is not None:
            info = blobs.put_bytes(taken.small[FileKind.INFO])
        mod = blobs.put_bytes(taken.small[FileKind.MOD])
        whole: Digest | None = None
        size_bytes: int | None = None
        if taken.zip is not None:
            size_bytes = taken.zip.size_bytes
            whole = blobs.admit(taken.zip)
            self._gate.derived.note(taken.h1[FileKind.ZIP], taken.derived)
        return self._row(info, mod, whole, size_bytes)

    def _row(
        self,
        info: Digest | None,
        mod: Digest,
        whole: Digest | None,
        size_bytes: int | None,
    ) -> VersionRow:
        assert self._info is not None or whole is None
        taken, parsed, record = self._taken, self._info, self._record
        return VersionRow(
            path=self._mv.path,
            version=self._mv.version,
            state=State.OMITTED if self._omitted else State.PRESENT,
            need=self._need,
            found_by=FoundBy.CONFIG,  # the row that is there keeps its own
            info_digest=info,
            info_bytes=len(taken.small[FileKind.INFO]) if info else None,
            mod_digest=mod,
            mod_bytes=len(taken.small[FileKind.MOD]),
            mod_h1=taken.h1[FileKind.MOD],
            zip_digest=whole,
            zip_bytes=size_bytes,
            zip_h1=taken.h1.get(FileKind.ZIP),
            proof=Proof.SUMDB if record is not None else Proof.PINNED,
            record_id=record.id if record is not None else None,
            record_text=record.text if record is not None else None,
            source_url=source_of(taken.served),
            commit_hash=commit_of(parsed),
            version_time=format_time(parsed.time) if parsed and parsed.time else None,
            admitted_at=format_time(self._gate.clock.now()),
            oddity="; ".join(self._oddities)[:_ODDITY_CHARACTERS] or None,
        )

    def _keep_evidence(self, error: RejectedError | SecurityError) -> None:
        keep_evidence(
            self._gate.quarantine,
            str(self._mv),
            error,
            served=self._taken.served_facts(),
            files=self._taken.files(),
            facts={
                "h1_served": self._taken.h1,
                "h1_wanted": self._taken.wanted,
                "record_id": self._record.id if self._record else None,
            },
        )
