"""The stages at a module proxy: http, list, latest, info, mod and zip.

Each asks one file as ``go`` does and looks at what came as ``go`` would. A proxy is
``http(s)://`` or ``file://``; the latter is read from its folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, Final

import msgspec

from gosync.diagnose.doctor.answers import class_of, refuse, refuse_page
from gosync.diagnose.doctor.curl import curl_line
from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.saying import counted, say
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import Way
from gosync.diagnose.doctor.web import Web
from gosync.diagnose.doctor.webanswer import WebAnswer
from gosync.errors import GosyncError, MalformedError
from gosync.gomod import semver
from gosync.gomod.dirhash import ZipScan, hash_go_mod, scan_zip
from gosync.gomod.info import VersionInfo, parse_info
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.gomod.versionlist import read_list
from gosync.upstream.urls import join, module_path_on_wire

_SMALL_LIMIT: Final = 16 << 20
_SKEW_SECONDS: Final = 300
_END_OF_ZIP: Final = b"PK\5\6"
_BEGIN_OF_ZIP: Final = b"PK\3\4"
_TAIL_BYTES: Final = 66_000  # the end record and the longest comment


class ServedZip(msgspec.Struct, frozen=True):
    """A zip that came.

    Attributes:
        h1: Its h1.
        size_bytes: Its size.
        first_bytes: How it begins, for evidence.
    """

    h1: str
    size_bytes: int
    first_bytes: bytes = b""


class ModuleProxy:
    """One proxy, asked for modules, with a stage for each question."""

    def __init__(self, way: Way, web: Web, log: StageLog) -> None:
        """Prepare to ask.

        Args:
            way: The proxy.
            web: Who asks.
            log: Where the stages go.
        """
        self._way = way
        self._web = web
        self._log = log
        if way.login is not None:
            web.know(way.url, way.login)

    def url(self, path: str, name: str) -> str:
        """Return the URL of a module's file: ``list``, ``latest``, ``v1.0.0.zip``."""
        below = f"{escape_path(path)}/" + (
            "@latest" if name == "latest" else f"@v/{name}"
        )
        return join(self._way.url, module_path_on_wire(below))

    def beside(self, below: str) -> str:
        """Return the URL of something that is no module's."""
        return join(self._way.url, below)

    @contextmanager
    def stage(
        self, name: str, url: str = "", *, to_file: bool = False
    ) -> Iterator[StageDraft]:
        """Run a stage at this proxy."""
        curl = curl_line(url, to_file=to_file) if url else ""
        with self._log.stage(name, curl=curl) as stage:
            yield stage

    def fetch(self, url: str, *, limit_bytes: int = _SMALL_LIMIT) -> WebAnswer:
        """Return what is at a URL, whatever it is."""
        return self._web.get(url, limit_bytes=limit_bytes)

    def good(self, url: str) -> WebAnswer:
        """Return a 200 that is no page.

        Raises:
            FaultFoundError: It is something else.
        """
        return _good(self.fetch(url))

    def http(self, path: str, version: str, now: datetime) -> WebAnswer:
        """Ask what go asks first, and look at the answer as HTTP alone.

        Args:
            path: The module.
            version: Its version, for the ``.info``; "" for the list.
            now: What time it is.
        """
        with self.stage("http") as stage:
            url = self.first_url(path, version)
            stage.curl = curl_line(url)
            answer = self.fetch(url)
            _look_at_http(answer, stage, now)
            return answer

    def first_url(self, path: str, version: str) -> str:
        """Return the URL that go asks first: a version's .info, or the list.

        Raises:
            FaultFoundError: The version is none.
        """
        try:
            name = f"{escape_version(version)}.info" if version else "list"
        except MalformedError as exc:
            raise fault(
                "version.malformed",
                f"@{version}: {exc.reason}",
                "a version is like v1.2.3; a branch with a slash has to be a commit",
            ) from exc
        return self.url(path, name)

    def list(self, path: str, answer: WebAnswer | None) -> tuple[str, ...] | None:
        """Read the list, which came already or is asked for; None where is none."""
        url = self.url(path, "list")
        with self.stage("list", url) as stage:
            answer = answer or self.fetch(url)
            if class_of(answer) in ("http.404", "http.410"):
                stage.saw(say("{status}: no list", status=answer.status))
                return None
            if answer.status != 200:
                raise refuse(answer)
            if answer.is_page or answer.body.lstrip()[:1] == b"<":
                error = refuse_page(answer)
                stage.saw("go takes this for an empty list, and says nothing")
                raise error
            found = read_list(answer.body, path=path)
            stage.saw(counted(len(found.versions), "version"))
            return found.versions

    def latest(self, path: str) -> VersionInfo | None:
        """Ask for the latest version; None where the proxy knows none."""
        url = self.url(path, "latest")
        with self.stage("latest", url) as stage:
            answer = self.fetch(url)
            if class_of(answer) in ("http.404", "http.410"):
                stage.saw(say("{status}: none", status=answer.status))
                return None
            if answer.status != 200:
                raise refuse(answer)
            if answer.is_page:
                raise refuse_page(answer)
            info = _info(answer)
            stage.saw(info.version)
            return info

    def info(self, path: str, query: str, answer: WebAnswer | None) -> VersionInfo:
        """Read a version's .info, which came already or is asked for."""
        url = self.url(path, f"{escape_version(query)}.info")
        with self.stage("info", url) as stage:
            info = _info(_good(answer or self.fetch(url)))
            day = f" {info.time:%Y-%m-%d}" if info.time else ""
            stage.saw(f"{info.version}{day}")
            if semver.is_valid(query) and info.version != query:
                raise fault(
                    "protocol.info_version",
                    say(
                        "{url}: it is the .info of {version}",
                        url=url,
                        version=info.version,
                    ),
                    "the mirror answers with another version: tell its operator",
                )
            return info

    def mod(self, mv: ModuleVersion) -> tuple[GoMod, str]:
        """Ask for a version's go.mod; return it and its h1."""
        url = self.url(mv.path, f"{escape_version(mv.version)}.mod")
        with self.stage("mod", url) as stage:
            body = self.good(url).body
            try:
                read = parse_lax(body)
            except GosyncError as exc:
                raise fault("module.gomod_parse", f"{url}: {exc}") from exc
            if read.module and read.module != mv.path:
                is_case = read.module.lower() == mv.path.lower()
                raise fault(
                    "module.case" if is_case else "module.path_mismatch",
                    say(
                        "{url}: its go.mod says module {module}",
                        url=url,
                        module=read.module,
                    ),
                    say(
                        "require {module} instead, or replace {path} => {module} "
                        "{version}",
                        module=read.module,
                        path=mv.path,
                        version=mv.version,
                    ),
                )
            h1 = hash_go_mod(body)
            stage.saw(h1)
            return read, h1

    def zip(self, mv: ModuleVersion, limit_bytes: int) -> ServedZip | None:
        """Ask for a version's zip; None where it is larger than is to be read."""
        url = self.url(mv.path, f"{escape_version(mv.version)}.zip")
        with (
            self.stage("zip", url, to_file=True) as stage,
            tempfile.TemporaryFile(prefix="gosync-doctor-") as file,
        ):
            answer = self._web.get(url, limit_bytes=limit_bytes, sink=file.write)
            if answer.status != 200:
                raise refuse(answer)
            if not answer.is_whole:
                stage.saw(
                    say(
                        "more than {limit_bytes} bytes; its h1 was not made",
                        limit_bytes=limit_bytes,
                    )
                )
                self._look_at_end(url, stage)
                return None
            try:
                return _examine(file, mv, answer, stage)
            except FaultFoundError:
                file.seek(0)
                self._web.keep(msgspec.structs.replace(answer, body=file.read(1 << 16)))
                raise

    def _look_at_end(self, url: str, stage: StageDraft) -> None:
        """Look at the end of a zip that is too large to be read here."""
        answer = self._web.get(
            url,
            limit_bytes=_TAIL_BYTES,
            headers={"Range": f"bytes=-{_TAIL_BYTES}"},
        )
        if answer.status != 206:
            stage.saw(say("{status}: it does not serve ranges", status=answer.status))
        elif _END_OF_ZIP in answer.body:
            stage.saw("its end is that of a zip")
        else:
            raise fault(
                "download.truncated_cached",
                say(
                    "{url}: its last {size_bytes} bytes are no end of a zip",
                    url=url,
                    size_bytes=answer.size_bytes,
                ),
                "have it removed from the mirror's cache, or ask another way",
            )


