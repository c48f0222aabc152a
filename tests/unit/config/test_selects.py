"""``[[select]]``: its keys, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.catalog.versions import Need
from gosync.config import load_config
from gosync.errors import ConfigError
from gosync.gomod.deps import Deps
from gosync.site.policy import Policy, Rule
from gosync.site.rules import Exclusion, Pick, Range, VersionRule

INDEX = '[upstream]\nindex = "https://i.example/index"\nprivate = ["corp.example/*"]\n'


def policy_of(folder: Path, text: str) -> Policy:
    file = folder / "gosync.toml"
    file.write_text(text)
    return load_config(file, {}).policy


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        policy_of(folder, text)
    return f"{caught.value} / {caught.value.hint}"


def test_every_key_arrives(tmp_path: Path):
    text = """
        [[select]]
        modules = ["a.b/c"]
        versions = ">=v1.2.0 <v2.0.0 latest:3"
        deps = "build"
        prereleases = false
        pseudo = true
        retracted = true
        exclude = ["a.b/c@v1.2.5", "x.y/*"]
        min_age = 7.5
        since = "2026-01-31"
        max_zip = "100MiB"
    """
    want = VersionRule(
        pick=Pick.LATEST,
        count=3,
        bounds=Range("v1.2.0", "v2.0.0-0"),
        prereleases=False,
        pseudo=True,
        retracted=True,
        exclude=(Exclusion("a.b/c", Range("v1.2.5", "v1.2.6-0")), Exclusion("x.y/*")),
        min_age_days=7.5,
        since="2026-01-31T00:00:00Z",
        max_zip_bytes=100 * 2**20,
    )
    rules = policy_of(tmp_path, text).rules_for("a.b/c")

    assert rules == (Rule(1, want, deps=Deps.BUILD),)


def test_the_rule_holds_for_selectors_without_a_version(tmp_path: Path):
    text = (
        '[[select]]\nmodules = ["a.b/c", "a.b/d@v1.0.0/go.mod"]\nversions = "latest"\n'
    )
    policy = policy_of(tmp_path, text)

    assert policy.rules_for("a.b/c") == (Rule(1, VersionRule(pick=Pick.LATEST)),)
    assert policy.rules_for("a.b/d") == (Rule(1, None, "v1.0.0", Need.MOD),)


@pytest.mark.parametrize(
    ("since", "want"),
    [
        ('"2026-01-31"', "2026-01-31T00:00:00Z"),
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00.250+01:00", "2026-01-31T11:00:00.25Z"),
    ],
)
def test_since_may_be_a_date_of_toml(tmp_path: Path, since: str, want: str):
    text = f'[[select]]\nmodules = ["a.b/c"]\nsince = {since}\n'

    assert policy_of(tmp_path, text).selects[0].versions.since == want


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('versions = "newest"', "versions"),
        ('versions = ">=v2.0.0 <v1.0.0"', "no version can satisfy"),
        ('versions = ""', '"all"'),
        ('deps = "some"', "known: none, build, tests, all"),
        ('prereleases = "perhaps"', "prereleases"),
        ('exclude = ["a.b/c@v1"]', "exclude"),
        ('exclude = ["a.b/c"]', "same select excludes"),
        ('exclude = "a.b/c"', "exclude"),
        ("min_age = -1", "min_age"),
        ("min_age = nan", "min_age"),
        ("min_age = inf", "min_age"),
        ('min_age = "a week"', "min_age"),
        ('since = "yesterday"', "since"),
        ("since = 2026-01-31T12:00:00", "since"),
        ("since = 12:00:00", "since"),
        ('max_zip = "big"', "size"),
        ('max_zips = "1MiB"', "did you mean 'max_zip'?"),
        ("min_age_days = 7", "did you mean 'min_age'?"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, line: str, named: str):
    got = refusal(tmp_path, f'[[select]]\nmodules = ["a.b/c"]\n{line}\n')

    assert named in got
    assert str(tmp_path / "gosync.toml") in got


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('modules = ["example.com/m@v1"]', "canonical"),
        ('modules = ["example.com/m@v2.0.0"]', "v2.0.0"),
        ('modules = ["example.com/m@>=v1.0.0"]', "select's versions"),
        ('modules = ["../../etc"]', "etc"),
        ('modules = ["rsc.io/*"]', "index"),
        ("modules = []", "names no module"),
        ('modules_file = "gone.txt"', "gone.txt"),
    ],
)
def test_a_wrong_selector_is_named(tmp_path: Path, text: str, named: str):
    assert named in refusal(tmp_path, f"[[select]]\n{text}\n")


def test_an_error_says_which_select_it_is_in(tmp_path: Path):
    good = '[[select]]\nmodules = ["a.b/c"]\n'
    bad = '[[select]]\nmodules = ["a.b/c"]\nversions = "x"\n'

    assert "select 2: " in refusal(tmp_path, good + bad + good)


def test_a_private_pattern_is_refused_because_the_index_is_public(tmp_path: Path):
    got = refusal(tmp_path, f'{INDEX}[[select]]\nmodules = ["corp.example/*"]\n')

    assert "private" in got


def test_a_modules_file_has_comments_and_its_errors_name_it(tmp_path: Path):
    (tmp_path / "m.txt").write_text(
        "# all\nexample.com/a # why\n\nexample.com/b@latest\n"
    )
    text = '[[select]]\nmodules_file = "m.txt"\n'
    policy = policy_of(tmp_path, text)

    assert policy.rules_for("example.com/a") == (Rule(1, VersionRule()),)
    assert policy.rules_for("example.com/b")[0].versions == VersionRule(
        pick=Pick.LATEST
    )

    (tmp_path / "m.txt").write_text("example.com/a\nNot A Path\n")
    assert "m.txt" in refusal(tmp_path, text)
    (tmp_path / "m.txt").write_bytes(b"\xff\n")
    assert "UTF-8" in refusal(tmp_path, text)


def test_what_the_whole_index_would_match_is_known(tmp_path: Path):
    policy = policy_of(tmp_path, f'{INDEX}[[select]]\nmodules = ["*/*", "rsc.io/*"]\n')

    assert policy.matches_everything == ("*/*",)
