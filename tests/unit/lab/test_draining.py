# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pause, drain and resume of nodes, and the quorum checks."""

from __future__ import annotations

import http.client

import pytest
from network_estate import CIMV2, eventually, output
from raw_client import CLUSTER, Client, envelope

CORE = ["Cluster Group", "Available Storage"]


def _node(net, name):
    values = net.cluster("NET1").named("MSCluster_Node", name).values
    return values["State"], values["NodeDrainStatus"]


def _owner(net, group):
    return net.cluster("NET1").named("MSCluster_ResourceGroup", group).values["OwnerNode"]


def _pause(client, node, kind=1, target=""):
    chosen = f"<p:TargetNode>{target}</p:TargetNode>" if target else ""
    return client.invoke("MSCluster_Node", "Pause", f"<p:DrainType>{kind}</p:DrainType>{chosen}", Name=node)


def _resume(client, node, kind=0):
    return client.invoke("MSCluster_Node", "Resume", f"<p:FailbackType>{kind}</p:FailbackType>", Name=node)


def _ended(net, how):
    """Whether the end of the drain is in the journal. It is written just after the status of the node."""
    return eventually(lambda: [entry.method for entry in net.journal(events=True)][-1:] == [how], net=net)


def _moves(net):
    return [
        (entry.selectors["Name"], entry.detail) for entry in net.journal(events=True) if entry.method == "RoleMoved"
    ]


def test_roles_leave_one_by_one(net, caller):
    n4 = caller("n4")
    assert _pause(n4, "n1").status == 200
    assert _node(net, "n1") == (2, 1)
    assert _ended(net, "DrainCompleted")
    assert _node(net, "n1") == (2, 2)
    moves = _moves(net)
    assert moves[0] == ("A", "drain: live")
    assert set(moves) == {
        ("A", "drain: live"),
        ("B", "drain: saved"),
        ("C", "drain: saved"),
        ("D", "drain: offline"),
        *((name, "drain: moved") for name in CORE),
    }
    assert moves[-1][0] == "D"
    owners = {_owner(net, name) for name in (*CORE, "A", "B", "C", "D")}
    assert "n1" not in owners
    assert len(owners) > 1
    assert net.cluster("NET1").named("MSCluster_Resource", "Virtual Machine A").values["OwnerNode"] == _owner(net, "A")
    assert net.journal(events=True)[0].method == "DrainStarted"
    assert [entry.method for entry in net.journal(writes=True)] == ["Pause"]
    assert _resume(n4, "n1").status == 200
    assert _node(net, "n1") == (0, 0)


def test_priority_and_threshold_decide(net, caller):
    n4 = caller("n4")
    repository = net.cluster("NET1")
    kind = repository.named("MSCluster_ResourceType", "Virtual Machine")
    held = kind.values["PrivateProperties"]
    lower = type(held)(held.class_name, {**held.members, "MoveTypeThreshold": 1000})
    repository.write(kind, {"PrivateProperties": lower})
    assert _pause(n4, "n1").status == 200
    assert eventually(lambda: _node(net, "n1") == (2, 2), net=net)
    assert ("B", "drain: live") in _moves(net)


def test_roles_fail_back(net, caller):
    n4 = caller("n4")
    _pause(n4, "n1", target="n4")
    assert eventually(lambda: _node(net, "n1") == (2, 2), net=net)
    assert {_owner(net, name) for name in "ABCD"} == {"n4"}
    assert _resume(n4, "n1", 1).status == 200
    assert eventually(lambda: {_owner(net, name) for name in (*CORE, *"ABCD")} == {"n1"}, net=net)
    assert _moves(net)[-1][1] == "failback: offline"


def test_failback_by_policy_moves_only_roles_with_autofailback(net, caller):
    n4 = caller("n4")
    repository = net.cluster("NET1")
    repository.write(repository.named("MSCluster_ResourceGroup", "A"), {"AutoFailbackType": 1})
    _pause(n4, "n1", target="n4")
    assert eventually(lambda: _node(net, "n1") == (2, 2), net=net)
    assert _resume(n4, "n1", 2).status == 200
    assert eventually(lambda: _owner(net, "A") == "n1", net=net)
    assert _owner(net, "B") == "n4"


