"""Keep the code of a release, for the tests to cross it with every later one.

    python -m tests.crossing.freeze [COMMIT]

writes ``releases/gosync-VERSION.tar.xz``, the package and the schema of a commit as
its version names it, and notes its SHA-256 in ``releases/SHA256SUMS``. It is run once,
at the commit that is tagged. What a release wrote and read is never changed after.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import subprocess
import sys
import tarfile
from pathlib import Path

RELEASES = Path(__file__).parent / "releases"
SUMS = RELEASES / "SHA256SUMS"
_CHECKOUT = Path(__file__).parents[2]
_VERSION = re.compile(rb'^__version__ = "([^"]+)"$', re.MULTILINE)
_CODE = (".py", ".sql")


def freeze(commit: str) -> Path:
    """Write the archive of a commit; the same commit gives the same bytes."""
    files = _files(commit)
    version = _VERSION.search(files["gosync/__init__.py"])
    assert version is not None
    archive = RELEASES / f"gosync-{version[1].decode()}.tar.xz"
    archive.write_bytes(lzma.compress(_packed(files), preset=9 | lzma.PRESET_EXTREME))
    sums = {**read_sums(), archive.name: digest_of_file(archive)}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    SUMS.write_text("".join(lines))
    return archive


def read_sums() -> dict[str, str]:
    """Return the digests of the archives by their names."""
    if not SUMS.exists():
        return {}
    lines = (line.split("  ", 1) for line in SUMS.read_text().splitlines())
    return {name: digest for digest, name in lines}


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(commit: str) -> dict[str, bytes]:
    command = ["git", "archive", "--format=tar", commit, "gosync", "schema"]
    data = subprocess.run(command, cwd=_CHECKOUT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(data.stdout)) as tar:
        return {
            entry.name: file.read()
            for entry in tar
            if entry.name.endswith(_CODE) and (file := tar.extractfile(entry))
        }


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


if __name__ == "__main__":
    print(freeze(sys.argv[1] if len(sys.argv) > 1 else "HEAD"))
