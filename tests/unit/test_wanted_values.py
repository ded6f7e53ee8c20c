# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit passes what the roles set: the wanted values of both are the same."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
RULES = {
    rule["id"]: rule
    for file in (ROLES / "audit" / "rules").glob("*.yml")
    for rule in yaml.safe_load(file.read_text("utf-8"))
}


def defaults(role: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text("utf-8")))


HEARTBEATS = defaults("dag_heartbeat")["dag_heartbeat_by_windows"]


@pytest.mark.parametrize("release", HEARTBEATS)
def test_the_heartbeat_of_each_release_passes_the_audit(release: str) -> None:
    parameters = RULES["dag-heartbeat-most"]["parameters"] | RULES["dag-heartbeat-least"]["parameters"]
    settings = HEARTBEATS[release]
    for reach in ("same_subnet", "cross_subnet"):
        if f"{reach}_threshold" in settings:
            seconds = settings[f"{reach}_delay"] * settings[f"{reach}_threshold"] / 1000
            least, most = parameters["heartbeat_seconds_at_least"], parameters[f"{reach}_seconds_at_most"][release]
            assert least <= seconds <= most


def test_the_audit_demands_no_longer_heartbeat_than_the_roles_set() -> None:
    least = RULES["dag-heartbeat-least"]["parameters"]["heartbeat_seconds_at_least"]
    assert least == min(one["same_subnet_delay"] * one["same_subnet_threshold"] / 1000 for one in HEARTBEATS.values())


def test_the_audit_passes_only_the_offline_action_that_the_role_sets() -> None:
    action = defaults("hyperv_cluster")["hyperv_cluster_offline_action"]
    assert RULES["vm-offline-action"]["parameters"]["offline_actions"] == [action]


@pytest.mark.parametrize("name", ["mtu", "receive_buffers"])
def test_the_live_migration_network_is_judged_by_the_values_that_the_role_sets(name: str) -> None:
    wanted = defaults("migration_network")[f"migration_network_{name}"]
    judged = [rule["parameters"][name] for rule in RULES.values() if name in rule.get("parameters", {})]
    assert judged
    assert set(judged) == {wanted}
