"""Admission of one version: its files are checked, proven and stored, or refused.

What is handed over in which order, and who vouches for it, is told in ``gate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow
from gosync.clock import format_time
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
from gosync.ingest.announced import AnnouncedDigests
from gosync.ingest.derived import Derived
from gosync.ingest.evidence import keep_evidence
from gosync.ingest.taken import (
    FIRST_SIGHT,
    Expected,
    Taken,
    VouchedRecord,
    commit_of,
    source_of,
)
from gosync.store.digest import Digest
from gosync.store.staging import Staged
from gosync.sumdb.record import parse_record_lines
from gosync.upstream.answer import Served
from gosync.upstream.reading import check_no_page, parse_apart

if TYPE_CHECKING:
    from gosync.ingest.gate import Gate

_DATABASE = "the checksum database"
_NOT_OF_ITS_ZIP = "its .mod is not the go.mod of its zip"
_ODDITY_CHARACTERS = 300


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
        self._omitted = self._has_asked = False
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
                await anyio.to_thread.run_sync(self.refuse, error)
        finally:
            self.discard()

    def refuse(self, error: BaseException) -> None:
        """Rely on nothing more, and keep the evidence if it is what was served."""
        self._announced.take_back()
        if isinstance(error, RejectedError | SecurityError):
            self._keep_evidence(error)

    def discard(self) -> None:
        """Drop what is staged; what was admitted stays."""
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
        if not self._has_asked:
            await anyio.to_thread.run_sync(self.see_pin)

    def see_pin(self) -> None:
        """Learn what vouches where no record does, unless one is to be asked for.

        Who has many versions sees their pins in one thread, before ``take_mod``.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        if self._proven or self._has_asked:
            return
        self._has_asked = True
        if (pin := self._gate.pins.get(self._mv)) is not None:
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
        await anyio.to_thread.run_sync(self.read_zip, staged, served)

    def read_zip(self, staged: Staged, served: Served) -> None:
        """Take the staged zip in this thread; see take_zip."""
        self._taken.served[FileKind.ZIP] = served
        try:
            self._scan(staged)
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
        self._announced.add(self.digests())
        return self.stored(self._gate.blobs.admit_all(self.parts()))

    def digests(self) -> list[Digest]:
        """Return the digests of what becomes blobs, to be announced first."""
        return self._taken.digests()

    def parts(self) -> list[bytes | Staged]:
        """Return what becomes blobs: the ``.info``, the ``.mod`` and the zip."""
        kinds = [FileKind.MOD] if self._info is None else [FileKind.INFO, FileKind.MOD]
        parts: list[bytes | Staged] = [self._taken.small[kind] for kind in kinds]
        return parts if self._taken.zip is None else [*parts, self._taken.zip]

    def stored(self, digests: Sequence[Digest]) -> VersionRow:
        """Return the row to commit; these are the digests of its parts."""
        left, info, whole = [*digests], None, None
        if self._info is not None:
            info = left.pop(0)
        if self._taken.zip is not None:
            whole = left.pop()
            self._gate.derived.note(self._taken.h1[FileKind.ZIP], self._taken.derived)
        return self._row(info, left[0], whole)

    def _row(
        self,
        info: Digest | None,
        mod: Digest,
        whole: Digest | None,
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
            zip_bytes=taken.zip.size_bytes if taken.zip is not None else None,
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
