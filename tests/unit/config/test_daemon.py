"""``[daemon.jobs]`` and ``[hooks]``: schedules and whom to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.config.config import Config
from gosync.config.convert import Toml
from gosync.config.duties import Hook, JobSpec
from gosync.config.load import parse_config
from gosync.errors import ConfigError
from gosync.schedule import Schedule


def _config(values: Toml, **environ: str) -> Config:
    return parse_config(values, environ, base=Path("/site"))


def _job(name: str, **keys: object) -> JobSpec:
    config = _config({"daemon": {"jobs": {name: keys}}})
    return next(spec for spec in config.jobs if spec.name == name)


def test_without_a_word_everything_runs_but_prune():
    jobs = {spec.name: spec.schedule for spec in _config({}).jobs}

    plain = ["sync", "lists", "audit", "verify", "publish", "prune"]
    assert list(jobs) == [*plain, "bundle", "import", "health"]
    assert jobs["health"] is None
    assert jobs["sync"] == Schedule(interval_seconds=900, jitter_seconds=60)
    assert jobs["prune"] is None
    assert (jobs["bundle"], jobs["import"]) == (None, None)


def test_with_a_gateway_bundles_are_made_and_taken_in():
    gateway: Toml = {
        "target": [{"name": "inside", "outbox": "out"}],
        "bundle": {"inbox": "in"},
    }
    jobs = {spec.name: spec.schedule for spec in _config(gateway).jobs}

    assert jobs["bundle"] == Schedule(interval_seconds=900, jitter_seconds=60)
    assert jobs["import"] == Schedule(interval_seconds=60)


@pytest.mark.parametrize("outbox", ["in", "in/side", "."])
def test_what_leaves_may_not_come_in_again(outbox: str):
    with pytest.raises(ConfigError, match="inbox and outbox overlap"):
        _config({"bundle": {"inbox": "in", "outbox": outbox}})


def test_a_job_has_an_interval_or_a_cron_expression_a_jitter_and_a_limit():
    assert _job("prune", interval="7d") == JobSpec(
        "prune", Schedule(interval_seconds=604_800), 7200
    )
    assert _job("audit", cron="0  3 * * SUN", jitter="10m", time_limit="1h") == JobSpec(
        "audit", Schedule(cron="0 3 * * sun", jitter_seconds=600), 3600
    )
    assert _job("sync", jitter="5m").schedule == Schedule(
        interval_seconds=900, jitter_seconds=300
    )
    assert _job("sync", interval="off").schedule is None


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"interval": "often"}, r"daemon.jobs.sync.interval: malformed time 'often'"),
        ({"interval": "0s"}, "daemon.jobs.sync.interval: is"),
        ({"time_limit": "0s"}, "time_limit"),
        ({"cron": "* * * * 1"}, "name weekdays"),
        ({"cron": "0 3 * * *", "interval": "1h"}, "exclude each other"),
        ({"jitter": "-1s"}, "time"),
        ({"every": "1h"}, "every"),
    ],
)
def test_a_wrong_schedule_is_refused_by_name(keys: dict[str, object], reason: str):
    with pytest.raises(ConfigError, match=reason):
        _job("sync", **keys)


def test_a_job_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="dance"):
        _config({"daemon": {"jobs": {"dance": {"interval": "1h"}}}})


def test_a_hook_is_a_command_line_or_a_url():
    hooks = _config(
        {
            "hooks": {
                "on_failure": [
                    "/bin/tell 'the operator'",
                    "https://hooks.example/s3cr3t",
                ],
                "on_finding": ["tell"],
                "time_limit_seconds": 5,
            }
        }
    ).hooks

    assert hooks.failure == (
        Hook(command=("/bin/tell", "the operator")),
        Hook(url="https://hooks.example/s3cr3t"),
    )
    assert hooks.of("finding") == (Hook(command=("tell",)),)
    assert hooks.of("success") == ()
    assert hooks.time_limit_seconds == 5


@pytest.mark.parametrize(
    "text", ["", "say 'it", "ftp://hooks.example/s3cr3t", "http://"]
)
def test_a_wrong_hook_is_refused_without_its_secrets(text: str):
    with pytest.raises(ConfigError, match="on_success") as caught:
        _config({"hooks": {"on_success": [text]}})
    assert "s3cr3t" not in str(caught.value)


def test_the_environment_overrides_keys_of_the_daemon():
    config = _config({}, GOSYNC_DAEMON_METRICS_FILE="metrics.prom")

    assert config.metrics_path == Path("/site/metrics.prom")
    assert _config({}).metrics_path is None
