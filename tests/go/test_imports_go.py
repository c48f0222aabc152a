"""What a real ``go`` looks for, held against what we read of the same files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gosync.gomod.goimports import read_imports
from gosync.gomod.packages import read_packages
from tests.simulator.goclient import GoClient
from tests.unit.gomod.test_goimports import BROKEN, CONSTRAINTS, READ

pytestmark = pytest.mark.go

_WANTED = re.compile(
    r"^\t?(?:\S+ imports\n\t)?(\S+): (?:cannot find module|module look)", re.MULTILINE
)
PLACES = [
    "f.go",
    "f_windows_arm64.go",
    "f_test.go",
    "f_linux_test.go",
    "_f.go",
    ".f.go",
    "f.txt",
    "internal/f.go",
    "deep/er/f.go",
    "testdata/f.go",
    "_x/f.go",
    ".x/f.go",
    "x/_y/z/f.go",
]


def written() -> dict[str, bytes]:
    """Return files by name: a folder for each row, with paths of its own."""
    files = {}
    heads = [text for text, _ in READ + BROKEN]
    heads += [f'{lines}package p\nimport "a.b/c"\n' for lines, _ in CONSTRAINTS]
    for number, head in enumerate(heads):
        files[f"r{number}/f.go"] = head.replace("a.b/", f"r{number}.b/").encode()
    for number, place in enumerate(PLACES):
        text = f'package p\nimport _ "p{number}.b/c"\n'
        files[f"p{number}/{place}"] = text.encode()
    return files


def test_go_looks_for_the_packages_that_are_read(tmp_path: Path) -> None:
    files = written()
    with GoClient(tmp_path / "go", goproxy="off", gosumdb="off") as client:
        (client.work / "go.mod").write_text("module m.example/m\n\ngo 1.21\n")
        for name, data in files.items():
            file = client.work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        said = client.try_run("mod", "tidy", "-e").stderr
    looked_for = set(_WANTED.findall(said))
    module = read_packages(
        "", [(name, read_imports(data)) for name, data in files.items()]
    )
    read = {
        path
        for each in module.packages
        if each.is_matched
        for path in (*each.imports, *each.test_imports)
    }
    assert len(read) > len(CONSTRAINTS) // 2
    assert looked_for == read, said
