"""What monitors read: status.json and the metrics, of a mirror that has it all."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.catalog.census import Census
from gosync.catalog.findings import FindingKind
from gosync.catalog.jobs import JobRow
from gosync.catalog.versions import State
from gosync.publish.storage.localtree import LocalTree
from gosync.site.volume import MonthVolume
from gosync.status.facts import MirrorFacts
from gosync.status.files import write_metrics, write_status
from gosync.status.metrics import format_metrics
from gosync.status.mirror import format_status
from gosync.sync.completeness import Completeness, VersionCounts
from gosync.sync.freshness import Freshness

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
STARTED, ENDED = "2026-03-04T05:00:00.000000Z", "2026-03-04T05:01:00.000000Z"
SYNC = JobRow(
    "sync", STARTED, ENDED, 0, "", "{}", "2026-03-04T05:15:00Z", ENDED, 0, None
)
NEVER = Freshness(None, None, None, None, 0)
FRESH = Freshness(
    "2026-03-04T03:06:07.000000000Z", 7200.0, "2026-03-03T05:06:07.000000Z", 86400.0, 3
)


def _facts(*jobs: JobRow, freshness: Freshness = FRESH) -> MirrorFacts:
    return MirrorFacts(
        now=NOW,
        freshness=freshness,
        modules=2,
        versions=Census(present=7, go_mod_only=3, waiting={State.FAILED: 1}),
        completeness=Completeness(versions=VersionCounts(present=7, zips=7, failed=1)),
        failures={"NotFoundError": 1},
        security=0,
        findings=dict.fromkeys(FindingKind, 0) | {FindingKind.REWRITTEN: 1},
        vulnerable=4,
        carried_bytes=1_500_000_000,
        jobs={job.name: job for job in jobs},
        volume=MonthVolume(month="2026-03", received_bytes=5, limit_bytes=9),
    )


def _status(facts: MirrorFacts) -> dict[str, object]:
    document = json.loads(format_status(facts, name="corner", upstream="https://p"))
    assert isinstance(document, dict)
    return document


def test_a_directory_of_mirrors_finds_the_fields_that_it_knows():
    status = _status(_facts(SYNC))

    assert {key: status[key] for key in list(status)[:14]} == {
        "name": "corner",
        "is_master": True,
        "status": "success",
        "last_update": "2026-03-04 05:01:00 +0000",
        "last_update_ts": 1772600460,
        "last_started": "2026-03-04 05:00:00 +0000",
        "last_started_ts": 1772600400,
        "last_ended": "2026-03-04 05:01:00 +0000",
        "last_ended_ts": 1772600460,
        "next_schedule": "2026-03-04 05:15:00 +0000",
        "next_schedule_ts": 1772601300,
        "upstream": "https://p",
        "size": "1.4G",
        "error_msg": "",
    }


def test_fresh_means_the_age_of_data_not_of_the_last_run():
    status = _status(_facts(SYNC))

    assert status["freshness"] == {
        "index_cursor": "2026-03-04T03:06:07.000000000Z",
        "index_behind_seconds": 7200.0,
        "oldest_list_at": "2026-03-03T05:06:07.000000Z",
        "oldest_list_seconds": 86400.0,
        "lists_never_had": 3,
    }


@pytest.mark.parametrize(
    ("job", "status"),
    [
        (None, "none"),
        (JobRow("sync", STARTED, None, None, "", "{}", None, None, 0, None), "syncing"),
        (JobRow("sync", STARTED, ENDED, 3, "x", "{}", None, None, 2, None), "failed"),
        (JobRow("sync", STARTED, ENDED, 143, "", "{}", None, None, 0, None), "paused"),
    ],
)
def test_how_the_last_pass_went_is_one_word(job: JobRow | None, status: str):
    found = _status(_facts(*([job] if job else []), freshness=NEVER))

    assert found["status"] == status
    assert found["last_update_ts"] == 0
    assert found["last_update"] == "0001-01-01 00:00:00 +0000"


def test_metrics_are_well_formed_and_say_times_not_ages():
    text = format_metrics(_facts(SYNC), name='a "corner"\\').decode()

    line = re.compile(
        r'gosync_[a-z_]+\{mirror="a \\"corner\\"\\\\"(,\w+="\w+")?\} [\d.]+'
    )
    for each in text.splitlines():
        assert each.startswith(("# HELP gosync_", "# TYPE gosync_")) or line.fullmatch(
            each
        ), each
    lines = text.splitlines()
    names = [each.split()[2] for each in lines if each.startswith("# TYPE")]
    assert len(names) == len(set(names))
    labels = 'mirror="a \\"corner\\"\\\\"'
    assert f"gosync_index_cursor_timestamp_seconds{{{labels}}} 1772593567" in lines
    assert f'gosync_findings{{{labels},kind="rewritten"}} 1' in lines
    assert (
        f'gosync_job_success_timestamp_seconds{{{labels},job="sync"}} 1772600460'
        in lines
    )


def test_what_is_not_known_has_no_metric():
    text = format_metrics(_facts(freshness=NEVER), name="corner").decode()

    assert "cursor" not in text
    assert "gosync_job" not in text


def test_metrics_are_replaced_whole_and_readable_by_others(tmp_path: Path):
    file = tmp_path / "gosync.prom"
    for _ in range(2):
        write_metrics(file, _facts(SYNC), name="corner")

    assert file.read_bytes() == format_metrics(_facts(SYNC), name="corner")
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    write_metrics(tmp_path / "no" / "gosync.prom", _facts(SYNC), name="corner")

    assert "gosync.prom: No such file or directory" in caplog.text


def test_where_there_is_no_tree_none_is_begun(tmp_path: Path):
    write_status(LocalTree(tmp_path / "tree"), _facts(SYNC), name="corner", upstream="")

    assert list(tmp_path.iterdir()) == []
