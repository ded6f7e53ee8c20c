# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook only audits, not too often, and lets no other text than the name of a host through.

C(ansible-lint) checks it against the schema of ansible-rulebook.
"""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "extensions" / "eda" / "rulebooks" / "node_removed.yml"


@pytest.fixture(scope="module")
def ruleset() -> dict[str, t.Any]:
    (found,) = yaml.safe_load(RULES.read_text("utf-8"))
    return t.cast("dict[str, t.Any]", found)


def test_every_action_is_a_playbook_that_only_reads(ruleset: dict[str, t.Any]) -> None:
    actions = [rule["action"] for rule in ruleset["rules"]]
    assert [list(action) for action in actions] == [["run_playbook"]] * 2
    names = [action["run_playbook"]["name"] for action in actions]
    assert names == ["winha.cluster.event_cluster", "winha.cluster.validate"]
    assert all((ROOT / "playbooks" / f"{name.rpartition('.')[2]}.yml").is_file() for name in names)
    plays = yaml.safe_load((ROOT / "playbooks" / "event_cluster.yml").read_text("utf-8"))
    used = {key for play in plays for task in play["tasks"] for key in task if "." in key}
    assert used == {
        "ansible.builtin.assert",
        "ansible.builtin.group_by",
        "ansible.builtin.set_stats",
        "winha.cluster.cluster_info",
    }


def test_only_the_hosts_that_the_inventory_has_are_audited(ruleset: dict[str, t.Any]) -> None:
    find, audit = ruleset["rules"]
    # What the webhook received is in event.payload. The audit uses only what the first playbook returned.
    assert find["action"]["run_playbook"]["post_events"] is True
    assert find["action"]["run_playbook"]["extra_vars"] == {"event_host": "{{ event.payload.host }}"}
    assert "payload" not in str(audit)
    assert audit["throttle"] == {"once_within": "30 minutes", "group_by_attributes": ["event.audit_cluster"]}
    assert "filters" not in ruleset["sources"][0]
    assert ruleset["sources"][0]["eda.builtin.webhook"]["token"] == "{{ webhook_token }}"


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("hv01", True),
        ("HV01.corp.example.com", True),
        ("10.0.0.1", True),
        ("all,hv01", False),
        ("all:!hv01", False),
        ("@/etc/passwd", False),
        ("-evil", False),
        ("hv01\n", False),
        ("hv*", False),
        ("{{ lookup('ansible.builtin.pipe', 'id') }}", False),
        ("", False),
    ],
)
def test_the_condition_lets_only_names_of_hosts_through(ruleset: dict[str, t.Any], name: str, passes: bool) -> None:
    condition = ruleset["rules"][0]["condition"]
    (first,) = re.findall(r'event\.payload\.host is match\("(.*?)"\)', condition)
    (forbidden,) = re.findall(r'event\.payload\.host is not regex\("(.*?)"\)', condition)
    assert bool(re.match(first, name) and not re.search(forbidden, name)) == passes
    assert " or " not in condition
