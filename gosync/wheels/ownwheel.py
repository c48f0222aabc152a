"""Wheel of the gosync that runs, made again of what is installed.

An installation has all of a wheel's files and its RECORD, so the wheel can be made of
it with nothing but what is there: the same files make the same bytes. One that is
installed from a checkout to work on (``pip install --editable``) has none of them, and
is built.

The format is that of the Binary distribution format,
https://packaging.python.org/specifications/binary-distribution-format/.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from gosync.errors import UsageError

_NAME: Final = "gosync"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_NOT_CARRIED: Final = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "RECORD"})
_INSTALL_AGAIN: Final = "install gosync from a wheel, and run this again"


def write_own_wheel(folder: Path) -> Path:
    """Write the wheel into a folder; return its path.

    Raises:
        UsageError: this gosync is not installed, or what is installed is not whole.
    """
    try:
        found = distribution(_NAME)
    except PackageNotFoundError as exc:
        raise UsageError("gosync is not installed here", hint=_INSTALL_AGAIN) from exc
    checkout = _checkout(found)
    return _build(checkout, folder) if checkout else _collect(found, folder)


def _checkout(found: Distribution) -> Path | None:
    """Return the folder that an editable installation is of, None for another one."""
    text = found.read_text("direct_url.json")
    if text is None:
        return None
    document = json.loads(text)
    if not document.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(document["url"]).path))


def _build(checkout: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(checkout)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    made = sorted(folder.glob(f"{_NAME}-*.whl"))
    if done.returncode or not made:
        reason = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise UsageError(f"{checkout}: no wheel: {reason}", hint=_INSTALL_AGAIN)
    return made[-1]


def _collect(found: Distribution, folder: Path) -> Path:
    path = folder / f"{_NAME}-{found.version}-py3-none-any.whl"
    info = f"{_NAME}-{found.version}.dist-info"
    lines = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in _files(found):
            _put(wheel, name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
            lines.append(f"{name},sha256={digest.rstrip(b'=').decode()},{len(data)}\n")
        record = f"{info}/RECORD"
        _put(wheel, record, "".join([*lines, f"{record},,\n"]).encode())
    return path


def _files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    for each in sorted(found.files or (), key=str):
        name = PurePosixPath(each)
        if ".." in name.parts or "__pycache__" in name.parts:
            continue  # a script of the installer's, and bytecode
        if name.name in _NOT_CARRIED and name.parent.suffix == ".dist-info":
            continue
        try:
            yield str(name), Path(str(found.locate_file(each))).read_bytes()
        except OSError as exc:
            raise UsageError(
                f"{name}: {exc.strerror}: this installation is not whole",
                hint=_INSTALL_AGAIN,
            ) from exc


def _put(wheel: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    wheel.writestr(entry, data)
