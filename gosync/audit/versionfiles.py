"""Questions about a version: its ``.info``, ``.mod`` and ``.zip`` as they are now.

A file that is not what it must be goes to quarantine as evidence: what an upstream
served today it may serve never again. Zips go through staging, for their ``h1:``
alone, and never into the store.
"""

from __future__ import annotations

import anyio
from msgspec.structs import replace

from gosync.audit.answers import MAX_VALUE_CHARACTERS, FileAnswer, parse_answer
from gosync.audit.checks import must_be
from gosync.audit.metered import MeteredAnswer, MeteredProxy, validators_of
from gosync.audit.questions import Questions
from gosync.catalog.looks import Look
from gosync.catalog.versions import VersionRow
from gosync.errors import ChecksumMismatchError, MalformedError, NotFoundError
from gosync.gomod.dirhash import hash_go_mod, scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.evidence import keep_evidence
from gosync.site.site import Site
from gosync.store.staging import Readable
from gosync.sync.fetch import sink_of
from gosync.upstream.proxy import INFO_LIMIT_BYTES, MOD_LIMIT_BYTES, ZIP_LIMIT_BYTES
from gosync.upstream.revisits import Revisit
from gosync.upstream.targets import file_target
from gosync.work.progress import Progress


class FileAsker:
    """Asks one proxy for versions' files."""

    def __init__(
        self, site: Site, questions: Questions, proxy: MeteredProxy, progress: Progress
    ) -> None:
        self._progress = progress
        self._site = site
        self._questions = questions
        self._proxy = proxy

    async def ask(self, look: Look) -> MeteredAnswer:
        """Ask for a file; errors are those of ``ProxyAsker.ask``."""
        before = parse_answer(look, FileAnswer)
        try:
            if look.what is FileKind.ZIP:
                return await self._ask_zip(look, before)
            return await self._ask_small(look, before)
        except NotFoundError:
            return MeteredAnswer(replace(before, no=True))

    async def _ask_small(self, look: Look, before: FileAnswer) -> MeteredAnswer:
        mv = look.mv
        is_info = look.what is FileKind.INFO
        got = await self._proxy.get(
            file_target(mv, FileKind.INFO if is_info else FileKind.MOD),
            validators_of(look, before),
            limit_bytes=INFO_LIMIT_BYTES if is_info else MOD_LIMIT_BYTES,
        )
        if not got.changed:
            return _as_before(before, got)
        value = _commit(mv, got.body) if is_info else _mod_h1(mv, got.body)
        return self._answer(look, before, value, got, got.body)

    async def _ask_zip(self, look: Look, before: FileAnswer) -> MeteredAnswer:
        mv = look.mv
        blobs = self._site.blobs
        blobs.check_space(0, min_free_bytes=self._site.options.min_free_bytes)
        with blobs.stage() as staged:
            got = await self._proxy.download(
                file_target(mv, FileKind.ZIP),
                sink_of(staged, self._progress),
                validators_of(look, before),
                limit_bytes=ZIP_LIMIT_BYTES,
            )
            if not got.changed:
                return _as_before(before, got)
            scan = await anyio.to_thread.run_sync(
                scan_zip, staged.read_at, staged.size_bytes, mv
            )
            return self._answer(look, before, scan.h1, got, staged)

    def _answer(
        self,
        look: Look,
        before: FileAnswer,
        value: str,
        got: Revisit,
        content: Readable | bytes,
    ) -> MeteredAnswer:
        """Return the answer; keep evidence of what should not be."""
        row = self._site.catalog.versions.get(look.mv)
        assert row is not None, look
        said = FileAnswer(had=True, value=value, first=before.first or value)
        want = self._must_be(row, look, said)
        if want and value and want != value:
            evidence = self._keep(look, want, value, got, content)
            said = replace(said, evidence=evidence)
        return MeteredAnswer(said, got.validators)

    def _must_be(self, row: VersionRow, look: Look, said: FileAnswer) -> str | None:
        assert isinstance(look.what, FileKind), look
        gave_ours = self._questions.gave_ours(look.source, row)
        return must_be(row, look.what, said, gave_ours=gave_ours)

    def _keep(
        self, look: Look, want: str, value: str, got: Revisit, content: Readable | bytes
    ) -> str:
        subject = f"{look.path}@{look.version}"
        error = ChecksumMismatchError(
            f"{subject} {look.what}", want=want, got=value, authority="an audit"
        )
        return keep_evidence(
            self._site.quarantine,
            subject,
            error,
            served={look.what.value: got.served.facts()},
            files={look.what.value: content},
            facts={"held": want, "served_now": value},
        )


def _as_before(before: FileAnswer, got: Revisit) -> MeteredAnswer:
    said = replace(before, no=False, had=True)
    return MeteredAnswer(said, got.validators, changed=False)


def _commit(mv: ModuleVersion, data: bytes) -> str:
    info = parse_info(data)
    if info.version != mv.version:
        raise MalformedError(".info", f"{mv}", f"it names {info.version!r:.80}")
    return info.origin.hash[:MAX_VALUE_CHARACTERS] if info.origin is not None else ""


def _mod_h1(mv: ModuleVersion, data: bytes) -> str:
    if data.lstrip()[:1] == b"<":
        raise MalformedError(".mod", f"{mv}", "a page of HTML")
    return hash_go_mod(data)
