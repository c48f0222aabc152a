"""One scanner asked about one zip: a command, or a service over HTTP.

What a scanner runs over comes from outside: it gets a folder of its own, no input, and
so much time; over it, it goes with all that it began. What it says is cut and made
printable.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import msgspec

from gosync.admit.verdict import MAX_REASON, Admits, ScannerSpec
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion

_ADMITTED, _REFUSED = 0, 1
_SAID_BYTES: Final = 64 << 10
_ANSWER_BYTES: Final = 64 << 10
_VERSION_SECONDS: Final = 60.0


class ScannerAnswer(msgspec.Struct, frozen=True):
    """What a scanner answers; a service's JSON.

    Attributes:
        verdict: What it says.
        reason: Why.
        version: Its own version.
    """

    verdict: Admits
    reason: str = ""
    version: str = ""


def ask_scanner(
    spec: ScannerSpec, mv: ModuleVersion, h1: str, zip_file: Path
) -> ScannerAnswer:
    """Show a version to a scanner, and return what it says.

    Args:
        spec: The scanner.
        mv: The version.
        h1: Its zip's.
        zip_file: Its zip, which broke no rule of module zips.

    Raises:
        UnavailableError: it gives no verdict, or took too long.
    """
    if spec.url:
        return _ask_service(spec, mv, h1, zip_file)
    with tempfile.TemporaryDirectory(prefix="gosync-admit-") as folder:
        words = {
            "{folder}": folder,
            "{zip}": str(zip_file),
            "{module}": mv.path,
            "{version}": mv.version,
            "{h1}": h1,
        }
        command = [_filled(each, words) for each in spec.command]
        if not any("{zip}" in each or "{folder}" in each for each in spec.command):
            command.append(folder)
        if folder in " ".join(command):
            _unpack(zip_file, Path(folder))
        code, said = _run(spec, command, spec.seconds)
        for place in (folder, str(zip_file.parent)):  # gone by the time it is read
            said = said.replace(f"{place}/", "")
    if code not in (_ADMITTED, _REFUSED):
        raise UnavailableError(f"{spec.name}: no verdict, exit {code}: {said}")
    verdict = Admits.ADMIT if code == _ADMITTED else Admits.REFUSE
    return ScannerAnswer(verdict, said if code else "", version_of(spec))


def _filled(word: str, words: Mapping[str, str]) -> str:
    for name, text in words.items():
        word = word.replace(name, text)
    return word


def _unpack(zip_file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(zip_file, metadata_encoding="utf-8") as archive:
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile) as exc:
        raise UnavailableError(f"{zip_file.name} cannot be unpacked: {exc}") from exc


@cache
def version_of(spec: ScannerSpec) -> str:
    """Return the version that a scanner's command tells, "" where it is not known.

    Raises:
        UnavailableError: it cannot be asked.
    """
    if not spec.version_command:
        return ""
    code, said = _run(spec, list(spec.version_command), _VERSION_SECONDS)
    if code:
        raise UnavailableError(f"{spec.name}: its version, exit {code}: {said}")
    return said


def _run(spec: ScannerSpec, command: list[str], seconds: float) -> tuple[int, str]:
    """Run a program; return its exit code, and the end of what it says."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the configuration's own
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            raise UnavailableError(f"{spec.name}: {exc.strerror}") from exc
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as exc:
            text = f"{spec.name}: no verdict within {seconds:g} s"
            raise UnavailableError(text) from exc
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return code, _end_of(said)


def _end_of(said: BinaryIO) -> str:
    size_bytes = said.seek(0, os.SEEK_END)
    said.seek(max(0, size_bytes - _SAID_BYTES))
    return _plain(said.read().decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """Return a text as one line that any terminal bears."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in line)[:MAX_REASON]


def _ask_service(
    spec: ScannerSpec, mv: ModuleVersion, h1: str, zip_file: Path
) -> ScannerAnswer:
    parts = urlsplit(spec.url)
    kind: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection
        if parts.scheme == "https"
        else http.client.HTTPConnection
    )
    connection = kind(parts.hostname or "", parts.port, timeout=spec.seconds)
    headers = {
        "Content-Type": "application/zip",
        "Content-Length": str(zip_file.stat().st_size),
        "X-Gosync-Module": mv.path,
        "X-Gosync-Version": mv.version,
        "X-Gosync-H1": h1,
    }
    try:
        with zip_file.open("rb") as body:
            connection.request("POST", parts.path or "/", body, headers)
            answer = connection.getresponse()
            data = answer.read(_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as exc:
        why = str(exc) or type(exc).__name__
        raise UnavailableError(f"{spec.name}: {why}") from exc
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise UnavailableError(f"{spec.name}: answered {answer.status}")
    try:
        found = msgspec.json.decode(data, type=ScannerAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnavailableError(f"{spec.name}: no verdict: {exc}") from exc
    return ScannerAnswer(found.verdict, _plain(found.reason), _plain(found.version))