def test_a_pause_without_a_drain_moves_no_role(net, caller):
    assert _pause(caller("n4"), "n1", 0).status == 200
    assert _node(net, "n1") == (2, 0)
    assert (_owner(net, "A"), net.journal(events=True)) == ("n1", [])
    assert (
        "0x8007138D"
        in caller("n4").invoke("MSCluster_ResourceGroup", "MoveToNewNode", "<p:NodeName>n1</p:NodeName>", Name="E").text
    )


def test_a_drain_that_hangs(net, caller):
    n1 = caller("n1")
    _pause(n1, "n2")
    assert not eventually(lambda: _node(net, "n2") != (2, 1), 1.0, net=net)
    assert _resume(n1, "n2").status == 200
    assert _node(net, "n2") == (0, 0)


def test_a_drain_that_fails(net, caller):
    _pause(caller("n1"), "n3")
    assert _ended(net, "DrainFailed")
    assert _node(net, "n3") == (2, 3)
    assert _owner(net, "E") == "n3"


def test_invalid_pauses_and_resumes_are_refused(net, caller):
    n1 = caller("n1")
    assert "0x800713C2" in _resume(n1, "n1").text
    assert _pause(n1, "n1", 3).code == 0x80070057
    assert "0x8007138D" in _pause(n1, "n1", target="nobody").text
    for name in ("n2", "n3", "n4"):
        assert _pause(n1, name, 0).status == 200
    assert "0x8007138D" in _pause(n1, "n1").text
    assert _node(net, "n1") == (0, 0)
    repository = net.cluster("NET1")
    repository.write(repository.named("MSCluster_Node", "n4"), {"State": 1})
    assert "0x800713BA" in _pause(n1, "n4").text


def test_2008_r2_does_not_drain(old1):
    response = old1.invoke("MSCluster_Node", "Pause", "<p:DrainType>1</p:DrainType>", Name="old1")
    assert response.code == 2150859038


@pytest.mark.parametrize(
    ("down", "witness", "answers"),
    [
        ((), True, ["false", "false"]),
        (("n2",), True, ["false", "false"]),
        (("n2", "n3"), False, ["true", "false"]),
        ((), False, ["false", "false"]),
    ],
)
def test_the_votes_with_dynamic_quorum(net, caller, down, witness, answers):
    repository = net.cluster("NET1")
    for name in down:
        repository.write(repository.named("MSCluster_Node", name), {"State": 1})
    if not witness:
        repository.write(repository.named("MSCluster_Resource", "File Share Witness"), {"State": 3})
    n1 = caller("n1")
    methods = ("WillOfflineLoseQuorum", "WillEvictLoseQuorum")
    assert [output(n1.invoke("MSCluster_Node", name, "", Name="n4"), "ReturnValue") for name in methods] == answers
    assert not net.journal(writes=True)


def test_the_votes_without_dynamic_quorum(net, caller):
    repository = net.cluster("NET1")
    repository.write(repository.named("MSCluster_Cluster", "NET1"), {"DynamicQuorumEnabled": 0})
    repository.write(repository.named("MSCluster_Node", "n2"), {"State": 1})
    repository.write(repository.named("MSCluster_Resource", "File Share Witness"), {"State": 3})
    asked = caller("n1").invoke("MSCluster_Node", "WillOfflineLoseQuorum", "", Name="n4")
    assert output(asked, "ReturnValue") == "true"


def test_a_node_is_down_during_a_restart(net, caller):
    n1 = caller("n1")
    keys = {"Name": net.host("n1").all_instances()[0].values["Name"]}
    uri = CIMV2 + "Win32_OperatingSystem"
    body = f'<p:Reboot_INPUT xmlns:p="{uri}"/>'
    response = n1.post(envelope(f"{uri}/Reboot", uri, body, keys))
    assert output(response, "ReturnValue") == "0"
    assert eventually(lambda: _node(net, "n1")[0] == 1, net=net)
    with pytest.raises((http.client.HTTPException, OSError)):
        Client(net.estate.host("n1").address, net.estate.http).get("MSCluster_Cluster", CLUSTER, Name="NET1")
    assert eventually(lambda: _node(net, "n1")[0] == 0, net=net)
    assert eventually(lambda: "Booted" in [entry.method for entry in net.journal(events=True)], net=net)
    assert caller("n1").get("MSCluster_Cluster", Name="NET1").status == 200
