"""Folder of wheels that carries gosync over a gap.

::

    wheels/*.whl        gosync, what it needs, and pip
    requirements.txt    their exact versions and SHA-256, as pip checks them
    install.sh          makes a virtual environment of them: no network, no index
    SHA256SUMS          of all that, written last

pip chooses and fetches, in the versions that this gosync runs with where the platform
has them, from whatever index it is configured for.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from gosync.errors import UnavailableError, UsageError
from gosync.store.durable import disk_errors
from gosync.wheels.ownwheel import write_own_wheel
from gosync.wheels.platforms import wheel_tags

WHEELS: Final = "wheels"
_SCRIPT: Final = """#!/bin/sh
# Installs gosync from this folder into a virtual environment: sh install.sh [TARGET]
set -eu
target=${1:-/opt/gosync}
case "$target" in /*) ;; *) target=$PWD/$target ;; esac
cd "$(dirname "$0")"
sha256sum -c --quiet SHA256SUMS
if [ -e "$target" ]; then echo "$target is there already" >&2; exit 1; fi
python3 -m venv --without-pip "$target"
set -- wheels/pip-*.whl
"$target/bin/python" "$1/pip" --disable-pip-version-check install --quiet --no-index \\
    --find-links wheels --require-hashes --requirement requirements.txt
"$target/bin/gosync" --version
echo "next: ln -s $target/bin/gosync /usr/local/bin/gosync"
"""


class CarriedWheels(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder of wheels has; its fields are the document's keys.

    Attributes:
        folder: The folder.
        version: gosync's version.
        wheels: The wheels' names.
        size_bytes: How large they are.
    """

    folder: str
    version: str
    wheels: tuple[str, ...]
    size_bytes: int


def carry_wheels(
    folder: Path, *, extras: Sequence[str], platform: str, python: str
) -> CarriedWheels:
    """Make the folder, which must not be there.

    Args:
        folder: Where.
        extras: gosync's extras that are wanted.
        platform: What it is to run on, like ``linux-amd64``; "" for this machine.
        python: The version of Python there, like ``3.12``; "" for this one's.

    Raises:
        UsageError: the folder is there, pip is not, or no wheels fit.
        UnavailableError: pip cannot fetch one.
        StoreError: the folder cannot be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already", hint="name another folder")
    with (
        disk_errors(folder),
        TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch,
    ):
        made = Path(scratch) / folder.name
        wheels = made / WHEELS
        wheels.mkdir(parents=True)
        own = write_own_wheel(wheels)
        _fetch(own, wheels, extras, _target_options(platform, python))
        names = sorted(each.name for each in wheels.glob("*.whl"))
        _write(made, names)
        size_bytes = sum((wheels / name).stat().st_size for name in names)
        made.rename(folder)  # whole, or not there
    return CarriedWheels(
        folder=str(folder),
        version=own.name.split("-")[1],
        wheels=tuple(names),
        size_bytes=size_bytes,
    )


def _target_options(platform: str, python: str) -> list[str]:
    options = []
    if platform:
        for tag in wheel_tags(platform):
            options += ["--platform", tag]
    if platform or python:
        version = python or f"{sys.version_info.major}.{sys.version_info.minor}"
        options += ["--python-version", version, "--implementation", "cp"]
    return options


def _fetch(
    own: Path, wheels: Path, extras: Sequence[str], target: Iterable[str]
) -> None:
    wanted = f"{own}[{','.join(extras)}]" if extras else str(own)
    with TemporaryDirectory(prefix="gosync-wheels-") as scratch:
        constraints = Path(scratch) / "constraints.txt"
        constraints.write_text("".join(sorted(_installed())))
        command = [sys.executable, "-m", "pip", "download", "--quiet"]
        command += ["--disable-pip-version-check", "--only-binary=:all:"]
        command += ["--constraint", str(constraints), "--dest", str(wheels), *target]
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*command, wanted, "pip"], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise _failure(done.stderr)


def _failure(said: str) -> UsageError | UnavailableError:
    """Return the error that pip's words amount to."""
    last = said.strip().rpartition("\n")[2].removeprefix("ERROR: ")
    if "No module named pip" in said:
        hint = "run it where gosync was installed by pip, not by uv"
        return UsageError("there is no pip here", hint=hint)
    if "No matching distribution" in said:
        return UsageError(last, hint="name another --platform or --python")
    return UnavailableError(f"pip: {last}")


def _installed() -> Iterable[str]:
    """Yield the versions that this gosync runs with, as constraints."""
    for each in distributions():
        name = each.metadata["Name"]
        if name and name not in ("gosync", "pip"):
            yield f"{name}=={each.version}\n"


def _write(folder: Path, names: Sequence[str]) -> None:
    wheels = folder / WHEELS
    digests = {name: _sha256(wheels / name) for name in names}
    lines = (
        f"{name.split('-')[0]}=={name.split('-')[1]} --hash=sha256:{digest}\n"
        for name, digest in digests.items()
    )
    files = {"requirements.txt": "".join(lines), "install.sh": _SCRIPT}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    sums = {f"{WHEELS}/{name}": digest for name, digest in digests.items()}
    sums |= {name: _sha256(folder / name) for name in files}
    told = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    (folder / "SHA256SUMS").write_text(told, encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
