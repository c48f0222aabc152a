"""The configuration file: what it may say, and how it says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.cli.main import run
from gosync.config import find_config, load_config
from gosync.errors import ConfigError
from gosync.sync.policy import VersionRule

MINIMAL = '[[select]]\nmodules = ["example.com/m"]\n'
SAMPLES = Path(__file__).parents[3] / "samples"


def load(folder: Path, text: str, environ: dict[str, str] | None = None):
    file = folder / "gosync.toml"
    file.write_text(text)
    return load_config(file, environ or {})


def refusal(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    return f"{caught.value} / {caught.value.hint}"


def test_defaults_are_the_public_services(tmp_path: Path):
    config = load(tmp_path, MINIMAL)

    assert config.sections.upstream.proxies == "https://proxy.golang.org"
    assert config.site_options().database is not None
    assert config.policy.exact["example.com/m"].all


def test_relative_paths_count_from_the_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir("/")
    config = load(tmp_path, '[store]\npath = "s"\n[publish]\ntree = "../t"\n' + MINIMAL)

    assert config.store_path == tmp_path / "s"
    assert config.tree_path.resolve() == (tmp_path / "../t").resolve()


@pytest.mark.parametrize("name", ["gosync.toml", "airgap.toml"])
def test_each_sample_loads(name: str):
    config = load_config(SAMPLES / name, {})

    assert config.policy.selects


def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path: Path):
    got = refusal(tmp_path, '[upstream]\nproxy = "x"\n' + MINIMAL)

    assert "upstream.proxy" in got
    assert "'proxies'" in got


def test_an_unknown_section_is_refused(tmp_path: Path):
    assert "'publish'" in refusal(tmp_path, "[publsh]\n")


def test_a_variable_overrides_a_key(tmp_path: Path):
    config = load(
        tmp_path,
        MINIMAL,
        {"GOSYNC_UPSTREAM_CONCURRENCY": "3", "GOSYNC_UPSTREAM_PRIVATE": "a.b/*,c.d"},
    )

    assert config.sections.upstream.concurrency == 3
    assert config.sections.upstream.private == ["a.b/*", "c.d"]


def test_a_misspelt_variable_is_refused(tmp_path: Path):
    got = refusal(tmp_path, MINIMAL, {"GOSYNC_STORE_PAHT": "x"})

    assert "GOSYNC_STORE_PAHT" in got
    assert "'path'" in got


def test_other_variables_are_none_of_our_business(tmp_path: Path):
    load(tmp_path, MINIMAL, {"GOSYNC_TEST_FAIL_ON_SKIP": "1", "GOSYNCX": "1"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[upstream", "not TOML"),
        ('[upstream]\nconcurrency = "many"\n', "concurrency"),
        ("[upstream]\nconcurrency = 0\n", "concurrency"),
        ("[upstream]\ntimeout_seconds = 0\n", "timeout_seconds"),
        ('[upstream]\nsumdb = "sum.unknown.example"\n', "sum.unknown.example"),
        ('[upstream]\nproxies = "ftp://x"\n', "ftp"),
        ('[upstream]\nindex = "index.golang.org"\n', "index"),
        ('[store]\nmin_free = "1 parsec"\n', "parsec"),
        ('[[select]]\nmodules = ["example.com/m@v1"]\n', "canonical"),
        ('[[select]]\nmodules = ["example.com/m@v2.0.0"]\n', "v2.0.0"),
        ('[[select]]\nmodules = ["../../etc"]\n', "etc"),
        ('[[select]]\nmodules = ["rsc.io/*"]\n', "index"),
        ("[[select]]\nmodules = []\n", "names no module"),
        ('[[select]]\nmodules = ["a.b/c"]\nversions = "newest"\n', "versions"),
        ('[[select]]\nmodules = ["a.b/c"]\ndeps = "all"\n', "deps"),
        ('[[select]]\nmodules_file = "gone.txt"\n', "gone.txt"),
        ('[[project]]\npath = "."\n', "project"),
        ('[[target]]\nname = "Über"\n', "name"),
        ('[[target]]\nname = "a"\nvolume_size = "x"\n', "size"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str):
    got = refusal(tmp_path, text)

    assert named in got
    assert str(tmp_path / "gosync.toml") in got or "gone.txt" in got


def test_a_private_pattern_is_refused_because_the_index_is_public(tmp_path: Path):
    text = (
        '[upstream]\nindex = "https://i.example/index"\nprivate = ["corp.example/*"]\n'
        '[[select]]\nmodules = ["corp.example/*"]\n'
    )

    assert "private" in refusal(tmp_path, text)


def test_a_modules_file_has_comments_and_its_errors_name_it(tmp_path: Path):
    (tmp_path / "m.txt").write_text(
        "# all\nexample.com/a # why\n\nexample.com/b@latest\n"
    )
    text = '[[select]]\nmodules_file = "m.txt"\n'
    config = load(tmp_path, text)

    assert config.policy.exact["example.com/a"].all
    assert config.policy.exact["example.com/b"].latest

    (tmp_path / "m.txt").write_text("example.com/a\nNot A Path\n")
    assert "m.txt" in refusal(tmp_path, text)


def test_versions_latest_holds_for_selectors_without_a_query(tmp_path: Path):
    config = load(
        tmp_path,
        '[[select]]\nmodules = ["a.b/c", "a.b/d@v1.0.0"]\nversions = "latest"\n',
    )

    assert config.policy.selects[0].versions is VersionRule.LATEST
    assert config.policy.exact["a.b/c"].latest
    assert not config.policy.exact["a.b/d"].asks_list


def test_the_configuration_is_found_in_order(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"gosync.toml"):
        find_config(None)

    (tmp_path / "gosync.toml").touch()
    assert find_config(None) == Path("gosync.toml")


def test_check_and_show_speak_to_programs(tmp_path: Path, capsys):
    load(tmp_path, MINIMAL)
    file = str(tmp_path / "gosync.toml")

    assert run(["config", "check", "--config", file, "--json"]) == 0
    assert '"ok": true' in capsys.readouterr().out
    assert run(["config", "show", "--config", file, "--json"]) == 0
    assert '"list_interval_seconds": 0' in capsys.readouterr().out


def test_a_wrong_configuration_exits_2_and_names_the_next_step(tmp_path: Path, capsys):
    (tmp_path / "gosync.toml").write_text("[upstrem]\n")

    assert run(["config", "check", "--config", str(tmp_path / "gosync.toml")]) == 2
    assert "'upstream'" in capsys.readouterr().err
