"""Archives of Go: names and lists."""

from __future__ import annotations

import json

import pytest

from gosync.publish.pages.downloads import (
    GoDownload,
    ToolchainName,
    downloads_page,
    format_index,
    format_sums,
    newest_first,
    parse_toolchain,
)
from gosync.publish.pages.wordfile import words_of


def download(go: str, os: str = "linux", arch: str = "amd64") -> GoDownload:
    return GoDownload(ToolchainName(go, os, arch), "ab" * 32, 7)


@pytest.mark.parametrize(
    ("version", "file"),
    [
        ("v0.0.1-go1.24.0.linux-amd64", "go1.24.0.linux-amd64.tar.gz"),
        ("v0.0.1-go1.25rc1.windows-arm64", "go1.25rc1.windows-arm64.zip"),
    ],
)
def test_a_toolchain_has_the_archive_that_go_dev_names(version: str, file: str):
    name = parse_toolchain(version)
    assert name is not None
    assert name.file == file


@pytest.mark.parametrize(
    "version",
    ["v0.0.1-go1.24.0", "v0.0.1-gox.linux-amd64", "v0.0.1-go1.2.linux-amd64/../x", ""],
)
def test_what_is_no_toolchain(version: str):
    assert parse_toolchain(version) is None


def test_the_list_is_shaped_as_that_of_go_dev():
    some = [download("1.9.1"), download("1.24rc1"), download("1.24.1", "windows")]
    document = json.loads(format_index(newest_first([*some, download("1.24.1")])))
    assert [each["version"] for each in document] == [
        "go1.24.1",
        "go1.24rc1",
        "go1.9.1",
    ]
    assert [each["stable"] for each in document] == [True, False, True]
    assert {each["os"] for each in document[0]["files"]} == {"linux", "windows"}
    assert document[2]["files"] == [
        {
            "filename": "go1.9.1.linux-amd64.tar.gz",
            "os": "linux",
            "arch": "amd64",
            "version": "go1.9.1",
            "sha256": "ab" * 32,
            "size": 7,
            "kind": "archive",
        }
    ]


def test_people_and_shells_have_lists_too():
    downloads = [download("1.24.1")]
    assert format_sums(downloads) == b"ab" * 32 + b"  go1.24.1.linux-amd64.tar.gz\n"
    assert b'<a href="go1.24.1.linux-amd64.tar.gz">' in downloads_page(downloads)
    chinese = words_of(("en", "zh"))[1]
    page = downloads_page(downloads, chinese)
    assert "归档文件".encode() in page
    assert b'href="../index.zh.html"' in page
