from __future__ import annotations

import random
from time import process_time

import pytest

from gosync.gomod.patterns import (
    PatternSet,
    is_literal,
    literal_prefix,
    match_prefix_patterns,
)


@pytest.mark.parametrize(
    ("glob", "path", "want"),
    [
        ("corp.com/*", "corp.com/a/b", True),
        ("corp.com/*", "corp.com", False),
        ("corp.com", "corp.com/a", True),
        ("corp.com", "corp.company", False),
        ("corp.com/", "corp.com/a", True),
        ("*.corp.com", "x.corp.com/y", True),
        ("*", "anything/at/all", True),
        ("a?c", "abc/d", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[c-a]x", "bx", False),
        ("[^c-a]x", "bx", True),
        (r"\*", "*", True),
        (r"[\]a]", "]", True),
        ("a[/]b", "a/b", True),
        ("a[^x]b", "a/b", False),
        ("[", "[", False),
        ("[]a]", "a", False),
        ("[a", "a", False),
        ("[a-]", "a", False),
        ("a\\", "a", False),
        ("", "", False),
    ],
)
def test_a_pattern_matches_prefixes_of_as_many_elements(glob, path, want) -> None:
    assert PatternSet([glob]).match(path) == want
    lines = f"{path}\nno/such\n{path}"
    assert (path in PatternSet([glob]).matching_lines(lines)) == want


def test_many_patterns_match_many_lines_as_one_by_one() -> None:
    dice = random.Random(1)
    hosts = ("a.example", "b.example", "[ab].example", "*", "a*", "?.example", "a[^b]")
    ends = (
        "",
        "/",
        "/m",
        "/*",
        "/m?",
        "/[^a]",
        "/m/*",
        "/m[^x]n",
        "/\\m",
        "/[",
        "/a[/]m",
    )
    globs = ["", *(host + end for host in hosts for end in ends)]
    paths = [
        "/".join(
            dice.choice(("a.example", "b.example", "m", "n", "a", "mn"))
            for _ in range(dice.randrange(1, 5))
        )
        for _ in range(300)
    ]
    for _ in range(300):
        patterns = PatternSet(dice.sample(globs, dice.randrange(5)))
        found = patterns.matching_lines("\n".join(paths))
        assert found == set(filter(patterns.match, paths)), patterns


_RARE_M, _RARE_N = "a.example/rare/m", "b.example/rare/n/v2"


@pytest.mark.parametrize(
    ("globs", "want"),
    [
        (["*/rare/*"], [_RARE_M, _RARE_N]),
        (["a.example/rare"], [_RARE_M]),
        (["a.example/rare/", "?.example/*/n"], [_RARE_M, _RARE_N]),
        (["*.example/rar[e]/n"], [_RARE_N]),
        ([r"*.example/r\are/n"], [_RARE_N]),
        (["*rare"], []),
        (["a.example/rar"], []),
        (["rare/m"], []),
        (["[/rare"], []),
        (["rarely\noften.example"], []),
    ],
)
def test_a_few_of_many_lines_are_found_where_they_begin(globs, want) -> None:
    often = [f"often.example/org{number}/rarely" for number in range(2_000)]
    paths = [_RARE_M, *often, *often, _RARE_N]
    lines = "\n".join(paths)
    found = list(PatternSet(globs).places_in(lines))
    assert [path for _, path in found] == want
    assert all(lines.startswith(path, at) for at, path in found)
    assert [at == 0 or lines[at - 1] == "\n" for at, _ in found] == [True] * len(found)


def test_a_comma_separated_list_keeps_its_spaces() -> None:
    assert match_prefix_patterns("a,corp.com", "corp.com/x")
    assert not match_prefix_patterns("a, corp.com", "corp.com/x")


@pytest.mark.parametrize(
    ("glob", "prefix"),
    [
        ("a.example/m", "a.example/m"),
        ("a.example/m/", "a.example/m"),
        ("a.example/*", "a.example/"),
        ("a.example/org[12]/x", "a.example/org"),
        ("a.example/m\\*", "a.example/m"),
        ("*/m", ""),
    ],
)
def test_paths_begin_with_a_patterns_literal_part(glob: str, prefix: str) -> None:
    assert literal_prefix(glob) == prefix


def test_a_literal_has_no_wildcard() -> None:
    assert is_literal("github.com/acme/tool")
    assert not any(map(is_literal, ["a/*", "a?", "[ab]", "a\\b"]))


def test_a_set_without_a_usable_pattern_is_false() -> None:
    assert not PatternSet(["", "/", "["])
    assert PatternSet(["a"])
    assert repr(PatternSet(["a"])) == "PatternSet(('a',))"


def test_a_hundred_thousand_paths_take_a_moment() -> None:
    patterns = PatternSet(
        [f"github.com/team{i}/*" for i in range(100)] + ["rsc.io/*", "a.b/c", "x.*"]
    )
    began = process_time()
    for i in range(100_000):
        patterns.match(f"github.com/someone{i}/something")
    assert process_time() - began < 1
