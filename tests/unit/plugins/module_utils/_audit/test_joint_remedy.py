# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One remedy for all findings of a rule: it does for each host what the remedies of its findings do."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.winha.cluster.plugins.module_utils._audit.joint_remedy import joint_remedies
from ansible_collections.winha.cluster.plugins.module_utils._audit.remedy import Remedy

OFFLINE = Remedy.parse(
    "r", {"task": {"winha.cluster.vm_offline_action": {"action": "{action}", "names": ["{subject}"]}}}
)
NETWORK = Remedy.parse(
    "r",
    {
        "role": "winha.cluster.migration_network",
        "hosts": "hyperv_hosts",
        "vars": {"migration_network_only_hosts": ["{host}"], "migration_network_adapters": ["{subject}"]},
    },
)
STOP = Remedy.parse(
    "r",
    {
        "manual": "This needs a shutdown of {subject}. Run on {name}: Set-VM -Name {subject:ps} "
        "-AutomaticStopAction ShutDown",
        "instead": [{"when": "old", "manual": "Change {subject} in Hyper-V Manager on {name}."}],
    },
)


def row(host: str, subject: str, **more: t.Any) -> dict[str, t.Any]:
    return {"host": host, "name": host, "subject": subject, "action": "shut_down", **more}


def joint(remedy: Remedy, *rows: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return joint_remedies([(remedy, each) for each in rows])


def plays(found: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", yaml.safe_load(found["text"].replace("!unsafe", "")))


def names_by_host(found: list[dict[str, t.Any]]) -> dict[str, list[tuple[str, list[str]]]]:
    """What the plays do on each host, as Ansible reads them."""
    done: dict[str, list[tuple[str, list[str]]]] = {}
    for each in found:
        hosts = each["hosts"] if isinstance(each["hosts"], list) else [each["hosts"]]
        for host in hosts:
            options = each["tasks"][0]["winha.cluster.vm_offline_action"]
            names = options["names"]
            if isinstance(names, str):
                assert names == "{{ names_by_host[inventory_hostname] }}"
                names = each["vars"]["names_by_host"][host]
            done.setdefault(host, []).append((options["action"], names))
    return done


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([row("hv01", "A")], 1),
        ([row("hv01", "A"), row("hv01", "B"), row("hv01", "C")], 1),
        ([row("hv01", "A"), row("hv02", "A")], 1),
        ([row("hv01", "A"), row("hv01", "B"), row("hv02", "C")], 1),
        ([row("hv01", "A"), row("hv01", "B", action="turn_off"), row("hv02", "C")], 3),
        ([row("hv01", "A"), row("hv02", "B {{ x }}")], 2),  # a variable would be templated
    ],
)
def test_one_task_does_the_same_on_each_host(rows: list[dict[str, t.Any]], number: int) -> None:
    (found,) = joint(OFFLINE, *rows)
    assert (found["kind"], found["findings"]) == ("task", len(rows))
    assert len(plays(found)) == number
    wanted: dict[str, dict[str, set[str]]] = {}
    for each in rows:
        wanted.setdefault(each["host"], {}).setdefault(each["action"], set()).add(each["subject"])
    done = names_by_host(plays(found))
    assert {host: {action: set(names) for action, names in each} for host, each in done.items()} == wanted


def test_the_name_of_a_task_has_all_names() -> None:
    task = {"name": "Shut {subject} down", "winha.cluster.vm_offline_action": {"names": ["{subject}"]}}
    remedy = Remedy.parse("r", {"task": task})
    (found,) = joint(remedy, row("hv01", "A"), row("hv01", "B"), row("hv02", "C"))
    assert [each["tasks"][0]["name"] for each in plays(found)] == ["Shut A, B and C down"]
    (found,) = joint(remedy, row("hv01", "A"), row("hv01", "{{ x }}"))
    assert '- name: !unsafe "Shut A and {{ x }} down"' in found["text"]


def test_a_name_with_a_template_stays_unsafe() -> None:
    (found,) = joint(OFFLINE, row("hv01", "A"), row("hv01", "{{ lookup('pipe', 'x') }}"))
    assert "!unsafe \"{{ lookup('pipe', 'x') }}\"" in found["text"]


def test_lists_of_a_role_are_joined_only_where_one_differs() -> None:
    same = joint(NETWORK, row("hv01", "LM"), row("hv02", "LM"))
    (play,) = plays(same[0])
    assert play["roles"][0]["vars"]["migration_network_only_hosts"] == ["hv01", "hv02"]
    other = joint(NETWORK, row("hv01", "LM"), row("hv02", "LM"), row("hv03", "LM2"))
    found = {
        (
            *each["roles"][0]["vars"]["migration_network_only_hosts"],
            *each["roles"][0]["vars"]["migration_network_adapters"],
        )
        for each in plays(other[0])
    }
    assert found == {("hv01", "hv02", "LM"), ("hv03", "LM2")}


def test_commands_become_one_script_by_host() -> None:
    (found,) = joint(STOP, row("hv01", "A"), row("hv02", "B"), row("hv01", "it's"))
    assert found["kind"] == "script"
    assert found["text"].splitlines() == [
        "# This needs a shutdown of A, B and it's.",
        "",
        "# On hv01:",
        "Set-VM -Name 'A' -AutomaticStopAction ShutDown",
        "Set-VM -Name 'it''s' -AutomaticStopAction ShutDown",
        "",
        "# On hv02:",
        "Set-VM -Name 'B' -AutomaticStopAction ShutDown",
    ]


def test_hosts_with_another_release_have_another_remedy() -> None:
    found = joint(STOP, row("hv01", "A"), row("hv02", "B", old=True), row("hv03", "C", old=True))
    assert [(each["kind"], each["findings"], each["hosts"]) for each in found] == [
        ("manual", 1, ["hv01"]),
        ("manual", 2, ["hv02", "hv03"]),
    ]
    assert found[1]["text"] == "Change B and C in Hyper-V Manager on hv02 and hv03."
    assert found[0]["text"] == STOP.steps(row("hv01", "A"))


def test_a_name_cannot_leave_the_comment_of_a_script() -> None:
    (found,) = joint(STOP, row("hv01\nRemove-VM", "A\nRemove-VM *"), row("hv01", "B"))
    text = found["text"].replace("'A\nRemove-VM *'", "'A'")  # in quotes it is a name
    assert all(line.startswith(("#", "Set-VM ")) for line in text.splitlines() if line)
