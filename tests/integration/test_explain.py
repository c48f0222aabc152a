"""``gosync explain`` as it is run: logs, classes, commands, folders of logs."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gosync.cli.main import run
from gosync.errors import UpstreamStatusError

_LOGS = Path(__file__).parents[1] / "testdata/vectors/go-logs"
_DNS = _LOGS / "01-dns-no-such-host.txt"
_SAYS = "import sys; print('out'); print('go: {}', file=sys.stderr); sys.exit({})"


def _document(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_log_is_explained_in_three_lines_and_a_command(capsys, monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert run(["explain", str(_DNS)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("network.dns: go: std.example/plain@v1.2.3: ")
    assert "  No address is found for goproxy.invalid on this machine (DNS).\n" in out
    assert "    $ go env GOPROXY\n" in out


def test_a_locale_chooses_the_language_and_lang_overrules_it(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    run(["explain", str(_DNS)])
    assert "主机名 goproxy.invalid" in capsys.readouterr().out
    run(["explain", "--lang", "en", str(_DNS)])
    assert "No address is found for goproxy.invalid" in capsys.readouterr().out


def test_what_has_no_class_makes_exit_code_3(tmp_path, capsys):
    log = tmp_path / "log"
    log.write_text("go: the moon is in the wrong house\n")
    assert run(["explain", "--json", str(log)]) == 3
    document = _document(capsys)
    assert document["findings"] == []
    assert document["unnamed"] == ["go: the moon is in the wrong house"]


def test_standard_input_is_read(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gosync", "explain", "--json", "-"],
        input=_DNS.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["findings"][0]["class"] == "network.dns"


@pytest.mark.parametrize("name", ["http.404", "sum.gosum_vs_sumdb"])
def test_a_class_has_a_page(name, capsys):
    assert run(["explain", "--lang", "en", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name}\n\n")
    assert run(["explain", "--json", name]) == 0
    assert _document(capsys)["class"] == name


def test_all_classes_are_listed(capsys):
    assert run(["explain", "--list", "--json"]) == 0
    assert {"class": "network.dns"}.items() <= next(
        each for each in _document(capsys)["classes"] if each["class"] == "network.dns"
    ).items()


@pytest.mark.parametrize(
    "arguments",
    [
        ["no.such_class"],
        ["no-such-file"],
        ["--list", "network.dns"],
        ["--summary", "nowhere"],
        ["--"],
        ["--", "/no/such/command"],
        [str(_DNS), "--", "go", "version"],
    ],
)
def test_what_cannot_be_meant_is_refused(arguments):
    assert run(["explain", *arguments]) == 2


def test_a_command_keeps_its_output_and_exit_code(capfd):
    said = _SAYS.format("module lookup disabled by GOPROXY=off", 7)
    assert run(["explain", "--lang", "en", "--", sys.executable, "-c", said]) == 7
    out, err = capfd.readouterr()
    assert out == "out\n"
    assert err.startswith("go: module lookup disabled by GOPROXY=off\n")
    assert "env.goproxy_off: go: module lookup disabled" in err


def test_a_command_with_json_leaves_standard_output_to_the_document(capfd):
    said = _SAYS.format("module lookup disabled by GOPROXY=off", 1)
    assert run(["explain", "--json", "--", sys.executable, "-c", said]) == 1
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert document["go_exit_code"] == 1
    assert [each["class"] for each in document["findings"]] == ["env.goproxy_off"]
    assert "out\n" in err


def test_a_command_that_succeeds_says_no_more_than_it_did(capfd):
    assert run(["explain", "--", sys.executable, "-c", "print('fine')"]) == 0
    assert capfd.readouterr() == ("fine\n", "")


def test_a_fleet_is_counted_by_class_host_and_module(tmp_path, capsys):
    for job in ("a", "b"):
        (tmp_path / job).mkdir()
        (tmp_path / job / "log.txt").write_bytes(_DNS.read_bytes() * 3)
    packed = gzip.compress((_LOGS / "25-http-500.txt").read_bytes())
    (tmp_path / "c.gz").write_bytes(packed)
    (tmp_path / "d.gz").write_bytes(b"no gzip")
    (tmp_path / "ok.txt").write_text("PASS\n")

    assert run(["explain", "--summary", str(tmp_path), "--json"]) == 3
    document = _document(capsys)
    assert (document["logs"], document["failed"]) == (4, 3)
    assert document["counts"][0] == {
        "class": "network.dns",
        "host": "goproxy.invalid",
        "module": "std.example/plain",
        "logs": 2,
        "failures": 2,
    }
    assert document["unread"][0].startswith("d.gz: ")
    assert run(["explain", "--summary", str(tmp_path)]) == 3
    assert "goproxy.invalid" in capsys.readouterr().out


def _site(folder: Path, proxy: str) -> None:
    (folder / "gosync.toml").write_text(
        '[store]\npath = "store"\n\n[publish]\ntree = "tree"\n\n[upstream]\n'
        f'proxies = ["{proxy}"]\nsumdb = "off"\n\n'
        '[[select]]\nmodules = ["a.example/m@v1.0.0"]\n'
    )


def test_a_sync_names_the_pages_of_what_failed(tmp_path, monkeypatch, capsys):
    _site(tmp_path, "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    assert run(["sync"]) == 75
    out = capsys.readouterr().out
    assert "onnection refused" in out
    assert "more     gosync explain network.refused\n" in out


def test_a_verify_names_the_pages_of_what_it_could_not_look_at(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    asked = ["verify", "http://127.0.0.1:9", "--module", "a.example/m@v1.0.0"]
    assert run([*asked, "--sumdb", "off"]) != 0  # else the public one is asked
    said = capsys.readouterr()
    assert "more     gosync explain network.refused\n" in said.out + said.err


def test_an_error_names_its_page(tmp_path, monkeypatch, capsys):
    def fail(_: bytes) -> None:
        raise UpstreamStatusError("http://p.example: 429", status=429)

    monkeypatch.setattr("gosync.cli.explain._log_of", fail)
    assert run(["explain", "x"]) == 75
    assert "  more: gosync explain http.429\n" in capsys.readouterr().err
    assert run(["explain", "x", "--json"]) == 75
    assert json.loads(capsys.readouterr().err)["class"] == "http.429"


def test_pages_of_all_classes_are_written(tmp_path, capsys):
    assert run(["explain", "--pages", str(tmp_path / "docs"), "--json"]) == 0
    files = [Path(each) for each in _document(capsys)["files"]]
    assert [each.name for each in files] == ["index.html", "index.zh.html"]
    assert all(b'id="network.dns"' in each.read_bytes() for each in files)
    assert run(["explain", "--pages", str(files[0])]) == 2
