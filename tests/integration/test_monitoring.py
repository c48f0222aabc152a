"""Dashboard and alert rules of contrib/, held against what a real server exports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.forked import CHECKOUT
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.simulator import Simulator
from tests.simulator.standard import module

MONITORING = CHECKOUT / "contrib/monitoring"
PROMTOOL = shutil.which("promtool")
_OF_PROMETHEUS = {"le", "job", "instance"}  # a histogram's, and what scraping adds
_METRIC = re.compile(r"\b(gosync_[a-z0-9_]+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)")
_BY = re.compile(r"\bby\s*\(([^)]*)\)")


@pytest.fixture(scope="module")
def exposition(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what a server answers at /metrics once it did things."""
    folder = tmp_path_factory.mktemp("site")
    with Simulator() as sim:
        sim.publish(module("std.example/m", "v1.0.0"))
        site = pulling_site(folder, sim, workers=1)
        with Serving(site.folder, environment=site.environment) as server:
            for _ in range(2):
                assert server.get("/std.example/m/@v/v1.0.0.zip").status == 200
            server.get("/std.example/m/@v/v1.1.0.zip")
            server.wait_until(lambda: "head_age" in server.get("/metrics").text)
            return server.get("/metrics").text


@pytest.fixture(scope="module")
def exported(exposition: str) -> dict[str, set[str]]:
    """Return the labels of each metric that it has."""
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return found


def _expressions() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((MONITORING / "serve-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from ((panel["title"], each["expr"]) for each in panel["targets"])
    rules = yaml.safe_load((MONITORING / "serve-alerts.yaml").read_text())
    for rule in rules["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]


def test_every_expression_asks_for_what_is_exported(exported):
    asked = set()
    for name, expression in _expressions():
        metrics = _METRIC.findall(expression)
        assert metrics, name
        has = set.union(*(exported[metric] for metric, _ in metrics)) | _OF_PROMETHEUS
        for metric, labels in metrics:
            assert metric in exported, f"{name}: nobody exports {metric}"
            unknown = set(_LABEL.findall(labels)) - exported[metric] - _OF_PROMETHEUS
            assert not unknown, f"{name}: {metric} has no {unknown}"
            asked.add(re.sub("_(bucket|count|sum)$", "", metric))
        for group in _BY.findall(expression):
            assert {each.strip() for each in group.split(",")} <= has, name
        for opened, closed in ("()", "[]", "{}"):
            assert expression.count(opened) == expression.count(closed), name
    own = {re.sub("_(bucket|count|sum|created)$", "", each) for each in exported}
    assert {each for each in own if each.startswith("gosync_")} == asked


def test_the_dashboard_is_one_that_grafana_takes():
    dashboard = json.loads((MONITORING / "serve-dashboard.json").read_text())
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    assert dashboard["schemaVersion"] >= 36
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(
        dashboard["panels"]
    )
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not taken & cells, f"{panel['title']} lies on another panel"
        taken |= cells
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            used = set(re.findall(r"\$(\w+)", target["expr"]))
            assert used <= variables | {"__rate_interval"}
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = _BY.findall(target["expr"])
            assert shown <= {
                name.strip() for each in grouped for name in each.split(",")
            }


def test_alerts_say_how_long_how_bad_and_what():
    rules = yaml.safe_load((MONITORING / "serve-alerts.yaml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def _promtool(*arguments: str | Path, given: str = "") -> None:
    assert PROMTOOL is not None
    command = [PROMTOOL, "check", *arguments]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long  # promtool is installed for the second tier
@pytest.mark.skipif(PROMTOOL is None, reason="there is no promtool")
def test_prometheus_reads_rules_expressions_and_metrics(exposition, tmp_path):
    _promtool("rules", MONITORING / "serve-alerts.yaml")
    rules = [
        {"record": f"panel:{number}", "expr": _with_values(expression)}
        for number, (_, expression) in enumerate(_expressions())
    ]
    panels = tmp_path / "panels.yaml"
    panels.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    _promtool("rules", panels)
    _promtool("metrics", given=exposition)


def _with_values(expression: str) -> str:
    """Return an expression with what Grafana puts in place of its variables."""
    return expression.replace("$__rate_interval", "5m")
