"""A package's synopsis is the one that Go's own go/doc makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gosync.gomod.synopsis import read_synopsis
from tests.simulator.goclient import GoClient

pytestmark = pytest.mark.go

# What go/doc reads with one file: the comment's text, and its first sentence.
PROGRAM = """\
package main

import (
\t"encoding/json"
\t"go/doc"
\t"go/parser"
\t"go/token"
\t"os"
)

func main() {
\tvar files, found []string
\tdata, _ := os.ReadFile("files.json")
	json.Unmarshal(data, &files)
\tfor _, file := range files {
\t\tmode := parser.PackageClauseOnly | parser.ParseComments
\t\tparsed, err := parser.ParseFile(token.NewFileSet(), "x.go", file, mode)
\t\ttext := ""
\t\tif err == nil {
\t\t\ttext = doc.Synopsis(parsed.Doc.Text())
\t\t}
\t\tfound = append(found, text)
\t}
\tjson.NewEncoder(os.Stdout).Encode(found)
}
"""
HEADS = """\
// Package m reads. It writes.|// Package m\\n// reads words. More|//\\tPackage m reads.
//go:build x\\n\\n// Package m reads.|// Package m.\\n//go:generate x\\n// More.
/*\\nPackage m reads.\\n\\nMore.\\n*/|/*\\n\\tPackage m\\n\\treads.\\n*/|/* P m. */
/*\\npackage x\\npackage y\\n*/\\n// Package m.|// Copyright A.|// Author: A|// # H
// # H\\n// more|// Package m by A. B. C. Doe, of DNS. a|// Package\\n//\\n// more
// Package m ``a'' b.|// [x]: https://a.example\\n//\\n// Package m.|// a\\n//   code
// a\\t\\tb   c.|// Package m.\\n\\n// Package m2.
//line x:1\\n// Package m.|//nolint:all // x\\n// Package m.|// \\u5305\\u3002 more
""".replace("\n", "|")


def test_it_is_what_go_doc_says(tmp_path: Path) -> None:
    heads = [each.encode().decode("unicode_escape") for each in HEADS.split("|")]
    files = [f"{head}\npackage m\n" for head in heads]
    with GoClient(tmp_path / "go", goproxy="off", gosumdb="off") as client:
        root = Path(client.run("env", "GOROOT").strip()) / "src"
        standard = sorted([*root.glob("*/*.go"), *root.glob("*/*/*.go")])
        files += [p.read_text() for p in standard[::5] if "_test" not in p.name]
        (client.work / "files.json").write_text(json.dumps(files))
        (client.work / "main.go").write_text(PROGRAM)
        wanted = json.loads(client.run("run", "main.go"))
    links = str.maketrans("", "", "[]")  # of a comment alone go/doc knows no names
    for file, want in zip(files, wanted, strict=True):
        found = read_synopsis(file.encode())
        if found.endswith(" ..."):
            assert want.startswith(found.removesuffix(" ..."))
        else:
            assert found.translate(links) == want.translate(links), file[:500]