def _look_at_http(answer: WebAnswer, stage: StageDraft, now: datetime) -> None:
    """Note what an answer's head says, and the faults that all questions would have."""
    stage.saw(
        say(
            "{status} {content_type}",
            status=answer.status,
            content_type=answer.content_type or "no content type",
        )
    )
    for name in ("server", "via", "x-cache", "x-squid-error"):
        if name in answer.headers:
            stage.saw(f"{name}: {answer.headers[name]}")
    for hop in answer.hops:
        stage.saw(say("redirected from {hop}", hop=hop))
    date = answer.headers.get("date", "")
    try:
        skew = (parsedate_to_datetime(date) - now).total_seconds() if date else 0.0
    except (ValueError, TypeError):
        skew = 0.0
    if abs(skew) > _SKEW_SECONDS:
        stage.warn(
            "tls.expired",
            say("its clock and this machine's are {skew:.0f} s apart", skew=abs(skew)),
            "set this machine's clock (timedatectl); certificates depend on it",
        )
    cause = class_of(answer)
    if answer.is_page and answer.status == 200 and answer.hops:
        raise refuse_page(answer)
    if cause and cause not in ("http.404", "http.410"):
        raise refuse(answer)


def _good(answer: WebAnswer) -> WebAnswer:
    if answer.status != 200:
        raise refuse(answer)
    if answer.is_page:
        raise refuse_page(answer)
    return answer


