"""What Prometheus and Grafana are given fits what /metrics tells, and the runbook."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import NOBODY
from workers.watch.alert import AlertKind
from workers.watch.metrics import families

ROOT = Path(__file__).parents[1]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "ops" / "grafana-dashboard.json").read_text("utf-8"))
RUNBOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")
METRIC = re.compile(r"\bdigest_\w+")
OUTSIDE = {"unreachable"}
"""What only somebody outside can tell."""


@pytest.fixture
def exported(db: None, settings: Any) -> dict[str, set[str]]:
    """Each metric that a scrape names, and its labels."""
    settings.REDIS_URL = NOBODY
    return {
        f"{one.name}_info" if one.type == "info" else one.name: set(getattr(one, "_labelnames", ()))
        for one in families()
    }


def expressions() -> list[str]:
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in RULES)]


def test_every_metric_that_is_drawn_or_watched_is_exported_with_the_labels_asked_for(exported):
    for expr in expressions():
        named = set(METRIC.findall(expr))
        assert named <= set(exported), expr
        labels = set(re.findall(r"[{,]\s*(\w+)\s*=", expr)) - {"job"}
        labels |= {
            one for some in re.findall(r"(?:by|on) \((.*?)\)", expr) for one in some.split(", ")
        }
        for metric in named:
            assert not labels or not exported[metric] or labels <= exported[metric] | {"state"}, (
                expr
            )


def test_every_label_in_a_legend_or_a_text_is_one_of_the_metrics(exported):
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            asked = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            there = [exported[one] for one in METRIC.findall(target["expr"])]
            assert asked <= set().union(*there), panel["title"]


def test_everything_exported_is_drawn_but_for_what_says_nothing_over_time(exported):
    drawn = set(METRIC.findall(" ".join(expressions())))
    told_elsewhere = {"digest_build_info", "digest_mailing_candidates", "digest_worker_places"}
    assert set(exported) - drawn == told_elsewhere


def test_every_alert_of_ours_has_a_rule_of_its_name_and_no_other_has():
    assert {rule["labels"]["kind"] for rule in RULES} == set(AlertKind.values) | OUTSIDE
    for rule in RULES:
        words = rule["labels"]["kind"].split("-")
        assert rule["alert"] == "Digest" + "".join(word.title() for word in words)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_and_leads_to_its_section_of_the_runbook(rule: dict[str, Any]):
    said, kind = rule["annotations"], rule["labels"]["kind"]
    assert said["summary"]
    assert said["description"]
    assert said["runbook"] == f"docs/operations.md#{kind}"


@pytest.mark.parametrize("kind", sorted({*AlertKind.values, *OUTSIDE}))
def test_the_runbook_says_what_an_alert_means_what_to_look_at_and_what_to_do(kind: str):
    section = RUNBOOK.split(f"\n### {kind}\n")
    assert len(section) == 2, f"one section for {kind}"
    text = section[1].split("\n#")[0]
    parts = [text.find(f"**{part}.**") for part in ("What it means", "Look at", "Do")]
    assert -1 not in parts, kind
    assert parts == sorted(parts), kind


def test_the_runbook_has_a_section_for_no_alert_that_is_gone():
    part = RUNBOOK.split("\n## When an alert comes\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (.+)$", part, re.MULTILINE)) == {*AlertKind.values, *OUTSIDE}
