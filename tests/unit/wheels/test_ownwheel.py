"""The wheel of an installed package, made again of its files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from gosync.errors import UsageError
from gosync.wheels import ownwheel

INFO = "gosync-9.9.9.dist-info"
FILES = {
    "gosync/__init__.py": b'__version__ = "9.9.9"\n',
    "gosync/samples/gosync.toml": b"",
    f"{INFO}/METADATA": b"Metadata-Version: 2.4\nName: gosync\nVersion: 9.9.9\n",
    f"{INFO}/entry_points.txt": b"[console_scripts]\n",
}
INSTALLERS = ("../../bin/gosync", "gosync/__pycache__/x.pyc", f"{INFO}/INSTALLER")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "lib" / "site-packages"
    for name in (*FILES, *INSTALLERS):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES.get(name, b"an installer's\n"))
    record = "".join(f"{name},,\n" for name in (*FILES, *INSTALLERS))
    (root / INFO / "RECORD").write_text(f"{record}{INFO}/RECORD,,\n")

    def found(_name: str) -> Distribution:
        return Distribution.at(root / INFO)

    monkeypatch.setattr(ownwheel, "distribution", found)
    return root


def test_it_has_the_package_and_nothing_of_the_installer(
    installed: Path, tmp_path: Path
):
    path = ownwheel.write_own_wheel(tmp_path)
    assert path.name == "gosync-9.9.9-py3-none-any.whl"
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        record = list(csv.reader(io.StringIO(wheel.read(f"{INFO}/RECORD").decode())))
    assert names == {*FILES, f"{INFO}/RECORD"}
    for name, digest, size in record[:-1]:
        want = base64.urlsafe_b64encode(hashlib.sha256(FILES[name]).digest())
        assert digest == f"sha256={want.rstrip(b'=').decode()}"
        assert size == str(len(FILES[name]))
    assert record[-1] == [f"{INFO}/RECORD", "", ""]


def test_the_same_files_make_the_same_bytes(installed: Path, tmp_path: Path):
    first = ownwheel.write_own_wheel(tmp_path).read_bytes()
    (installed / "gosync/__init__.py").touch()
    assert ownwheel.write_own_wheel(tmp_path).read_bytes() == first


def test_an_installation_that_is_not_whole_makes_none(installed: Path, tmp_path: Path):
    (installed / "gosync/__init__.py").unlink()
    with pytest.raises(UsageError, match="this installation is not whole"):
        ownwheel.write_own_wheel(tmp_path)
