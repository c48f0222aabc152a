"""Evidence of what stands in the mirror's place: a folder that others can look at.

One folder a run, named by its time, with what there is of::

    report.json            the stages, their findings, the conclusion
    chain-HOST.pem         the certificates of a host that is not believed
    answer-N.head          status, URL, redirects and header fields of an odd answer
    answer-N.body          the first 64 KiB of its body
    sumdb-NAME             what a checksum database said: lookup, notes, tiles
    altered.json           a version's h1 as it came and as proven, who serves which,
                           and what that amounts to

Header fields that carry logins are left out. Files are for their owner alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gosync.clock import Clock, format_time
from gosync.diagnose.doctor.diagnosis import Diagnosis
from gosync.diagnose.doctor.report import DoctorReport
from gosync.diagnose.doctor.walk import DoctorRun
from gosync.diagnose.doctor.webanswer import WebAnswer
from gosync.errors import OutputError
from gosync.text import encode_json

_SECRET_FIELDS: Final = frozenset({"set-cookie", "authorization", "www-authenticate"})


def keep_evidence(
    folder: Path, run: DoctorRun, diagnosis: Diagnosis, clock: Clock
) -> Path:
    """Write what a run saw, and return the folder of it.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        return _kept(folder, run, diagnosis, clock)
    except OSError as exc:
        raise OutputError(f"{folder}: {exc.strerror}") from exc


def _kept(folder: Path, run: DoctorRun, diagnosis: Diagnosis, clock: Clock) -> Path:
    moment = re.sub(r"[^0-9TZ]", "", format_time(clock.now()))
    made = folder / moment
    made.mkdir(parents=True, mode=0o700)
    for name, data in _files(run, diagnosis):
        path = made / name
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(data)
    return made


def _files(run: DoctorRun, diagnosis: Diagnosis) -> Iterator[tuple[str, bytes]]:
    report = DoctorReport.of(diagnosis)
    yield "report.json", msgspec.json.format(encode_json(report))
    for origin, shown in run.opener.shown.items():
        chain = "".join(each.pem for each in shown.chain)
        yield f"chain-{_plain(origin.netloc)}.pem", chain.encode()
    for number, answer in enumerate(run.web.odd, start=1):
        yield f"answer-{number}.head", _head(answer).encode("utf-8", "replace")
        yield f"answer-{number}.body", answer.body
    for name, data in run.evidence.items():
        yield f"sumdb-{_plain(name)}", data
    if run.alterations:
        plain = [
            msgspec.structs.replace(each, text=str(each.text))
            for each in run.alterations
        ]
        yield "altered.json", msgspec.json.format(encode_json(plain))


def _head(answer: WebAnswer) -> str:
    lines = [*(f"redirected from {hop}" for hop in answer.hops), answer.url]
    lines.append(f"status {answer.status}")
    for name, value in answer.headers.items():
        lines.append(f"{name}: {'***' if name in _SECRET_FIELDS else value}")
    return "\n".join(lines) + "\n"


def _plain(name: str) -> str:
    """Return a name as a file's: without separators, not hidden."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
