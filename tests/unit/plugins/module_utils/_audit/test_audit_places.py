# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where findings belong, and why values are unknown."""

from __future__ import annotations

import typing as t

import pytest
import report_estate
from ansible_collections.winha.cluster.plugins.module_utils._audit.cause import Causes
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render


@pytest.fixture(scope="module")
def environment() -> dict[str, t.Any]:
    return report_estate.environment(60)


def places(environment: dict[str, t.Any], rule: str, **wanted: str) -> list[dict[str, str]]:
    return [
        each["place"]
        for each in environment["findings"]
        if each["rule"] == rule and all(each[key] == value for key, value in wanted.items())
    ]


def test_a_virtual_machine_belongs_to_its_cluster_and_to_its_exchange_server(environment: dict[str, t.Any]) -> None:
    everything = {"cluster": "HVC01", "server": "EX0102", "dag": "DAG01", "site": "Site-B"}
    assert places(environment, "vm-offline-action", subject="EX0102") == [everything]
    assert places(environment, "vm-automatic-stop", subject="EX0102") == [everything]
    assert places(environment, "vm-offline-action", subject="APP0105") == [{"cluster": "HVC01"}]


def test_members_servers_and_sites_have_their_places(environment: dict[str, t.Any]) -> None:
    member = {"dag": "DAG01", "server": "EX0102", "site": "Site-B"}
    assert places(environment, "nodes-removed", host="ex0102.corp.example.com") == [member]
    assert places(environment, "autodiscover-own-name", subject="EX0102") == [member]
    assert places(environment, "autodiscover-one-name", subject="Site-B") == [{"site": "Site-B"}]
    assert {tuple(each) for each in places(environment, "dag-heartbeat-least")} == {("dag",)}
    assert places(environment, "spn-duplicates") == [{}]
    assert {"kind": "server", "name": "EX0102", "dag": "DAG01", "site": "Site-B"} in environment["places"]


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        ("HV01.corp.example (10.1.2.3) did not answer.", "<host> (<address>) did not answer."),
        ("hv01 refused the account svc@CORP.", "<host> refused the account svc@CORP."),
        ("HVC1 lists hv02 as a node.", "<cluster> lists <host> as a node."),
        ("hv011 and hv01-ilo are other names.", "hv011 and hv01-ilo are other names."),
        ("The build of EX1 is not known.", "The build of <name> is not known."),
        ("Exchange 15.1.2507.6 is known.", "Exchange 15.1.2507.6 is known."),
        ("10.20.0.7 did not answer in 10 s.", "<host> did not answer in 10 s."),
    ],
)
def test_a_cause_has_no_name_of_its_host(why: str, cause: str) -> None:
    assert Causes(["hv01.corp.example", "hv02", "10.20.0.7"], ["HVC1"]).of(why, "EX1") == cause


def test_a_large_report_is_small_enough_to_mail_and_its_causes_are_few(environment: dict[str, t.Any]) -> None:
    large = report_estate.environment(300)
    assert len(large["hosts"]) == 300
    assert len(render(large, "html").encode()) < 1_000_000
    causes = {each["cause"] for each in large["findings"] if each["outcome"] == "unknown"}
    reasons = {each["why_unknown"] for each in large["findings"] if each["outcome"] == "unknown"}
    assert len(causes) <= 8 < len(reasons)
    assert [each for each in causes if "corp.example.com" in each] == []
    assert sum(map(len, environment["remedies"].values())) <= 20


def test_the_trend_grows_with_each_run_up_to_a_number() -> None:
    first = report_estate.environment(9)
    second = report_estate.environment(9, before=first, runs=first["runs"])
    assert [row["error"] for row in second["runs"]] == [first["runs"][0]["error"]] * 2
    page = render(second, "html")
    before = first["runs"][0]
    words = f"{before['error']} errors, {before['warning']} warnings, {before['unknown']} unknown."
    assert f"The run before: {words}" in " ".join(page.split())
    assert "There is no earlier run to compare with." in render(first, "html")
