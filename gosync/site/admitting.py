"""New versions shown to scanners: after their proof, before they are committed.

A verdict is a document, ``verdicts/STORE/SCANNER/ID.json``, ID from the zip's h1: kept
as a blob, told to the journal, carried by bundles. What a scanner let in is not shown
to it again as long as its version is the same; another store asks its own scanners
anew, whatever came with a bundle.

A refusal is a decision on the policy as well (``decisions``), by ``admit:SCANNER``: so
the version is denied in the transaction that commits it, in no tree and no bundle,
named with its reason by whatever names what the policy denies, and let in by undoing
the decision.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Final

import anyio
import msgspec

from gosync.admit.asking import ScannerAnswer, ask_scanner, version_of
from gosync.admit.verdict import FOLDER, Admits, OnError, ScannerSpec, ScannerVerdict
from gosync.artifact import DOCUMENT
from gosync.clock import format_time
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion
from gosync.site.artifacts import keep_artifact
from gosync.site.decisions import (
    DecisionKind,
    decide,
    new_decision,
    read_decisions,
)
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.store.staging import Staged, pieces_of

_MAX_BYTES: Final = 64 << 10
_DENIED_REASON: Final = 900


class ScannersAdmission:
    """The gate's question to all scanners of a site."""

    def __init__(self, site: Site) -> None:
        """Take the site, whose options name them."""
        self._site = site

    async def ask(self, mv: ModuleVersion, h1: str, staged: Staged) -> None:
        """Show a version to each scanner that is to see it.

        Raises:
            UnavailableError: a scanner gives no verdict, and that is waited for.
            StoreError: a verdict cannot be written.
        """
        for spec in self._site.options.scanners:
            if spec.modules.match(mv.path):
                await anyio.to_thread.run_sync(self._ask, spec, mv, h1, staged)

    def _ask(
        self, spec: ScannerSpec, mv: ModuleVersion, h1: str, staged: Staged
    ) -> None:
        try:
            if self._is_known(spec, h1):
                return
            answer = self._answer(spec, mv, h1, staged)
        except UnavailableError as exc:
            if spec.on_error is OnError.WAIT:
                raise
            if spec.on_error is OnError.REFUSE:
                self._deny(spec, mv, str(exc).removeprefix(f"{spec.name}: "))
            return
        self._keep(spec, mv, h1, answer)
        if answer.verdict is Admits.REFUSE:
            self._deny(spec, mv, answer.reason)

    def _answer(
        self, spec: ScannerSpec, mv: ModuleVersion, h1: str, staged: Staged
    ) -> ScannerAnswer:
        with tempfile.TemporaryDirectory(prefix="gosync-admit-") as folder:
            zip_file = Path(folder) / "module.zip"
            with zip_file.open("wb") as file:
                for piece in pieces_of(staged):
                    file.write(piece)
            return ask_scanner(spec, mv, h1, zip_file)

    def _is_known(self, spec: ScannerSpec, h1: str) -> bool:
        """Return whether this very scanner let it in before."""
        kept = self._site.catalog.artifacts.get(DOCUMENT, self._name(spec, h1))
        if kept is None or not spec.version_command:
            return False
        data = self._site.blobs.read(Digest(kept.digest), limit_bytes=_MAX_BYTES)
        try:
            found = msgspec.json.decode(data, type=ScannerVerdict)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        is_same = (found.h1, found.scanner_version) == (h1, version_of(spec))
        return is_same and found.verdict is Admits.ADMIT

    def _keep(
        self, spec: ScannerSpec, mv: ModuleVersion, h1: str, answer: ScannerAnswer
    ) -> None:
        verdict = ScannerVerdict(
            module=mv.path,
            version=mv.version,
            h1=h1,
            scanner=spec.name,
            scanner_version=answer.version,
            verdict=answer.verdict,
            reason=answer.reason,
            at=format_time(self._site.clock.now()),
        )
        data = msgspec.json.format(msgspec.json.encode(verdict), indent=1) + b"\n"
        keep_artifact(self._site, DOCUMENT, self._name(spec, h1), [data])

    def _name(self, spec: ScannerSpec, h1: str) -> str:
        store = self._site.standing.generation.store
        digest = hashlib.sha256(h1.encode()).hexdigest()[:32]
        return f"{FOLDER}{store}/{spec.name}/{digest}.json"

    def _deny(self, spec: ScannerSpec, mv: ModuleVersion, reason: str) -> None:
        by = f"admit:{spec.name}"
        known = read_decisions(self._site.catalog, self._site.blobs)
        if any(
            each.by == by and each.modules == str(mv) and not each.undone_at
            for each in known
        ):
            return
        text = f"{spec.name}: {reason or 'refused'}"[:_DENIED_REASON]
        now = self._site.clock.now()
        decide(
            self._site,
            new_decision(
                DecisionKind.DENY, str(mv), reason=text, until=None, by=by, now=now
            ),
        )
