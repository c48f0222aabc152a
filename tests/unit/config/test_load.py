"""The configuration file: what it may say, and how it says what is wrong."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gosync.cli.main import run
from gosync.config import find_config, load_config
from gosync.errors import ConfigError
from gosync.gomod.deps import Deps
from gosync.site.options import ProjectSpec

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
    assert config.policy.follows("example.com/m")
    assert config.site_options().projects == ()
    assert config.site_options().grace_days == 30


def test_relative_paths_count_from_the_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir("/")
    config = load(tmp_path, '[store]\npath = "s"\n[publish]\ntree = "../t"\n' + MINIMAL)

    assert config.store_path == tmp_path / "s"
    assert config.tree_path.resolve() == (tmp_path / "../t").resolve()


@pytest.mark.parametrize(
    "name", ["gosync.toml", "airgap.toml", "projects.toml", "follower.toml"]
)
def test_each_sample_loads(name: str):
    config = load_config(SAMPLES / name, {})

    assert config.policy.selects or config.projects or config.upstreams.follow.url


def test_the_samples_of_both_sides_of_a_gap_fit():
    outside = load_config(SAMPLES / "airgap.toml", {})
    inside = load_config(SAMPLES / "inside.toml", {})

    assert inside.inside.target in outside.targets
    assert outside.targets["enclave-a"].keys
    assert inside.policy.private == outside.policy.private


def test_the_keys_that_a_sample_comments_out_are_right(tmp_path: Path):
    text = (SAMPLES / "gosync.toml").read_text()
    text = re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE)
    shutil.copy(SAMPLES / "modules.txt", tmp_path)
    config = load(tmp_path, text)

    assert config.policy.selects[0].versions.min_age_days == 7
    assert len(config.projects) == len(config.toolchains.versions) == 1


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
    assert config.sections.upstream.private == ("a.b/*", "c.d")


def test_a_variable_is_an_array_only_where_its_own_key_is_one(tmp_path: Path):
    config = load(
        tmp_path,
        MINIMAL,
        {
            "GOSYNC_TOOLCHAINS_VERSIONS": "1.24.0,1.23.4",
            "GOSYNC_TOOLCHAINS_PLATFORMS": "linux-amd64",
            "GOSYNC_SERVE_VERSIONS": "latest:3",
            "GOSYNC_PLAN_CONFIRM_ABOVE": "1MiB",
        },
    )

    assert config.sections.toolchains.versions == ("1.24.0", "1.23.4")
    assert config.sections.serve.versions == "latest:3"
    assert config.confirm_above_bytes == 1 << 20


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
        ('[upstream]\nproxies = "ftp://x"\n', "proxies"),
        ('[upstream]\nindex = "index.golang.org"\n', "index"),
        ('[store]\nmin_free = "1 parsec"\n', "parsec"),
        ("[[project]]\n", "path"),
        ('[[project]]\npath = ""\n', "path"),
        ('[[project]]\npath = "a"\n[[project]]\npath = "./a"\n', "named twice"),
        ('[[project]]\npath = "a"\ndeps = "some"\n', "known: none, build, tests, all"),
        ('[project]\npath = "a"\n', "array"),
        ("[prune]\ngrace_days = -1\n", "grace_days"),
        ("[prune]\ngrace_days = nan\n", "grace_days"),
        ('[prune]\ngrace_days = "1"\ndays = 3\n', "grace_days"),
        ('[[target]]\nname = "Über"\n', "name"),
        ('[[target]]\nname = "a"\nvolume_size = "x"\n', "size"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str):
    got = refusal(tmp_path, text)

    assert named in got
    assert str(tmp_path / "gosync.toml") in got or "gone.txt" in got


def test_projects_count_from_the_file_and_need_not_be_there(tmp_path: Path):
    text = '[[project]]\npath = "app"\n[[project]]\npath = "/w"\ndeps = "all"\n'
    config = load(tmp_path, text)

    assert config.site_options().projects == (
        ProjectSpec(tmp_path / "app", Deps.BUILD),
        ProjectSpec(Path("/w"), Deps.ALL),
    )


def test_the_grace_time_is_in_days(tmp_path: Path):
    config = load(tmp_path, "[prune]\ngrace_days = 1.5\n")

    assert config.site_options().grace_days == 1.5
    overridden = load(tmp_path, "", {"GOSYNC_PRUNE_GRACE_DAYS": "7"})
    assert overridden.site_options().grace_days == 7


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


def test_a_tree_in_a_bucket_has_no_compressed_copies(tmp_path: Path):
    text = f'{MINIMAL}\n[publish]\nprecompress = ["gzip"]\n'
    assert load(tmp_path, text).page_options.precompress == ("gzip",)
    said = refusal(tmp_path, f'{text}tree = "s3://bucket/prefix"\n')
    assert "publish.precompress" in said
    assert "no compressed copies" in said
    assert "known: br, gzip, zstd" in refusal(tmp_path, text.replace("gzip", "brotli"))
