"""What must hold for any input to the parsers and checks of gosync.gomod."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import MalformedError, RejectedError
from gosync.gomod import modfile, module, pseudo, semver
from gosync.gomod.dirhash import hash1, hash_zip, scan_zip
from gosync.gomod.gosum import parse_gosum
from gosync.gomod.info import format_info, parse_info
from gosync.gomod.modquote import auto_quote, unquote
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet, match_prefix_patterns
from gosync.gomod.unicode import fold
from gosync.gomod.versionlist import format_list, newest, parse_list
from tests.tiers import examples
from tests.zipdirectory import check_zip

MODERATE = settings(max_examples=examples(100))

numbers = st.integers(0, 120).map(str)
words = st.from_regex(r"[0-9A-Za-z-]{1,4}", fullmatch=True)
suffixes = st.lists(words, min_size=1, max_size=3).map(".".join)
versions = st.builds(
    lambda three, pre, build: f"v{'.'.join(three)}{pre}{build}",
    st.lists(numbers, min_size=3, max_size=3),
    st.one_of(st.just(""), suffixes.map("-{}".format)),
    st.one_of(st.just(""), suffixes.map("+{}".format)),
)
elements = st.from_regex(r"[A-Za-z][A-Za-z0-9_.~-]{0,8}", fullmatch=True)
paths = st.lists(elements, max_size=3).map(lambda rest: "/".join(["a.example", *rest]))
near_json = st.text('{}[]:,"\\nulVersionTimeOrigin vZ0123456789-.', max_size=60)
mod_words = "module require retract go a.b/c v1.0.0 é => // /*"
mod_marks = ["(", ")", "[", ",", "]", '"', "`", "\\", "\n", " ", "\t", "\r", "\0"]
near_mod = st.lists(
    st.sampled_from([*mod_words.split(), *mod_marks]),
    max_size=25,
).map(" ".join)


@MODERATE
@given(st.one_of(st.binary(max_size=200), near_json.map(str.encode)))
def test_an_info_parses_or_is_malformed(data) -> None:
    try:
        info = parse_info(data)
    except MalformedError:
        return
    assert parse_info(format_info(info)).version == info.version


@MODERATE
@given(st.one_of(st.binary(max_size=200), near_mod.map(str.encode)))
def test_a_go_mod_parses_or_is_malformed(data) -> None:
    for parse in (modfile.parse, modfile.parse_lax):
        try:
            parse(data)
        except MalformedError:
            continue


@MODERATE
@given(st.binary(max_size=200))
def test_a_list_and_a_go_sum_parse_or_are_malformed(data) -> None:
    for parse in (parse_list, parse_gosum):
        try:
            parse(data)
        except MalformedError:
            continue


@MODERATE
@given(st.text(max_size=12))
def test_a_quoted_string_unquotes_to_itself(text) -> None:
    text = text.encode("utf-8", "ignore").decode()
    token = auto_quote(text)
    assert "\n" not in token
    assert unquote(token) == text


@MODERATE
@given(st.one_of(paths, st.text(max_size=20)))
def test_a_path_that_escapes_unescapes_to_itself_whatever_the_case(path) -> None:
    try:
        escaped = module.escape_path(path)
    except MalformedError:
        return
    assert escaped == escaped.lower()
    assert module.unescape_path(escaped) == path
    assert ".." not in escaped.split("/")


@MODERATE
@given(st.text(max_size=20))
def test_what_unescapes_is_the_escaped_form_of_it(escaped) -> None:
    for unescape, escape in (
        (module.unescape_path, module.escape_path),
        (module.unescape_version, module.escape_version),
    ):
        try:
            text = unescape(escaped)
        except MalformedError:
            continue
        assert escape(text) == escaped


@MODERATE
@given(st.lists(versions, min_size=3, max_size=3))
def test_precedence_is_a_total_order(three) -> None:
    a, b, c = semver.sort_versions(three)
    assert semver.compare(a, b) <= 0
    assert semver.compare(b, c) <= 0
    assert semver.compare(a, c) <= 0
    assert semver.compare(a, b) == -semver.compare(b, a)


@MODERATE
@given(versions)
def test_a_canonical_version_is_its_own_canonical_form(version) -> None:
    if not semver.is_valid(version):
        assert semver.canonical(version) == ""
        return
    canonical = semver.canonical(version)
    assert semver.canonical(canonical) == canonical
    assert semver.compare(canonical, version) == 0


@MODERATE
@given(
    versions,
    st.datetimes(timezones=st.just(UTC)),
    st.from_regex("[0-9a-f]{12}", fullmatch=True),
)
def test_a_pseudo_version_lies_just_above_its_base(older, time, rev) -> None:
    base = module.canonical_version(older)
    version = pseudo.pseudo_version(semver.major(base), base, time=time, rev=rev)
    assert pseudo.is_pseudo_version(version)
    assert pseudo.pseudo_version_rev(version) == rev
    assert pseudo.pseudo_version_time(version) == time.replace(microsecond=0)
    assert not base or semver.compare(base, version) < 0


@MODERATE
@given(st.lists(versions, max_size=8))
def test_a_list_is_read_as_it_was_written(listed) -> None:
    fitting = {
        v for v in listed if semver.is_valid(v) and not pseudo.is_pseudo_version(v)
    }
    assert parse_list(format_list(fitting)) == semver.sort_versions(fitting)
    assert newest(fitting) in (fitting or {None})


@MODERATE
@given(
    st.lists(st.text("ab*?[]^-\\/.", max_size=6), max_size=4),
    st.text("ab/.", max_size=8),
)
def test_a_pattern_covers_everything_below_what_it_matches(globs, path) -> None:
    patterns = PatternSet(globs)
    assert patterns.match(path) == match_prefix_patterns(",".join(globs), path)
    if patterns.match(path):
        assert patterns.match(path + "/below")


@MODERATE
@given(st.text(max_size=12))
def test_folding_twice_is_folding_once_and_keeps_the_length(text) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(fold(text)) == len(text)


@st.composite
def zips(draw) -> tuple[bytes, dict[str, bytes]]:
    names = draw(st.lists(elements, max_size=6, unique_by=str.lower))
    files = {
        f"a.example/m@v1.0.0/{name}x": draw(st.binary(max_size=300)) for name in names
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, contents in files.items():
            method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
            archive.writestr(name, contents, method)
    return buffer.getvalue(), files


@MODERATE
@given(zips(), st.integers(0, 40))
def test_the_h1_depends_on_names_and_contents_alone(made, prefix) -> None:
    data, files = made
    data = b"#" * prefix + data
    digests = [(n.encode(), hashlib.sha256(c).hexdigest()) for n, c in files.items()]
    want = hash1(reversed(digests))
    assert hash_zip(lambda at, n: data[at : at + n], len(data)) == want
    mv = ModuleVersion("a.example/m", "v1.0.0")
    scan = scan_zip(lambda at, n: data[at : at + n], len(data), mv)
    assert (scan.h1, scan.files) == (want, len(files))
    assert scan.uncompressed_bytes == sum(map(len, files.values()))


@MODERATE
@given(
    zips(),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.floats(0, 1),
)
def test_a_damaged_zip_is_read_or_rejected(made, changes, cut) -> None:
    damaged = bytearray(made[0])
    for where, byte in changes:
        damaged[int(where * (len(damaged) - 1))] = byte
    data = bytes(damaged[: int(cut * len(damaged)) or None])
    mv = ModuleVersion("a.example/m", "v1.0.0")
    for read in (check_zip, scan_zip):
        try:
            read(lambda at, n: data[at : at + n], len(data), mv)
        except RejectedError:
            continue


def test_the_earliest_and_the_latest_time_have_pseudo_versions() -> None:
    for time in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        version = pseudo.pseudo_version("v1", "", time=time, rev="0" * 12)
        assert pseudo.pseudo_version_time(version) == time.replace(microsecond=0)
