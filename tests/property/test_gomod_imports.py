"""The scanner of Go imports on any bytes, and on files that another writer wrote."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod.goimports import HeadReader, path_of, read_imports
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.packages import pack, unpack
from tests.tiers import examples

PIECES = st.sampled_from(
    [
        b"package p\n",
        b"package ",
        b"import ",
        b'"a.b/c"',
        b"`a.b/d`",
        b"(",
        b")",
        b";",
        b"//go:build ignore\n",
        b"// +build !x\n\n",
        b"/*",
        b"*/",
        b"\xef\xbb\xbf",
        b"\n",
        b"\0",
        b"\\",
        b'"',
        b"`",
        b"x",
        b".",
        b"\xff",
    ]
)
files = st.one_of(
    st.binary(max_size=80),
    st.lists(PIECES, max_size=25).map(b"".join),
)

BLANKS = ["", " ", "\t", "\n", "\r\n", "; ", ' /* "no.x/a" import */ ', "//(\n"]
blanks = st.sampled_from(BLANKS)
spaces = st.sampled_from([" ", "\n", "\t/**/", ' // "no.x/b"\n'])
paths = st.sampled_from(
    ["fmt", "C", "a.b/c", "a.b/c/d-e", "x.y/z_1", "gopkg.in/q.v2", "é.x/ü", "./rel.x"]
)


@st.composite
def literals(draw) -> tuple[str, str]:
    """A path, and one of the ways to write it."""
    path = draw(paths)
    forms = [f'"{path}"', f"`{path}`", '"' + "".join(map(_escaped, path)) + '"']
    return path, draw(st.sampled_from(forms))


def _escaped(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if ord(letter) < 128 else f"\\u{ord(letter):04x}"


@st.composite
def specs(draw) -> tuple[str, str]:
    path, literal = draw(literals())
    name = draw(st.sampled_from(["", ".", "_ ", "name\t", "ñ /* */"]))
    return path, f"{name}{literal}"


@st.composite
def declarations(draw) -> tuple[list[str], str]:
    if draw(st.booleans()):
        path, spec = draw(specs())
        return [path], f"import{draw(spaces)}{spec}{draw(blanks)}\n"
    found = draw(st.lists(specs(), max_size=4))
    between = [
        spec + draw(st.sampled_from([";", "\n", ' // "no.x/c"\n'])) for _, spec in found
    ]
    inside = draw(blanks) + draw(blanks).join(between)
    return [
        path for path, _ in found
    ], f"import{draw(blanks)}({inside}){draw(blanks)}\n"


@st.composite
def go_files(draw) -> tuple[list[str], str]:
    """The paths that a file imports, and the file."""
    made = draw(st.lists(declarations(), max_size=4))
    before = draw(st.lists(blanks, max_size=3).map("".join)).replace(";", "")
    mark = draw(st.sampled_from(["", "\ufeff"]))
    rest = draw(
        st.sampled_from(["", 'var x = "no.x/d"', 'func f() {}\nimport "no.x/e"', "}"])
    )
    text = f"{mark}{before}package{draw(spaces)}p{draw(spaces)}\n"
    text += "".join(each for _, each in made) + rest
    return [path for all_, _ in made for path in all_], text


@st.composite
def constraints(draw) -> tuple[str, bool]:
    """An expression, and whether any tags satisfy it, each time a tag is asked for."""
    tree = draw(
        st.recursive(
            st.sampled_from(["ignore", "linux", "x_1.y"]),
            lambda inner: st.one_of(
                st.tuples(st.just("!"), inner),
                st.tuples(st.sampled_from(["&&", "||"]), inner, inner),
            ),
            max_leaves=8,
        )
    )
    return _written(tree), _holds(tree, wanted=True)


def _written(tree) -> str:
    if isinstance(tree, str):
        return tree
    inner = [
        _written(each) if isinstance(each, str) else f"({_written(each)})"
        for each in tree[1:]
    ]
    return f"!{inner[0]}" if tree[0] == "!" else f" {tree[0]} ".join(inner)


def _holds(tree, *, wanted: bool) -> bool:
    if isinstance(tree, str):
        return wanted and tree != "ignore"
    if tree[0] == "!":
        return not _holds(tree[1], wanted=not wanted)
    both = [_holds(each, wanted=wanted) for each in tree[1:]]
    return all(both) if tree[0] == "&&" else any(both)


@settings(max_examples=examples(200))
@given(files, st.data())
def test_whatever_comes_is_read_alike_in_one_piece_and_in_chunks(
    data: bytes, choices: st.DataObject
) -> None:
    found = read_imports(data)
    head, at = HeadReader(), 0
    while at < len(data):
        size = choices.draw(st.integers(1, len(data)))
        head.add(memoryview(data)[at : at + size])
        at += size
    assert head.imports() == found
    for literal in found or ():
        path = path_of(literal)
        assert path is None or "." in path.partition("/")[0]


@settings(max_examples=examples(200))
@given(go_files())
def test_imports_that_were_written_are_read(made: tuple[list[str], str]) -> None:
    wanted, text = made
    literals_read = read_imports(text.encode())
    assert literals_read is not None
    read = [path for each in literals_read if (path := path_of(each))]
    assert read == [each for each in wanted if _may_be_a_module(each)]


def _may_be_a_module(path: str) -> bool:
    return path.isascii() and "." in path.partition("/")[0].strip(".")


@settings(max_examples=examples(150))
@given(constraints())
def test_constraints_are_held_against_every_tag(made: tuple[str, bool]) -> None:
    text, holds = made
    found = read_imports(f"//go:build {text}\n\npackage p\n".encode())
    assert found == (() if holds else None)


packages = st.builds(
    Package,
    folder=st.sampled_from(["", "a", "a/b", "\udcff"]),
    imports=st.lists(paths, unique=True).map(sorted).map(tuple),
    test_imports=st.lists(paths, unique=True).map(sorted).map(tuple),
    is_built=st.booleans(),
)


@settings(max_examples=examples(100))
@given(st.lists(packages, max_size=4), st.integers(0), st.integers(0, 255))
def test_packed_packages_come_back_or_are_refused(
    kept: list[Package], at: int, byte: int
) -> None:
    module = ModulePackages(tuple(kept))
    packed = pack(module)
    assert unpack(packed) == module
    damaged = bytearray(packed)
    damaged[at % len(packed)] = byte
    try:
        unpack(bytes(damaged))
    except MalformedError:
        return
    # What decodes is of the right types; that it is right, nobody can tell.
