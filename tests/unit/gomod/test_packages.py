"""Packages of a module: which folders are some, and what they import."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.packages import MAX_IMPORT_BYTES, pack, read_packages, unpack

FILES = [
    ("m.x@v1.0.0/b/f.go", (b'"a.b/d"', b'"a.b/c"')),
    ("m.x@v1.0.0/b/f_test.go", (b'"a.b/d"', b"`a.b/e`")),
    ("m.x@v1.0.0/main.go", ()),
    ("m.x@v1.0.0/only/x_test.go", (b'"a.b/t"',)),
    ("m.x@v1.0.0/never/x.go", None),
    ("m.x@v1.0.0/program/x.go", (b"main", b'"a.b/c"')),
    ("m.x@v1.0.0/program/x_test.go", ()),
    ("m.x@v1.0.0/mixed/x.go", (b"main",)),
    ("m.x@v1.0.0/mixed/y.go", ()),
    ("m.x@v1.0.0/testdata/x.go", (b'"a.b/c"',)),
    ("m.x@v1.0.0/_x/y/x.go", ()),
    ("m.x@v1.0.0/c/.x/x.go", ()),
    ("m.x@v1.0.0/vendor/x.go", ()),
    ("m.x@v1.0.0/vendor/y/x.go", (b'"a.b/c"',)),
    ("m.x@v1.0.0/z/vendor/y/x.go", (b'"a.b/c"',)),
    ("m.x@v1.0.0/notvendor/y/x.go", ()),
    ("m.x@v1.0.0/none/_x.go", ()),
    ("m.x@v1.0.0/none/.x.go", ()),
    ("m.x@v1.0.0/none/x.c", ()),
]


def test_folders_with_go_files_are_packages() -> None:
    module = read_packages("m.x@v1.0.0/", FILES)
    assert module.packages == (
        Package(""),
        Package("_x/y"),
        Package("b", ("a.b/c", "a.b/d"), ("a.b/e",)),
        Package("c/.x"),
        Package("mixed"),
        Package("never", is_built=False, is_library=False),
        Package("notvendor/y"),
        Package("only", (), ("a.b/t",), is_library=False),
        Package("program", ("a.b/c",), is_library=False, is_command=True),
        Package("testdata", ("a.b/c",)),
        Package("vendor"),
    )
    matched = [each.folder for each in module.packages if each.is_matched]
    assert matched == ["", "b", "mixed", "notvendor/y", "only", "program", "vendor"]


def test_packages_come_back_as_they_were_packed() -> None:
    module = read_packages("m.x@v1.0.0/", [*FILES, ("m.x@v1.0.0/\udcff/x.go", ())])
    assert unpack(pack(module)) == module
    assert unpack(pack(ModulePackages())) == ModulePackages()


@pytest.mark.parametrize("at", [0, 1, 5, -1])
def test_another_form_or_damage_is_refused(at: int) -> None:
    packed = bytearray(pack(read_packages("m.x@v1.0.0/", FILES)))
    packed[at] ^= 0x55
    with pytest.raises(MalformedError):
        unpack(bytes(packed))


def test_imports_of_a_module_have_a_limit() -> None:
    literals = (b'"a.b/c"',) * (MAX_IMPORT_BYTES // 7 + 1)
    with pytest.raises(TooLargeError):
        read_packages("", [("x.go", literals)])
