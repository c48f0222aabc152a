"""Import declarations and build constraints, row by row as go reads them."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.gomod.goimports import path_of, read_imports

READ: list[tuple[str, str | list[str]]] = [
    ('package p\nimport "a.b/c"\n', ["a.b/c"]),
    ('package p; import "a.b/c"; import "a.b/d"', ["a.b/c", "a.b/d"]),
    ('\ufeffpackage p\r\n\r\nimport (\r\n\t"a.b/c"\r\n)\r\n', ["a.b/c"]),
    ('package p\nimport . "a.b/c"\nimport _ "a.b/d"\nimport é "a.b/e"', "cde"),
    ("package p\nimport (x`a.b/c`;y /**/ `a.b/d`//\n)\nimport()", "cd"),
    ('// c\n/* package q; import "a.b/x" */ package p;import(/*"a.b/x"*/)', ""),
    ('package p\nimport "a.b/c"\nvar x = `\nimport "a.b/x"\n`', "c"),
    ('package p\nimport "a.b/c"\nfunc f() {}\nimport "a.b/x"', "c"),
    ('package p\nimport "C"\nimport "unsafe"\nimport "x/y"\nimport "./a.b"', ""),
    ('package p\nimport "a.b/\\x63"\nimport "\\u0061\\056b/d"', "cd"),
    ('package p\nimport "a.b/c\\\n"\nimport "a.b/d"', "d"),
    ('package p // import "a.b/x"\nimport "a.b/c"', "c"),
    ('package documentation\nimport "a.b/c"', "c"),
    ('package p\nimport "a.b/c d"\nimport "a.b/c"', "c"),
]
BROKEN: list[tuple[str, str | list[str]]] = [
    ('package p\nimport "a.b/c"\nimport (\n"a.b/d"\nx\n"a.b/e', "cd"),
    ('package p\nimport "a.b/c"\nimport "a.b/d\n"', "c"),
    ('package p\nimport ("a.b/c"', "c"),
    ('package {{.Name}}\nimport "a.b/c"', ""),
    ('package p\nimport "a.b/c"\nint x', "c"),
    ('package p\nimport "a.b/c" /* never ends', "c"),
    ('import "a.b/c"', ""),
    ('package p\nimport "a.b/c"\n\0', ""),
    ('package p\nimport ("a.b/c"\n&\n\0', ""),
    ("", ""),
]
CONSTRAINTS = [
    ("//go:build ignore\n\n", False),
    ("//go:build ignore\n", False),
    ("//go:build !ignore\n\n", True),
    ("//go:build linux && !linux && !(a || !b)\n\n", True),
    ("//go:build ignore || windows\n\n", True),
    ("//go:build ignore && windows\n\n", False),
    ("//go:build !(ignore || x)\n\n", True),
    ("//go:build !(!ignore && !x)\n\n", True),
    ("//go:build\n\n", False),
    ("//go:build a &\n\n", False),
    ("//go:build !!a\n\n", False),
    ("//go:build (a\n\n", False),
    ("//go:build a)\n\n", False),
    ("//go:build a b\n\n", False),
    ("//go:build a-b\n\n", False),
    ("//go:buildignore\n\n", True),
    ("// go:build ignore\n\n", True),
    ("//go:build a\n//go:build b\n\n", False),
    ("/* */ //go:build ignore\n\n", True),
    ("/* x\n//go:build ignore\n*/\n", True),
    ("/* x\n*/\n//go:build ignore\n", False),
    ("//go:build é_1.x\n\n", True),
    ("// +build ignore\n\n", False),
    ("//+build ignore\n\n", False),
    ("// +build ignore\n", True),
    ("// +build ignore\n\n// doc\n", False),
    ("// doc\n// +build ignore\n \t\n// doc\n", False),
    ("// +build ignore windows\n\n", True),
    ("// +build ignore,windows\n\n", False),
    ("// +build linux\n// +build ignore\n\n", False),
    ("// +build !ignore\n\n", True),
    ("// +build !!a\n\n", False),
    ("// +build !\n\n", False),
    ("// +build a-b\n\n", False),
    ("// +build !a-b\n\n", True),
    ("// +build\n\n", False),
    ("// +buildignore\n\n", True),
    ("/* x */\n// +build ignore\n\n", True),
    ("//go:build linux\n// +build ignore\n\n", True),
    ("// +build " + " ".join(["ignore"] * 102) + "\n\n", True),
    ("//go:build " + "(" * 999 + "a" + ")" * 999 + "\n\n", True),
    ("//go:build " + "(" * 1000 + "a" + ")" * 1000 + "\n\n", False),
    ("//go:build " + " && ".join(["a"] * 1000) + "\n\n", True),
    ("//go:build " + " && ".join(["a"] * 1001) + "\n\n", False),
]


@pytest.mark.parametrize(("text", "paths"), READ + BROKEN)
def test_imports_are_read_as_go_reads_them(text: str, paths: str | list[str]) -> None:
    wanted = [f"a.b/{each}" if isinstance(paths, str) else each for each in paths]
    literals = read_imports(text.encode())
    assert literals is not None
    assert [path for each in literals if (path := path_of(each))] == wanted


@pytest.mark.parametrize(("lines", "is_built"), CONSTRAINTS)
def test_constraints_hold_for_any_tags(lines: str, *, is_built: bool) -> None:
    literals = read_imports(f'{lines}package p\nimport "a.b/c"'.encode())
    assert literals == ((b'"a.b/c"',) if is_built else None)


def test_a_beginning_is_enough_if_the_head_ends_in_it() -> None:
    text = b'package p\nimport "a.b/c"\nvar x int'
    assert read_imports(text, whole=False) == (b'"a.b/c"',)
    for end in range(text.index(b"v")):
        with pytest.raises(MalformedError):
            read_imports(text[:end], whole=False)
