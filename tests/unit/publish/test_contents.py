"""What list, @latest and the aliases say."""

from __future__ import annotations

import pytest

from gosync.catalog.versions import Need, VersionRow
from gosync.gomod.latest import GoModFacts
from gosync.publish.contents import ModuleContents, contents_of

PATH = "example.com/m"
OLD_COMMIT = "v0.0.0-20200101000000-aaaaaaaaaaaa"
NEW_COMMIT = "v0.0.0-20240101000000-bbbbbbbbbbbb"
BETWEEN = "v1.2.4-0.20220101000000-cccccccccccc"
D = "d" * 64


def row(
    version: str, *, need: Need = Need.ZIP, commit: str | None = None
) -> VersionRow:
    return VersionRow(
        PATH,
        version,
        need=need,
        mod_digest=D,
        mod_bytes=1,
        info_digest=D,
        info_bytes=1,
        zip_digest=D if need is Need.ZIP else None,
        zip_bytes=1 if need is Need.ZIP else None,
        commit_hash=commit,
    )


def contents(*rows: VersionRow, go_mod: bool = True) -> ModuleContents:
    facts = GoModFacts(is_own=go_mod)
    return contents_of(PATH, rows, read_facts=lambda _: facts)


def latest(*versions: str, go_mod: bool = True) -> str | None:
    found = contents(*map(row, versions), go_mod=go_mod).latest
    return None if found is None else found.row.version


def test_list_names_tagged_versions_in_order() -> None:
    got = contents(row("v1.10.0"), row("v1.9.0"), row("v1.9.0-rc.1"), row(NEW_COMMIT))
    assert got.list_bytes == b"v1.9.0-rc.1\nv1.9.0\nv1.10.0\n"


def test_list_is_empty_for_nothing_but_pseudo_versions() -> None:
    got = contents(row(OLD_COMMIT), row(NEW_COMMIT))
    assert got.has_list
    assert got.list_bytes == b""


def test_there_is_no_list_when_only_go_mod_files_are_carried() -> None:
    got = contents(row("v1.0.0", need=Need.MOD))
    assert not got.has_list
    assert got.latest is None
    assert got.aliases() == {}


def test_a_version_without_its_zip_is_not_listed() -> None:
    got = contents(row("v1.0.0"), row("v1.1.0", need=Need.MOD))
    assert got.listed == ("v1.0.0",)
    assert [v.row.version for v in got.versions] == ["v1.0.0", "v1.1.0"]


def test_a_row_without_blobs_is_not_carried() -> None:
    got = contents(row("v1.0.0"), VersionRow(PATH, "v1.1.0"))
    assert [v.row.version for v in got.versions] == ["v1.0.0"]


def test_what_does_not_fit_the_path_is_refused_and_the_rest_stays() -> None:
    got = contents(row("v1.0.0"), row("v2.0.0"), row("v1.5"))
    assert got.listed == ("v1.0.0",)
    assert [version for version, _ in got.refused] == ["v1.5", "v2.0.0"]


@pytest.mark.parametrize(
    ("versions", "want"),
    [
        ((), None),
        (("v1.0.0", "v1.1.0-rc.1"), "v1.0.0"),
        (("v0.1.0-rc.2", "v0.1.0-rc.10"), "v0.1.0-rc.10"),
        (("v1.0.0", NEW_COMMIT), "v1.0.0"),
        (("v0.1.0-rc.1", NEW_COMMIT), "v0.1.0-rc.1"),
        ((OLD_COMMIT, NEW_COMMIT), NEW_COMMIT),
        # The time decides, not the base: v1.2.4-0 is the higher version.
        ((BETWEEN, NEW_COMMIT), NEW_COMMIT),
        # Digits that are no time come before every commit.
        (("v0.0.0-99999999999999-dddddddddddd", OLD_COMMIT), OLD_COMMIT),
    ],
)
def test_latest_is_the_newest_by_gos_rule(
    versions: tuple[str, ...], want: str | None
) -> None:
    assert latest(*versions) == want


@pytest.mark.parametrize(
    ("go_mod", "want"), [(True, "v1.4.0"), (False, "v2.0.0+incompatible")]
)
def test_incompatible_counts_while_the_compatible_has_no_go_mod(
    go_mod: bool, want: str
) -> None:
    assert latest("v1.4.0", "v2.0.0+incompatible", go_mod=go_mod) == want


def test_incompatible_alone_is_the_latest() -> None:
    assert latest("v2.0.0+incompatible", "v3.0.0+incompatible") == "v3.0.0+incompatible"


def aliases(*rows: VersionRow) -> dict[str, str]:
    return {
        path.removeprefix(f"{PATH}/@v/").removesuffix(".info"): version.row.version
        for path, version in contents(*rows).aliases().items()
    }


def test_a_commit_has_an_alias_of_each_usual_length() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert aliases(row("v1.0.0", commit=commit)) == {
        commit: "v1.0.0",
        commit[:12]: "v1.0.0",
        commit[:10]: "v1.0.0",
        commit[:8]: "v1.0.0",
        commit[:7]: "v1.0.0",
    }


def test_a_tag_beats_a_pseudo_version_and_the_higher_tag_the_lower() -> None:
    commit = "b" * 40
    rows = [row(v, commit=commit) for v in ("v0.1.0", "v0.2.0", NEW_COMMIT)]
    assert set(aliases(*rows).values()) == {"v0.2.0"}
    assert set(aliases(*reversed(rows)).values()) == {"v0.2.0"}


def test_digits_that_begin_two_commits_make_no_alias() -> None:
    first, second = "abcdef0" + "1" * 33, "abcdef0" + "2" * 33
    got = aliases(row("v1.0.0", commit=first), row("v1.1.0", commit=second))
    assert got == {
        **dict.fromkeys([first, *(first[:n] for n in (12, 10, 8))], "v1.0.0"),
        **dict.fromkeys([second, *(second[:n] for n in (12, 10, 8))], "v1.1.0"),
    }


@pytest.mark.parametrize("commit", ["", "HEAD", "../../x", "ABCDEF0123456", "zz" * 20])
def test_what_is_no_hash_makes_no_alias(commit: str) -> None:
    assert aliases(row("v1.0.0", commit=commit)) == {}


def test_a_version_of_which_only_go_mod_is_carried_has_no_alias() -> None:
    assert aliases(row("v1.0.0", need=Need.MOD, commit="a" * 40)) == {}


REV = "cc8cbe209b64"
PSEUDO = f"v0.0.0-20190507143103-{REV}"


def test_a_pseudo_version_says_itself_of_which_commit_it_is() -> None:
    assert aliases(row(PSEUDO)) == {REV[:n]: PSEUDO for n in (12, 10, 8, 7)}


def test_a_commit_that_a_pseudo_version_begins_is_the_same_one() -> None:
    commit = REV + "0" * 28
    tagged = row("v1.0.0", commit=commit)
    every = [commit, *(REV[:n] for n in (12, 10, 8, 7))]
    assert aliases(row(PSEUDO), tagged) == dict.fromkeys(every, "v1.0.0")
    other = row("v1.1.0", commit=REV[:7] + "f" * 33)
    assert REV[:7] not in aliases(row(PSEUDO), other)


def test_what_is_no_commit_in_a_pseudo_version_makes_no_alias() -> None:
    assert aliases(row("v0.0.0-20190507143103-tip")) == {}


def test_where_an_info_says_no_hash_the_pseudo_version_counts() -> None:
    assert set(aliases(row(PSEUDO, commit="HEAD"))) == {REV, REV[:10], REV[:8], REV[:7]}
