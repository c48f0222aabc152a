"""``gosync config check``: every mistake in one run, with its file and line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gosync.cli.main import run
from gosync.config import load_config
from gosync.config.convert import SECRET_KEYS, field_names
from gosync.config.lines import KeyLines
from gosync.config.variables import TABLES
from gosync.errors import ConfigError

SECRET = "SECRETWORD"
WRONG = f"""\
[store]
path = "./var"
min_free = "1 parsec"

[upstream]
proxies = [
  "https://proxy.example",
  "https://user:{SECRET}/x@h.example",
]
index = "https://user:{SECRET}#x@h.example/index"
concurrency = 0
timeout = 3

[[select]]
modules = ["example.com/a"]

[[select]]
modules = [
  "example.com/b",
  "not a module",
  "example.com/c@v1",
]
modules_file = "list.txt"
versions = "newest"
since = "yesterday"
deps = "some"

[daemon.jobs.sync]
interval = "often"
[daemon.jobs]
audit = {{ cron = "* * * * 1" }}

[[target]]
name = "site"
volume_size = "big"
keys = ["packer.key"]

[[project]]
path = "app"

[publsh]
tree = "x"
"""
LISTED = f"e.com/d\n# none\nhttps://u:{SECRET}@h/e\nu:{SECRET}@h.example/f\n-\n"
ENVIRONMENT = {"GOSYNC_PRUNE_GRACE_DAYS": "-1", "GOSYNC_STORE_PAHT": SECRET}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gosync.toml").write_text(WRONG)
    (tmp_path / "list.txt").write_text(LISTED)
    return tmp_path


def check(folder: Path, capsys, *options: str) -> tuple[int, str, str]:
    file = str(folder / "gosync.toml")
    code = run(["config", "check", "--config", file, *options])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_all_mistakes_come_at_once_each_in_its_line(folder, capsys, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    code, out, err = check(folder, capsys, "--json")
    document = json.loads(out)
    found = {(m["file"], m["line"], m["key"]) for m in document["mistakes"]}
    toml, listed = str(folder / "gosync.toml"), str(folder / "list.txt")
    lines = {
        text.strip(): number for number, text in enumerate(WRONG.splitlines(), start=1)
    }

    assert (code, err, document["ok"]) == (2, "", False)
    assert found == {
        (toml, lines['min_free = "1 parsec"'], "store.min_free"),
        (toml, lines["proxies = ["], "upstream.proxies"),
        (toml, lines["concurrency = 0"] - 1, "upstream.index"),
        (toml, lines["concurrency = 0"], "upstream.concurrency"),
        (toml, lines["timeout = 3"], "upstream.timeout"),
        (toml, lines['"not a module",'], "select.2.modules.2"),
        (toml, lines['"example.com/c@v1",'], "select.2.modules.3"),
        (listed, 3, "select.2.modules_file"),
        (listed, 4, "select.2.modules_file"),
        (listed, 5, "select.2.modules_file"),
        (toml, lines['versions = "newest"'], "select.2.versions"),
        (toml, lines['since = "yesterday"'], "select.2.since"),
        (toml, lines['deps = "some"'], "select.2.deps"),
        (toml, lines['interval = "often"'], "daemon.jobs.sync.interval"),
        (toml, lines['audit = { cron = "* * * * 1" }'], "daemon.jobs.audit.cron"),
        (toml, lines['volume_size = "big"'], "target.1.volume_size"),
        (toml, lines['keys = ["packer.key"]'], "target.1.keys.1"),
        (toml, lines['path = "app"'], "project.1.path"),
        (toml, lines["[publsh]"], "publsh"),
        (None, None, "GOSYNC_PRUNE_GRACE_DAYS"),
        (None, None, "GOSYNC_STORE_PAHT"),
    }
    assert SECRET not in out
    assert all(mistake["message"] for mistake in document["mistakes"])


def test_people_read_one_line_a_mistake(folder, capsys):
    code, out, err = check(folder, capsys)
    told = [line for line in err.splitlines() if line.startswith("gosync: ")]

    assert (code, out) == (2, "")
    assert len(told) == 19
    assert f"{folder}/gosync.toml:3: store.min_free: malformed size" in err
    assert f"{folder}/list.txt:3: select 2: modules_file: " in err
    assert "did you mean 'publish'?" in err
    assert SECRET not in err


def test_other_verbs_name_the_first_and_how_many_more(folder, capsys):
    for verb in ("status", "sync", "plan"):
        assert run([verb, "--config", str(folder / "gosync.toml")]) == 2
        err = capsys.readouterr().err
        assert err.count("gosync: ") == 1
        assert "more: `gosync config check`" in err
        assert SECRET not in err


def test_what_is_no_toml_is_found_in_its_line(folder, capsys):
    (folder / "gosync.toml").write_text('[store]\npath = "x"\nmin_free = 1 GiB\n')
    code, out, _ = check(folder, capsys, "--json")
    [mistake] = json.loads(out)["mistakes"]

    assert (code, mistake["line"]) == (2, 3)


def test_a_site_that_bundles_feed_needs_no_select(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "gosync.toml").write_text(
        '[upstream]\nproxies = "off"\n[bundle]\ntarget = "enclave-a"\n'
    )
    code, _, err = check(folder, capsys)
    assert (code, "bundle.trust" in err) == (2, True)

    assert run(["key", "new", "packer"]) == 0
    printed = capsys.readouterr().out
    (folder / "trust.toml").write_text(printed[printed.index("[[key]]") :])
    code, out, err = check(folder, capsys)
    assert (code, err) == (0, "")
    assert "select" not in out


def test_a_site_that_selects_nothing_yet_is_told_how(folder, capsys):
    (folder / "gosync.toml").write_text("")
    code, out, _ = check(folder, capsys)

    assert code == 0
    assert "add a [[select]]" in out


def test_folders_and_files_are_looked_for(folder, capsys):
    (folder / "file").write_text("")
    (folder / "empty").mkdir()
    (folder / "gosync.toml").write_text(
        '[store]\npath = "file/below"\n'
        '[publish]\ntree = "file"\n'
        '[upstream]\nca_file = "file"\n'
        '[daemon]\nmetrics_file = "gone/m.prom"\n'
        '[hooks]\non_failure = ["no-such-program --now"]\n'
        '[[project]]\npath = "empty"\n'
    )
    code, out, _ = check(folder, capsys, "--json")
    keys = [mistake["key"] for mistake in json.loads(out)["mistakes"]]

    assert code == 2
    assert sorted(keys) == [
        *("daemon.metrics_file", "hooks.on_failure.1", "project.1.path"),
        *("publish.tree", "store.path", "upstream.ca_file"),
    ]


@pytest.mark.parametrize("kind", ["folder", "fifo", "latin", "huge", "deep", "gone"])
def test_a_configuration_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, capsys, kind: str
):
    file = tmp_path / "gosync.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "latin":
        file.write_bytes(b'[store]\npath = "\xf6"\n')
    elif kind == "huge":
        file.write_bytes(b"#" * (17 << 20))
    elif kind == "deep":
        file.write_bytes(b"x = " + b"[" * 100_000)
    code, out, err = check(tmp_path, capsys)

    assert (code, out) == (2, "")
    assert err.startswith("gosync: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("key", sorted(SECRET_KEYS), ids=".".join)
def test_a_key_that_may_hold_a_secret_is_there(key: tuple[str, str]):
    # What is listed there and is no key any more would allow what it should not.
    assert key[1] in field_names(TABLES[key[0]])


def test_keys_are_found_however_they_are_written():
    lines = KeyLines(
        'store.path = """\n\\"x = 1\n"""\n'
        "'upstream' . \"index\" = 'a' # index = 3\n"
        "[ daemon . jobs ]\nlists = {interval = '1h',\n cron = ''}\n"
        "[[select]]\n[[select]]\nmodules=[[\n1],\n# no\n'x', 'y',]\n"
    )

    assert lines.of(("store", "path")) == 1
    assert lines.of(("upstream", "index")) == 4
    assert lines.of(("daemon", "jobs", "lists", "cron")) == 6
    assert lines.of(("select", 2, "modules", 2)) == 13
    assert lines.of(("select", 2, "versions")) == 9
    assert lines.of(("prune",)) is None


def test_a_relative_ca_file_counts_from_the_file(tmp_path: Path):
    (tmp_path / "gosync.toml").write_text('[upstream]\nca_file = "ca.pem"\n')
    config = load_config(tmp_path / "gosync.toml", {})

    assert config.site_options().http.ca_file == str(tmp_path / "ca.pem")


def test_a_home_that_there_is_not_is_named(tmp_path: Path):
    (tmp_path / "gosync.toml").write_text('[store]\npath = "~no-such-user-here/x"\n')

    with pytest.raises(ConfigError, match=r"store\.path"):
        load_config(tmp_path / "gosync.toml", {})
