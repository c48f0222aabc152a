"""A project's folder: what is read, what is refused and what the error says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gosync.errors import ConfigError
from gosync.gomod.gosum import MAX_GO_SUM_BYTES
from gosync.gomod.module import ModuleVersion
from gosync.project import read_project

H1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
MAIN = "module main.example/m\n\ngo 1.21\n\nrequire dep.example/a v1.0.0\n"


def write(folder: Path, **files: str) -> Path:
    """Write files; "__" in a name is a slash, "_" a dot."""
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def workspace(folder: Path) -> Path:
    return write(
        folder,
        go_work="go 1.21\nuse ./a\nuse (\n\tb\n)\nreplace dep.example/w => ./w\n",
        go_work_sum=f"dep.example/w v1.0.0/go.mod {H1}\n",
        a__go_mod="module a.example/a\n\ngo 1.21\n\nreplace dep.example/x => ../x\n",
        a__go_sum=f"dep.example/a v1.0.0 {H1}\n",
        b__go_mod="module b.example/b\n\ngo 1.21\n",
        x__go_mod="module whatever.example/x\n\nnovelty of a later go\n",
        w__go_mod="module dep.example/w\n",
    )


def test_one_module_with_its_go_sum(tmp_path) -> None:
    sums = f"dep.example/a v1.0.0 {H1}\ndep.example/a v1.0.0/go.mod {H1}\n"
    project = read_project(write(tmp_path, go_mod=MAIN, go_sum=sums))
    assert [each.path for each in project.mains.modules] == ["main.example/m"]
    assert project.mains.work is None
    assert [each.file for each in project.sums] == ["go.sum"]
    assert [str(line) for line in project.sum_lines()] == sums.splitlines()


def test_a_module_without_go_sum(tmp_path) -> None:
    project = read_project(write(tmp_path, go_mod=MAIN))
    assert project.sums == ()
    assert list(project.sum_lines()) == []


def test_a_workspace_with_all_its_go_sum_files(tmp_path) -> None:
    project = read_project(workspace(tmp_path))
    assert [each.path for each in project.mains.modules] == [
        "a.example/a",
        "b.example/b",
    ]
    assert [each.file for each in project.sums] == ["a/go.sum", "go.work.sum"]


def test_go_work_goes_before_go_mod(tmp_path) -> None:
    project = read_project(write(workspace(tmp_path), go_mod=MAIN))
    assert "main.example/m" not in project.mains


def test_no_go_work_is_looked_for_above(tmp_path) -> None:
    workspace(tmp_path)
    assert read_project(tmp_path / "b").mains.work is None


def test_folders_that_replace_modules_are_known_as_mains_call_them(tmp_path) -> None:
    project = read_project(workspace(tmp_path))
    for name, module in (("x", "whatever.example/x"), ("w", "dep.example/w")):
        folder = project.mains.replacement(
            ModuleVersion(f"dep.example/{name}", "v1.0.0")
        )
        assert folder is not None
        assert folder.version == ""
        gomod = project.folder_gomod(folder.path)
        assert gomod is not None
        assert gomod.module == module


def test_a_folder_beside_the_project(tmp_path) -> None:
    write(tmp_path, lib__go_mod="module dep.example/a\n", app__go_mod=MAIN)
    text = f"{MAIN}replace dep.example/a => ../lib\n"
    (tmp_path / "app" / "go.mod").write_text(text)
    gomod = read_project(tmp_path / "app").folder_gomod("../lib")
    assert gomod is not None
    assert gomod.module == "dep.example/a"


def test_a_folder_without_go_mod_is_none(tmp_path) -> None:
    text = f"{MAIN}replace dep.example/a => ./gone\n"
    project = read_project(write(tmp_path, go_mod=text))
    assert project.folder_gomod("./gone") is None


def test_lines_that_name_no_module_version_are_left_out(tmp_path) -> None:
    sums = (
        f"dep.example/a v1.0 {H1}\n"
        f"dep.example/a v2.0.0 {H1}\n"
        f"NoDot v1.0.0 {H1}\n"
        f"dep.example/a v2.0.0+incompatible {H1}\n"
    )
    project = read_project(write(tmp_path, go_mod=MAIN, go_sum=sums))
    assert [line.version for line in project.sum_lines()] == ["v2.0.0+incompatible"]


def test_links_are_followed(tmp_path) -> None:
    write(tmp_path, real__go_mod=MAIN)
    (tmp_path / "linked").symlink_to("real")
    assert "main.example/m" in read_project(tmp_path / "linked").mains


@pytest.mark.parametrize(
    "name", ["go.work", "go.work.sum", "a/go.mod", "a/go.sum", "b/go.sum", "x/go.mod"]
)
def test_the_digest_changes_with_every_file(tmp_path, name) -> None:
    before = read_project(workspace(tmp_path)).digest
    assert read_project(tmp_path).digest == before
    file = tmp_path / name
    file.write_text((file.read_text() if file.exists() else "") + "\n")
    changed = read_project(tmp_path).digest
    assert changed != before
    if name.endswith("sum"):
        file.unlink()
        gone = read_project(tmp_path).digest
        assert gone != changed
        assert (gone == before) is (name == "b/go.sum")


def test_what_is_not_read_does_not_change_the_digest(tmp_path) -> None:
    before = read_project(write(tmp_path, go_mod=MAIN)).digest
    write(tmp_path, main_go="package main\n", vendor__modules_txt="# dep\n")
    assert read_project(tmp_path).digest == before


REFUSED = {
    "no go.mod": ({"readme_md": ""}, "go.mod: no such file", "name the folder"),
    "broken go.mod": (
        {"go_mod": "module m.example\nfoo\n"},
        "go.mod: line 2: ",
        "correct",
    ),
    "nameless": ({"go_mod": "go 1.21\n"}, "no module line", "correct"),
    "broken go.sum": (
        {"go_mod": MAIN, "go_sum": f"dep.example/a v1.0.0 {H1}\nonly two\n"},
        "go.sum: line 2: must be three words",
        "correct",
    ),
    "broken go.work": ({"go_work": "go 1.21\nfoo\n"}, "go.work: line 2: ", "correct"),
    "used folder missing": (
        {"go_work": "go 1.21\nuse ./a\n"},
        "a/go.mod: no such file",
        "correct 'use ./a' in ",
    ),
    "used module needs more": (
        {"go_work": "go 1.21\nuse ./a\n", "a__go_mod": "module a.example\n\ngo 1.22\n"},
        "go.work: go 1.21: a.example needs 1.22",
        "correct",
    ),
    "broken replacement": (
        {
            "go_mod": f"{MAIN}replace dep.example/a => ./a\n",
            "a__go_mod": "module a.example (\n",
        },
        "a/go.mod: line 1: ",
        "correct",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_names_the_file_the_line_and_what_to_do(tmp_path, name) -> None:
    files, message, hint = REFUSED[name]
    with pytest.raises(ConfigError) as caught:
        read_project(write(tmp_path, **files))
    assert str(caught.value).startswith(str(tmp_path))
    assert message in str(caught.value)
    assert str(caught.value.hint).startswith(hint)
    assert caught.value.exit_code == 2


def test_a_folder_that_is_gone(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no such folder") as caught:
        read_project(tmp_path / "gone")
    assert "configuration" in str(caught.value.hint)


def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "go.mod")
    with pytest.raises(ConfigError, match=r"go\.mod: is no regular file"):
        read_project(tmp_path)


def test_a_folder_in_place_of_a_file(tmp_path) -> None:
    (tmp_path / "go.mod").mkdir()
    with pytest.raises(ConfigError, match=r"go\.mod: "):
        read_project(tmp_path)


def test_a_file_that_is_too_large(tmp_path) -> None:
    write(tmp_path, go_mod=MAIN)
    with (tmp_path / "go.sum").open("wb") as file:
        file.truncate(MAX_GO_SUM_BYTES + 1)
    with pytest.raises(ConfigError, match=r"go\.sum: larger than \d+ bytes"):
        read_project(tmp_path)
