from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.modfile import (
    MAX_GO_MOD_BYTES,
    Replacement,
    Requirement,
    Retraction,
    auto_quote,
    parse,
    parse_lax,
    synthesize,
)
from gosync.gomod.modquote import unquote

WHOLE = b"""\
// Deprecated: use example.com/m/v2
// instead.
//
// It is better.
module example.com/m

go 1.23
toolchain go1.23.4

require example.com/a v1.2.3
require (
\texample.com/b/v2 v2.0.0 // indirect
\t"example.com/c" v1 // indirect; for the test
)

exclude example.com/a v1.2.2
replace (
\texample.com/a => ../a
\texample.com/c v1.0.0 => example.com/d v1.1.0
)
// Broken.
retract (
\tv1.0.0
\t[v1.1.0, v1.2.0] // Leaks.
)
tool example.com/a/cmd/gen
ignore ./node_modules
godebug default=go1.21
"""


@pytest.mark.parametrize("parser", [parse, parse_lax])
def test_every_directive_is_read(parser) -> None:
    mod = parser(WHOLE)
    assert mod.module == "example.com/m"
    assert mod.deprecated == "use example.com/m/v2\ninstead."
    assert (mod.go, mod.toolchain) == ("1.23", "go1.23.4")
    assert mod.require == (
        Requirement("example.com/a", "v1.2.3"),
        Requirement("example.com/b/v2", "v2.0.0", indirect=True),
        Requirement("example.com/c", "v1.0.0", indirect=True),
    )
    assert mod.exclude == (("example.com/a", "v1.2.2"),)
    assert mod.replace == (
        Replacement("example.com/a", "", "../a", ""),
        Replacement("example.com/c", "v1.0.0", "example.com/d", "v1.1.0"),
    )
    assert mod.retract == (
        Retraction("v1.0.0", "v1.0.0", "Broken."),
        Retraction("v1.1.0", "v1.2.0", "Leaks."),
    )
    assert mod.tool == ("example.com/a/cmd/gen",)
    assert mod.ignore == ("./node_modules",)
    assert mod.godebug == (("default", "go1.21"),)


@pytest.mark.parametrize(
    "text",
    [
        "future thing",
        "future (\n\tthing\n)",
        "require thing (\n\tx\n)",
        "go 1.99rc-new",
        "retract (v1.0.0, v2.0.0]",
        "replace broken",
        "toolchain x",
        "exclude x",
        "tool",
        "godebug x",
        "go (\n1.20\n)",
    ],
)
def test_a_dependency_may_have_what_only_a_later_go_understands(text) -> None:
    data = f"module example.com/m\n{text}\n".encode()
    assert parse_lax(data).module == "example.com/m"
    with pytest.raises(MalformedError) as caught:
        parse(data)
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "module a.b/c\nmodule a.b/c",
        "module a.b/c d",
        "module `a.b/c`",
        "module 'a.b/c'",
        'module "a.b/\\q"',
        'module "a.b',
        "go 1.20\ngo 1.20",
        "go x",
        "require a.b/c",
        "require a.b/c main",
        "require a.b/c v2.0.0",
        "require a.b/c/v1 v1.0.0",
        "require (\na.b/c v1.0.0",
        "require (\na.b/c v1.0.0\n) x",
        "/* comment */",
        "module a.b/c\x00",
    ],
)
def test_broken_syntax_and_needed_directives_are_errors_everywhere(text) -> None:
    for parser in (parse, parse_lax):
        with pytest.raises(MalformedError):
            parser(text.encode())


def test_the_error_names_the_line_and_the_directive() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_lax(b"module a.b/c\n\nrequire a.b/d v2.0.0\n")
    assert "line 3" in str(caught.value)
    assert "v2.0.0" in str(caught.value)


def test_lines_after_a_blank_one_do_not_inherit_the_comment_of_their_block() -> None:
    mod = parse(b"// All.\nretract (\n\tv1.0.0\n\tv1.1.0\n\n\tv1.2.0\n)\n")
    assert [each.rationale for each in mod.retract] == ["All.", "All.", ""]


def test_a_file_may_end_its_lines_with_crlf_and_name_no_module() -> None:
    assert parse(b"go 1.20\r\n").go == "1.20"
    assert parse_lax(b"").module == ""


def test_more_than_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLargeError):
        parse_lax(b"\n" * (MAX_GO_MOD_BYTES + 1))


def test_a_module_without_a_go_mod_gets_one_line() -> None:
    assert synthesize("example.com/m") == b"module example.com/m\n"
    assert synthesize("odd path") == b'module "odd path"\n'


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a.b/c", "a.b/c"),
        ("", '""'),
        ("a b", '"a b"'),
        ("(", "("),
        ("a(", '"a("'),
        ("a//b", '"a//b"'),
        ("\t\x00\x7f\u00a0\U000e0001", r'"\t\x00\x7f\u00a0\U000e0001"'),
        ("é", "é"),
    ],
)
def test_a_string_is_quoted_only_where_it_must_be(text, want) -> None:
    assert auto_quote(text) == want
    assert unquote(want) == text


def test_escaped_bytes_that_are_utf_8_together_are_one_character() -> None:
    assert unquote(r'"\xc3\xa9\351"') == "é\udce9"


@pytest.mark.parametrize("token", [r'"\ud800"', r'"\U00110000"', r'"\477"', "a'b"])
def test_escapes_that_go_does_not_have_are_refused(token) -> None:
    with pytest.raises(MalformedError):
        unquote(token)
