# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of several runs together are those of one run over all hosts."""

from __future__ import annotations

import copy
import json
import random
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit import packing
from ansible_collections.winha.cluster.plugins.module_utils._audit.error import AuditError
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from ansible_collections.winha.cluster.plugins.module_utils._audit.gathering import facts_of
from ansible_collections.winha.cluster.plugins.module_utils._audit.merging import merged
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render
from ansible_collections.winha.cluster.plugins.module_utils._windows.cluster import NOT_CLUSTERED
from audit_cases import NOW, Mapping, rules

GROUPS = {"hyperv_host": "hyperv_hosts", "dag_member": "dag_members", "domain_controller": "domain_controllers"}
ALONE = {"failed": True, "msg": f"h {NOT_CLUSTERED}: There is no namespace root/mscluster on this host."}
AWAY = {"unreachable": True, "msg": "No answer."}
TIMES = ("2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z", "2026-03-01T11:00:00+00:00", "2026-03-01T11:30:00Z")
SEEDS = range(12)


def host(name: str, group: str, **registered: t.Any) -> Mapping:
    return {
        "inventory_hostname": name,
        "group_names": [group],
        **{f"audit_{part}": result for part, result in registered.items()},
    }


def node(name: str, cluster: str, nodes: t.Sequence[str], group: str = "hyperv_hosts", **more: t.Any) -> Mapping:
    """A node of a cluster, which tells of all nodes and of all virtual machines, as each node does."""
    machines = [
        {"id": f"{cluster}-{number}", "name": f"EX{number}" if number % 2 else f"old {number}", "priority": 3000,
         "resource": f"Virtual Machine EX{number}", "name_known": number % 2 == 0, "offline_action": "save"}
        for number in range(1, 5)
    ]  # fmt: skip
    told = {
        "name": cluster.partition(".")[0],
        "fqdn": cluster,
        "node": name.partition(".")[0],
        "nodes": [{"name": each, "windows": "2022", "state": "up"} for each in nodes],
        "virtual_machines": machines,
        "heartbeat_seconds": {"same_subnet": 20.0, "cross_subnet": 20.0},
    }
    own = {"id": f"{cluster}-{len(name) % 3 + 1}", "name": f"EX of {name}", "automatic_stop_action": "save"}
    info = {"windows": {"computer_name": name.partition(".")[0], "release": "2022"}, "virtual_machines": [own]}
    results = {"cluster_info": {"cluster": told}, "host_info": {**info, "unknown": []}}
    return host(name, group, **(results | more))


def estate() -> list[Mapping]:
    """Hosts whose facts need those of others: two clusters of one name, a DAG, and hosts that a cluster lists."""
    nodes = ("hv1", "hv2", "hv3", "hv10")
    lost = [{"what": "virtual_machines", "why": "The provider failed."}]
    organization = {
        "organization": {"name": "X", "forest": "example.com"}, "servers": [], "client_access_arrays": [], "unknown": []
    }  # fmt: skip
    forest = {"spn_info": {"spns": [], "accounts": [], "unknown": []}, "dns_name_info": {"skipped": True}}
    return [
        *(node(f"{each}.east.example.com", "hvc.east.example.com", nodes) for each in nodes[:3]),
        # These two do not tell their cluster themselves: one has no cluster classes, one does not answer.
        host("hv10.east.example.com", "hyperv_hosts", cluster_info=ALONE, host_info={"windows": {"release": "2022"}}),
        *(node(f"{each}.west.example.com", "hvc.west.example.com", nodes) for each in nodes[:2]),
        host("hv3.west.example.com", "hyperv_hosts", host_info=AWAY, cluster_info={"skipped": True}),
        # The same node under another name, a standalone host, and one whose provider failed.
        {**node("hv1.east.example.com", "hvc.east.example.com", nodes), "inventory_hostname": "10.0.0.1"},
        host("alone", "hyperv_hosts", cluster_info=ALONE, host_info={"windows": {"release": "2016"}, "unknown": lost}),
        *(node(f"ex{number}", "dag.example.com", ("ex1", "ex2"), "dag_members") for number in (1, 2)),
        host("dc1", "domain_controllers", exchange_info={"failed": True, "msg": "Refused."}, spn_info=AWAY),
        host("dc2", "domain_controllers", exchange_info=organization, **forest),
        host("dc3", "domain_controllers", exchange_info=organization, **forest),
    ]  # fmt: skip


def facts(hosts: t.Iterable[Mapping], gathered: str = TIMES[0], title: str = "lab", **planned: t.Any) -> Mapping:
    return facts_of(hosts, groups=GROUPS, prefix="audit_", title=title, gathered=gathered, planned=planned)


def report(found: Mapping) -> str:
    """The evaluation as it is written, without the time of the facts."""
    return render(evaluate(rules(), found, now=NOW) | {"gathered": ""}, "json")


