"""When jobs are due, as a configuration is checked."""

from __future__ import annotations

from pathlib import Path

from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator


def test_a_configuration_shows_when_its_jobs_are_due(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim)
        with site.config_file.open("a") as file:
            file.write(
                '[daemon]\ntimezone = "Asia/Shanghai"\n'
                '[daemon.jobs.sync]\ncron = "30 2 * * *"\n'
            )
        runs = site.run("config", "check", expect=OK).document["next_runs"]
        assert [each[11:] for each in runs["sync"]] == ["02:30:00+08:00"] * 3
        wrong = site.config_file.read_text().replace("Asia/Shanghai", "Moon/Base")
        site.config_file.write_text(wrong)
        found = site.run("config", "check", expect=USAGE)
        assert "daemon.timezone" in found.stdout