def _info(answer: WebAnswer) -> VersionInfo:
    try:
        return parse_info(answer.body)
    except GosyncError as exc:
        raise fault(
            "protocol.info_json",
            f"{answer.url}: {exc}",
            "the mirror's answer is damaged: tell its operator",
        ) from exc


def _examine(
    file: BinaryIO, mv: ModuleVersion, answer: WebAnswer, stage: StageDraft
) -> ServedZip:
    """Return a zip's h1.

    Raises:
        FaultFoundError: It is none, or breaks a rule.
    """
    size = answer.size_bytes
    file.seek(0)
    first = file.read(4096)
    if answer.content_type == "text/html" or first.lstrip()[:1] == b"<":
        raise refuse_page(msgspec.structs.replace(answer, body=first))
    scan = _scan(file, mv, answer, first)
    if not scan.checked.ok:
        try:
            scan.checked.require_ok(str(mv))
        except GosyncError as exc:
            raise fault(
                "zip.rule", f"{exc}", "go refuses this zip: its publisher must mend it"
            ) from exc
    stage.saw(
        say(
            "{size} bytes, {files}, {h1}",
            size=size,
            files=counted(scan.files, "file"),
            h1=scan.h1,
        )
    )
    return ServedZip(scan.h1, size, first)


def _scan(
    file: BinaryIO, mv: ModuleVersion, answer: WebAnswer, first: bytes
) -> ZipScan:
    size = answer.size_bytes

    def read_at(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    try:
        return scan_zip(read_at, size, mv)
    except MalformedError as exc:
        if exc.what == "file name":
            raise fault("zip.rule", str(exc), "go refuses this zip") from exc
        tail = read_at(max(0, size - _TAIL_BYTES), min(size, _TAIL_BYTES))
        if first.startswith(_BEGIN_OF_ZIP) and _END_OF_ZIP not in tail:
            raise fault(
                "download.truncated_cached",
                say(
                    "{url}: {size} bytes came, as declared, and the zip's end is "
                    "missing: the mirror itself has a cut copy",
                    url=answer.url,
                    size=size,
                ),
                "have it removed from the mirror's cache, or ask another way",
            ) from exc
        raise fault(
            "sum.altered",
            say(
                "{url}: {size} bytes that are no readable zip: {exc}",
                url=answer.url,
                size=size,
                exc=exc,
            ),
            "the bytes were changed or damaged on the way or in the mirror: ask another"
            " way, keep the evidence (--evidence DIR)",
        ) from exc
    except GosyncError as exc:
        raise fault("zip.rule", str(exc), "go refuses this zip") from exc
