"""Retractions and deprecations are in the newest go.mod, and reach the inside."""

from __future__ import annotations

import json

import pytest

from tests.go.cells import Cell, empty_project, project
from tests.go.world import NEEDED, consumer_files
from tests.simulator import standard as std

pytestmark = [pytest.mark.go, pytest.mark.slow]


def test_list_marks_what_is_retracted_and_deprecated(folder_cell: Cell):
    client = folder_cell.client()
    files = consumer_files(NEEDED) | {"go.sum": folder_cell.world.go_sum(NEEDED)}
    folder = project(client, files)
    shown = client.run("list", "-m", "-u", "-retracted", "all", cwd=folder)
    lines = set(shown.splitlines())
    assert f"{std.RETRACTED} v1.0.1 (retracted) [v1.1.0]" in lines
    assert f"{std.DEPRECATED} v1.0.0 [v1.1.0] (deprecated)" in lines
    retracted, deprecated = (
        json.loads(client.run("list", "-m", "-u", "-json", path, cwd=folder))
        for path in (std.RETRACTED, std.DEPRECATED)
    )
    assert retracted["Retracted"] == ["Wrong."]
    assert deprecated["Deprecated"] == f"look at {std.MAJOR} instead."


def test_get_warns_of_both_and_still_takes_them(folder_cell: Cell):
    client = folder_cell.client()
    queries = (f"{std.RETRACTED}@v1.0.1", f"{std.DEPRECATED}@v1.0.0")
    said = client.try_run("get", *queries, cwd=empty_project(client))
    assert said.returncode == 0
    assert f"{std.RETRACTED}@v1.0.1: retracted by module author: Wrong." in said.stderr
    assert f"{std.DEPRECATED} is deprecated: look at {std.MAJOR}" in said.stderr


def test_a_retraction_of_later_reaches_a_client_of_before(folder_cell: Cell):
    client = folder_cell.client()
    folder = empty_project(client)
    before = client.try_run("get", f"{std.RETRACTED}@latest", cwd=folder)
    assert "retracted" not in before.stderr
    folder_cell.move(1)
    shown = client.run("list", "-m", "-u", "-retracted", "all", cwd=folder)
    assert f"{std.RETRACTED} v1.1.0 (retracted) [v1.2.0]" in shown
    warned = client.try_run("get", f"{std.RETRACTED}@v1.1.0", cwd=folder)
    assert "retracted by module author: Worse." in warned.stderr
