"""A module's README is found at its root, and kept to some length."""

from __future__ import annotations

import io
import zipfile

import pytest

from gosync.errors import MalformedError
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.readme import (
    MAX_FILE_BYTES,
    MAX_TEXT_BYTES,
    Readme,
    pack,
    read_readme,
    readme_name,
    readme_of,
    unpack,
)
from gosync.gomod.zipdir import ZipEntry

MV = ModuleVersion("m.example/m", "v1.0.0")


def zip_of(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in files.items():
            file.writestr(f"{MV}/{name}", contents)
    return data.getvalue()


def read(files: dict[str, bytes]) -> Readme:
    data = zip_of(files)

    def read_at(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    alone = read_readme(read_at, len(data), MV)
    names: list[bytes | None] = []

    def keep(mv: ModuleVersion, entries: list[ZipEntry]) -> dict[bytes, int]:
        names.append(readme_name(mv, entries))
        return {name: MAX_FILE_BYTES for name in names if name is not None}

    scan = scan_zip(read_at, len(data), MV, keep=keep)
    assert readme_of(names[0], scan.kept) == alone
    return alone


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["README.md", "README", "readme.txt"], "README.md"),
        (["docs/README.md", "x/README"], ""),
        (["Readme.markdown"], "Readme.markdown"),
        (["README", "README.rst"], "README"),
        (["README.go", "README.md.bak", "XREADME.md"], ""),
    ],
)
def test_which_file_it_is(names: list[str], found: str) -> None:
    readme = read({name: name.encode() for name in names})
    assert (readme.name, readme.text) == (found, found)
    assert readme.is_markdown == found.endswith(("md", "markdown"))


def test_a_long_one_is_cut_at_a_line_and_a_huge_one_left_out() -> None:
    line = b"word " * 10 + b"\n"
    readme = read({"README.md": line * 2_000})
    assert readme.is_cut
    assert readme.text.endswith("word \n")
    assert MAX_TEXT_BYTES - 60 < len(readme.text) <= MAX_TEXT_BYTES
    assert read({"README.md": b"\xe4" * MAX_TEXT_BYTES * 2}).is_cut
    assert read({"README.md": b"x" * (MAX_FILE_BYTES + 1)}) == Readme()


@pytest.mark.parametrize(
    "readme", [Readme(), Readme("README.md", "\ufeffé\0", is_cut=True)]
)
def test_packed_it_is_the_same_again(readme: Readme) -> None:
    packed = pack(readme)
    assert unpack(packed) == readme
    for broken in (b"", b"\x00" + packed[1:], packed[:5], packed[:1] + b"x"):
        with pytest.raises(MalformedError):
            unpack(broken)