def slices(seed: int) -> list[tuple[str, Mapping]]:
    """The facts of two to four runs, each with some of the hosts in the order of the inventory."""
    chance = random.Random(seed)
    number = chance.randrange(2, 5)
    every = estate()
    place = [chance.randrange(number) for _host in every]
    runs = [
        (f"slice{run}.json", facts([each for each, at in zip(every, place, strict=True) if at == run], TIMES[run]))
        for run in range(number)
    ]
    chance.shuffle(runs)
    return runs


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_are_evaluated_as_one_run(seed: int) -> None:
    runs = slices(seed)
    kept = copy.deepcopy(runs)
    found = report(merged(runs))
    assert found == report(facts(estate()))
    assert '"outcome": "fail"' in found
    assert runs == kept
    # Also when they were packed, and when some of them were put together before.
    packed = [(name, packing.unpacked(name, packing.packed(run))) for name, run in runs]
    assert report(merged([("some", merged(packed[:-1])), packed[-1]])) == found


def test_each_slice_alone_is_evaluated_differently() -> None:
    """What the comparison above can see: a partition without the other nodes has other findings."""
    whole = json.loads(report(facts(estate())))["findings"]
    assert all(json.loads(report(run))["findings"] != whole for seed in SEEDS for _name, run in slices(seed))


def test_a_host_in_two_runs_has_the_later_facts_and_that_is_told() -> None:
    answered, away = estate()[0], host(estate()[0]["inventory_hostname"], "hyperv_hosts", host_info=AWAY)
    name = answered["inventory_hostname"]
    for first, second in ((answered, away), (away, answered)):
        older, later = facts([first], TIMES[0]), facts([second], TIMES[1])
        for runs in ([("old", older), ("new", later)], [("new", later), ("old", older)]):
            found = merged(runs)
            assert found["hosts"][name] == later["hosts"][name]
            (note,) = found["notes"]
            assert "The later ones are used, those in new." in note
            assert evaluate(rules(), found, now=NOW)["notes"] == [note]
    same = merged([("one", facts([answered], TIMES[0])), ("two", facts([answered], TIMES[3]))])
    assert same["notes"] == [f"{name} is in one and two with the same facts."]


def test_a_forest_is_read_through_the_same_run_as_its_domain_controller() -> None:
    before, after = (
        facts([estate()[-1]], TIMES[0]),
        facts([host("dc3", "domain_controllers", exchange_info=AWAY)], TIMES[1]),
    )
    (forest,) = merged([("a", before), ("b", after)])["forests"]
    assert forest == after["forests"][0]


def test_an_expected_host_that_is_in_no_run_could_not_be_read() -> None:
    expected = {"hyperv_host": ["hv1.east.example.com", "hv9"], "dag_member": ["hv9"]}
    found = merged([("a.json", facts(estate()))], expected=expected)
    evaluation = evaluate(rules(), found, now=NOW)
    (row,) = [one for one in evaluation["unread"] if one["host"] == "hv9"]
    assert row["why"] == "The host is in the inventory, and not in a.json."
    assert {one["outcome"] for one in evaluation["findings"] if one["host"] == "hv9"} == {"unknown"}


def without(*keys: str) -> Mapping:
    """The facts of a run without the value at a path."""
    found: t.Any = facts(estate())
    target = found
    for key in keys[:-1]:
        target = target[int(key) if isinstance(target, list) else key]
    del target[keys[-1]]
    return t.cast("Mapping", found)


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ({"a": facts(estate()), "b": facts(estate()) | {"version": 3}}, "b: The facts have version 3, and this"),
        ({"a": facts(estate()), "b": without("version")}, "b has facts of version 1, and only facts of version 2"),
        ({"a": without("title")}, "a is damaged: it has not all facts of a run."),
        ({"a": without("forests")}, "a is damaged: it has not all facts of a run."),
        ({"a": without("forests", "0", "spn_info")}, "a is damaged: it has not all facts of a run."),
        ({"a": without("hosts", "alone", "gathered")}, "a is damaged: it has not all facts of a run."),
        ({"a": {"hosts": []}}, "a: The input is not the facts of an audit"),
        ({"a": []}, "a: The input is not the facts of an audit"),
        ({}, "There are no facts to evaluate."),
        ({"a": facts([host("x", "dag_members")]), "b": facts([host("x", "dag_members", host_info=AWAY)])},
         f"x is in a and b with different facts of the same time, {TIMES[0]}."),
        ({"a": facts([]), "b": facts([], title="other")}, "The title in b is not that in a. Use one audit_title"),
        ({"a": facts([], extra={"2010": ["x"]}), "b": facts([], extra={"2010": ["y"]})}, "Use one audit_planned"),
    ],
)  # fmt: skip
def test_runs_that_cannot_be_put_together_are_refused_by_name(runs: Mapping, sentence: str) -> None:
    with pytest.raises(AuditError) as caught:
        merged(list(runs.items()))
    assert sentence in str(caught.value)


def test_the_title_of_the_evaluation_counts() -> None:
    assert merged([("a", facts([])), ("b", facts([], title="other"))], title="mine")["title"] == "mine"
    assert merged([("a", facts([])), ("b", facts([], title=""))])["title"] == "lab"


def test_a_damaged_text_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    text = packing.packed(facts(estate()))
    assert packing.unpacked("a", text) == facts(estate())
    for damaged in (text[: len(text) // 8 * 4], text[4:], "{", "nothing", "", text[:-8] + "AAAAAAA="):
        with pytest.raises(AuditError, match=r"^a is damaged: .*Read its hosts again\.$"):
            packing.unpacked("a", damaged)
    monkeypatch.setattr(packing, "MAX_PACKED", len(text) - 1)
    with pytest.raises(AuditError, match="an artifact has at most"):
        packing.packed(facts(estate()))
