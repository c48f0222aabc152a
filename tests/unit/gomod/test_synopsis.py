"""A package's synopsis is the first sentence of its comment, as go/doc reads it."""

from __future__ import annotations

import pytest

from gosync.gomod.synopsis import MAX_SYNOPSIS, read_synopsis

CLAUSE = b"package m\n"


@pytest.mark.parametrize(
    ("comment", "synopsis"),
    [
        ("// Package m reads. It writes too.", "Package m reads."),
        ("// Package m\n// reads\n// words. More.", "Package m reads words."),
        ("// Package m, by J. Doe, reads. More.", "Package m, by J. Doe, reads."),
        ("// Package m is like DNS. More.", "Package m is like DNS."),
        ("/*\nPackage m reads.\n\nMore of it.\n*/", "Package m reads."),
        ("/*\n\tPackage m reads\n\twords.\n*/", "Package m reads words."),
        ("//go:build linux\n\n// Package m reads.", "Package m reads."),
        ("// Package m reads.\n//go:generate x\n// Not more.", "Package m reads."),
        ("// Copyright 2024 A\n\n// Package m reads.", "Package m reads."),
        ("// Package m, ``a'' of [io.Reader].", "Package m, “a” of io.Reader."),
        ("// Package m: see map[string]int.", "Package m: see map[string]int."),
        ("// 包 m 读取。还有更多", "包 m 读取。"),
        ("/*\npackage x\npackage y\n*/\n// Package m.", "package x package y"),
        ("//\tPackage m reads.", "Package m reads."),
        ("\ufeff// Package m reads.", "Package m reads."),
    ],
)
def test_it_is_the_first_sentence(comment: str, synopsis: str) -> None:
    assert read_synopsis(f"{comment}\n".encode() + CLAUSE) == synopsis
    assert read_synopsis(f"{comment}\r\n".encode() + CLAUSE) == synopsis


@pytest.mark.parametrize(
    "head",
    [
        "",
        "// Package m is far.\n\n",
        "// Copyright 2024 A. All rights reserved.\n",
        "// Author: A\n",
        "// # Heading\n",
        "// - first\n//   second\n",
        "/*\n * Starred.\n */\n",
        "/* Package m on the same line. */ ",
        "// Package m\n/* */\n\n",
        "//go:build ignore\n",
        "/* never ends\n",
        "x\n",
    ],
)
def test_what_is_no_comment_of_the_package_is_none(head: str) -> None:
    assert read_synopsis(head.encode() + CLAUSE) == ""


def test_long_and_broken_ones_are_cut() -> None:
    words = b"// Package m " + b"reads " * 100_000 + b"\n" + CLAUSE
    assert read_synopsis(words) == ""  # nobody reads so far
    words = b"// Package m " + b"reads " * 1_000 + b"\n" + CLAUSE
    found = read_synopsis(words)
    assert found.endswith("reads ...")
    assert len(found) <= MAX_SYNOPSIS + 4
    assert read_synopsis(b"// \xff\xfe m.\n" + CLAUSE) == "\ufffd\ufffd m."
    assert read_synopsis(b"/*" + b"*" * 60_000 + b"\n" + CLAUSE) == ""
