# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run, and the tasks that undo it."""

from __future__ import annotations

import fnmatch
import json
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.record import Entry, line_of, read_record
from ansible_collections.winha.cluster.plugins.module_utils._change.undo import undo as undo_of
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from hypothesis import given
from hypothesis import strategies as st

Row = dict[str, t.Any]


def undo(entries: t.Iterable[Entry], clusters: dict[str, str] | None = None) -> Row:
    return undo_of(entries, clusters or {})


_NOTHING: dict[str, list[Row]] = {
    name: [] for name in ("vm_offline_action", "cluster_group", "vm_settings", "heartbeat", "net_adapter", "spn")
}


def entry(
    module: str, *changes: Row, host: str = "hv01", cluster: str = "hvc1.example.test", **options: t.Any
) -> Entry:
    return Entry(
        run="r1",
        time="2026-11-28T22:00:00Z",
        host=host,
        module=module,
        cluster=cluster,
        options=options,
        changes=changes,
    )


def change(label: str, before: t.Any, after: t.Any, **other: t.Any) -> Row:
    return {"label": label, "before": before, "after": after, **other}


def adapter(before: str | None, after: str) -> Row:
    raw = {"keyword": "*JumboPacket", "before_raw": before, "after_raw": after}
    return change("LM1 mtu", 1500, 9000, setting="mtu", thing="LM1", **raw)


def test_a_line_is_read_as_it_was_written() -> None:
    entries = (entry("heartbeat", change("same_subnet_delay", 1000, 2000), given=[1]), entry("spn", host="dc01"))
    text = "".join(line_of(each) for each in entries)
    assert text.count("\n") == 2
    assert read_record(text) == entries
    assert read_record(text + '{"winha_rec') == entries


def test_a_record_can_be_the_list_that_awx_shows_among_the_artifacts_of_a_job() -> None:
    entries = (entry("heartbeat", change("same_subnet_delay", 1000, 2000), given=[1]), entry("spn", host="dc01"))
    shown = json.dumps([json.loads(line_of(each)) for each in entries], indent=2)
    assert read_record(f"\n{shown}\n") == entries


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("{}\n", "Line 1 is not a record"),
        ("no\n" + line_of(entry("spn")), "Line 1 of the record is not JSON"),
        ([{"winha_record": 2}], "Line 1 is not a record"),
        ([{"winha_record": 1, "host": "a", "module": "spn"}], "Line 1 of the record is not complete"),
        (7, "neither text nor a list"),
        ('[{"winha_record": 1', "not a list in JSON"),
    ],
)
def test_what_is_no_record_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(TaskError, match=sentence):
        read_record(value)


def test_offline_actions_are_set_back_in_one_task_for_each_action() -> None:
    found = undo([
        entry("vm_offline_action", change("EX01", "save", "shut_down"), change("EX[2]", "save", "shut_down")),
        entry("vm_offline_action", change("EX03", "turn_off", "shut_down"), host="hv02"),
    ])  # fmt: skip
    options: Row = {"action": "save", "names": ["EX01", "EX[[]2]"], "allow_no_match": True}
    assert found["tasks"]["vm_offline_action"] == [
        {
            "host": "hv01",
            "cluster": "hvc1.example.test",
            "options": {"expected": {"EX01": "shut_down", "EX[2]": "shut_down"}, **options},
        },
        {
            "host": "hv02",
            "cluster": "hvc1.example.test",
            "options": {
                "expected": {"EX03": "shut_down"}, "action": "turn_off", "names": ["EX03"], "allow_no_match": True
            },
        },
    ]  # fmt: skip
    assert fnmatch.fnmatchcase("EX[2]", options["names"][1])


def test_settings_are_set_back_by_the_id_whatever_the_name_and_the_node_are_now() -> None:
    def setting(name: str, before: t.Any, after: t.Any, thing: str = "EX01", number: str = "ID1") -> Row:
        return change(f"{thing} {name}", before, after, thing=thing, id=number, setting=name)

    memory = [setting("dynamic_memory", True, False), setting("startup_memory_mb", 4096, 65536)]
    found = undo([
        entry("vm_settings", *memory),
        entry("vm_settings", setting("dynamic_memory", False, False), host="hv02"),
        entry("vm_settings", setting("checkpoint_type", "standard", "disabled", "EX01", "ID2"), host="hv03"),
        entry("cluster_group", setting("priority", 1000, 3000), setting("anti_affinity_class_names", [], ["DAG1"])),
        entry("cluster_group", setting("possible_owners", ["hv01"], None)),
        entry("cluster_group", setting("possible_owners", ["a", "b (not all resources)"], ["a"], "EX02", "ID2")),
        entry("cluster_group", change("FS [1] priority", 0, 1000, thing="FS [1]", setting="priority")),
    ])  # fmt: skip
    tasks = found["tasks"]
    assert [(task["host"], task["options"]) for task in tasks["vm_settings"]] == [
        ("hv01", {
            "names": ["ID1"], "allow_no_match": True, "dynamic_memory": True, "startup_memory_mb": 4096,
            "expected": {"ID1 dynamic_memory": False, "ID1 startup_memory_mb": 65536},
        }),
        ("hv03", {
            "names": ["ID2"], "allow_no_match": True, "checkpoint_type": "standard",
            "expected": {"ID2 checkpoint_type": "disabled"},
        }),
    ]  # fmt: skip
    assert [task["options"] for task in tasks["cluster_group"]] == [
        {
            "names": ["ID1"], "allow_no_match": True, "priority": 1000, "anti_affinity_class_names": [],
            "expected": {"ID1 priority": 3000, "ID1 anti_affinity_class_names": ["DAG1"]},
        },
        {"names": ["FS [[]1]"], "allow_no_match": True, "priority": 0, "expected": {"FS [1] priority": 1000}},
    ]  # fmt: skip
    assert [row["reason"].partition(" ")[2][:22] for row in found["left"]] == [
        "run does not know the ", "resources of the virtu",
    ]  # fmt: skip


def test_the_later_of_two_records_collapses_to_first_before_and_last_after() -> None:
    found = undo([
        entry("heartbeat", change("same_subnet_delay", 1000, 2000), change("same_subnet_threshold", 5, 10)),
        entry("heartbeat", change("same_subnet_threshold", 10, 5), change("same_subnet_delay", 2000, 1500), host="b"),
    ])  # fmt: skip
    (task,) = found["tasks"]["heartbeat"]
    assert task["options"] == {"expected": {"same_subnet_delay": 1500}, "same_subnet_delay": 1000, "max_seconds": 0} | {
        "allow_shorter": True
    }
    assert [(row["before"], row["after"]) for row in found["changes"]] == [(1500, 1000)]
    assert found["left"] == []


def test_a_write_that_is_not_confirmed_is_set_back_if_it_took_effect() -> None:
    """The run was killed after it sent EX01. The module leaves a value alone that is already the wanted one."""
    sent = [change(name, "save", "shut_down", confirmed=False) for name in ("EX01", "EX02")]
    (task,) = undo([entry("vm_offline_action", *sent)])["tasks"]["vm_offline_action"]
    assert task["options"]["expected"] == {"EX01": "shut_down", "EX02": "shut_down"}
    assert (task["options"]["action"], task["options"]["names"]) == ("save", ["EX01", "EX02"])


def test_a_write_without_effect_is_not_set_back() -> None:
    sent, read_back = change("EX01", "save", "shut_down", confirmed=False), change("EX01", "save", "save")
    found = undo([entry("vm_offline_action", sent), entry("vm_offline_action", read_back)])
    assert (found["tasks"], found["changes"], found["left"]) == (_NOTHING, [], [])


def test_two_nodes_of_one_cluster_wrote_one_setting() -> None:
    entries = [
        entry("vm_offline_action", change("EX01", "save", "turn_off"), cluster=""),
        entry("vm_offline_action", change("EX01", "turn_off", "shut_down"), cluster="", host="hv02"),
    ]
    assert len(undo(entries)["changes"]) == 2
    found = undo(entries, {"hv01": "hvc1", "hv02": "hvc1"})
    assert [(row["host"], row["before"], row["after"]) for row in found["changes"]] == [("hv01", "shut_down", "save")]


def test_adapters_are_set_back_with_the_raw_values() -> None:
    found = undo([entry("net_adapter", adapter("1514", "9014"))])
    assert found["tasks"]["net_adapter"] == [
        {
            "host": "hv01",
            "cluster": "hvc1.example.test",
            "options": {
                "expected": {"LM1 *JumboPacket": "9014"},
                "adapter_properties": {"LM1": {"*JumboPacket": "1514"}},
            },
        }
    ]


@pytest.mark.parametrize(
    ("before", "after", "options"),
    [
        ([], ["CN=A"], [{"account": "CN=A", "state": "absent"}]),
        (["CN=A"], [], [{"account": "CN=A", "state": "present"}]),
        (["CN=B"], ["CN=A"], [{"account": "CN=B", "state": "present", "on_conflict": "move"}]),
    ],
)
def test_a_name_goes_back_to_the_account_that_had_it(before: list[str], after: list[str], options: list[Row]) -> None:
    found = undo([entry("spn", change("http/mail", before, after), host="dc01", cluster="")])
    assert [task["options"] for task in found["tasks"]["spn"]] == [
        {"expected": {"http/mail": after}, "spns": ["http/mail"], **each} for each in options
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (entry("net_adapter", adapter(None, "9014")),
         "The driver's default was in effect before, and no value was stored. Reset the advanced property."),
        (entry("net_adapter", change("LM1 restart", "pending", "done", thing="LM1")),
         "The restart of an adapter cannot be undone."),
        (entry("heartbeat", change("same_subnet_delay", 1000, None)),
         "The run does not know the value after its write. Read the setting and set it back yourself."),
        (entry("heartbeat", change("same_subnet_delay", None, 1000)), "The value before is not known."),
        (entry("spn", change("http/mail", ["CN=A", "CN=B"], ["CN=A"])),
         "The SPN was on CN=A and on CN=B. A duplicate SPN is not restored."),
        (entry("cluster_node", change("HV01", "active", "drained"), change("HV02", "active", "drained")),
         "Drains and resumes cannot be undone. The virtual machines went back to their nodes in the run."),
        (entry("other", change("x", 1, 2)), "There is no undo for other. The value before was 1."),
    ],
)  # fmt: skip
def test_what_cannot_be_undone_is_told(record: Entry, reason: str) -> None:
    found = undo([record])
    assert found["tasks"] == _NOTHING
    assert [each["reason"] for each in found["left"]] == [reason]


_LABELS = st.sampled_from(["EX01", "EX[0]", "ex*"])
_ACTIONS = st.sampled_from(["save", "shut_down", "turn_off"])
_SETTINGS = st.sampled_from(["same_subnet_delay", "cross_subnet_delay"])
_WRITES = st.lists(
    st.one_of(
        st.tuples(st.just("vm_offline_action"), _LABELS, _ACTIONS),
        st.tuples(st.just("heartbeat"), _SETTINGS, st.integers(1, 3)),
        st.tuples(st.just("net_adapter"), st.sampled_from(["LM1 mtu", "LM2 mtu"]), st.sampled_from(["1", "2"])),
        st.tuples(st.just("spn"), st.sampled_from(["a/x", "a/y"]), st.sampled_from([(), ("CN=A",), ("CN=B",)])),
    ),
    max_size=12,
)


@given(_WRITES)
def test_undo_after_apply_returns_every_value(writes: list[tuple[str, str, t.Any]]) -> None:
    start: dict[tuple[str, str], t.Any] = {}
    for module, label, _value in writes:
        start[module, label] = {"vm_offline_action": "save", "heartbeat": 1, "net_adapter": "1", "spn": ()}[module]
    now, lines = dict(start), []
    for module, label, value in writes:
        if now[module, label] != value:
            lines.append(line_of(_recorded(module, label, now[module, label], value)))
            now[module, label] = value
    for module, tasks in undo(read_record("".join(lines)))["tasks"].items():
        for task in tasks:
            _apply(now, module, task["options"])
    assert now == start


def _recorded(module: str, label: str, before: t.Any, after: t.Any) -> Entry:
    if module == "net_adapter":
        raw = {"keyword": "*JumboPacket", "before_raw": before, "after_raw": after, "thing": label.split(" ", 1)[0]}
        return entry(module, change(label, int(before), int(after), **raw))
    if module == "spn":
        return entry(module, change(label, list(before), list(after)))
    return entry(module, change(label, before, after))


def _apply(now: dict[tuple[str, str], t.Any], module: str, options: Row) -> None:
    """What the module does with the options, where the value is the expected one."""
    expected = options["expected"]
    if module == "net_adapter":
        for name, properties in options["adapter_properties"].items():
            assert now[module, f"{name} mtu"] == expected[f"{name} *JumboPacket"]
            now[module, f"{name} mtu"] = properties["*JumboPacket"]
    elif module == "heartbeat":
        assert (options["max_seconds"], options["allow_shorter"]) == (0, True)
        wanted = set(options) - {"expected", "max_seconds", "allow_shorter"}
        for label, value in options.items():
            if label in wanted:
                assert now[module, label] == expected[label]
                now[module, label] = value
    else:
        for label, value in expected.items():
            assert now[module, label] == (tuple(value) if module == "spn" else value)
            if module == "spn":
                now[module, label] = (options["account"],) if options["state"] == "present" else ()
            else:
                assert any(fnmatch.fnmatchcase(label, pattern) for pattern in options["names"])
                now[module, label] = options["action"]


HVC1 = {"host": "hv01", "cluster": "hvc1.example.test"}


def test_every_task_of_an_undo() -> None:
    """A virtual machine is named by its id where the record has one, else by its name, in which [ is no wildcard."""
    entries = [
        entry("vm_offline_action", change("EX [1]", "save", "shut_down", id="ID1"),
              change("EX [2]", "save", "turn_off")),
        entry("cluster_group", change("EX01 priority", 1000, 3000, thing="EX01", setting="priority", id="G1"),
              change("EX [2] priority", 2000, 3000, thing="EX [2]", setting="priority")),
        entry("vm_settings", change("EX01 checkpoint_type", "standard", "disabled", thing="EX01",
                                    setting="checkpoint_type", id="ID1")),
        entry("heartbeat", change("same_subnet_delay", 1000, 2000, thing="DAG1", setting="same_subnet_delay"),
              change("same_subnet_threshold", 5, 10, thing="DAG1", setting="same_subnet_threshold"), cluster="dag1"),
        entry("net_adapter", adapter("1514", "9014"), host="hv02"),
        entry("spn", change("http/new", [], ["CN=A"]), change("http/moved", ["CN=B"], ["CN=A"]), host="dc01",
              cluster=""),
    ]  # fmt: skip
    found = undo(entries)
    assert found["left"] == []
    assert found["tasks"] == {
        "vm_offline_action": [{**HVC1, "options": {
            "expected": {"ID1": "shut_down", "EX [2]": "turn_off"}, "action": "save", "names": ["ID1", "EX [[]2]"],
            "allow_no_match": True,
        }}],
        "cluster_group": [
            {**HVC1, "options": {
                "expected": {"G1 priority": 3000}, "names": ["G1"], "allow_no_match": True, "priority": 1000}},
            {**HVC1, "options": {
                "expected": {"EX [2] priority": 3000}, "names": ["EX [[]2]"], "allow_no_match": True,
                "priority": 2000}},
        ],
        "vm_settings": [{**HVC1, "options": {
            "expected": {"ID1 checkpoint_type": "disabled"}, "names": ["ID1"], "allow_no_match": True,
            "checkpoint_type": "standard",
        }}],
        "heartbeat": [{"host": "hv01", "cluster": "dag1", "options": {
            "expected": {"same_subnet_delay": 2000, "same_subnet_threshold": 10}, "same_subnet_delay": 1000,
            "same_subnet_threshold": 5, "max_seconds": 0, "allow_shorter": True,
        }}],
        "net_adapter": [{"host": "hv02", "cluster": "hvc1.example.test", "options": {
            "expected": {"LM1 *JumboPacket": "9014"}, "adapter_properties": {"LM1": {"*JumboPacket": "1514"}},
        }}],
        "spn": [
            {"host": "dc01", "cluster": "", "options": {
                "expected": {"http/new": ["CN=A"]}, "account": "CN=A", "spns": ["http/new"], "state": "absent"}},
            {"host": "dc01", "cluster": "", "options": {
                "expected": {"http/moved": ["CN=A"]}, "account": "CN=B", "spns": ["http/moved"], "state": "present",
                "on_conflict": "move"}},
        ],
    }  # fmt: skip
    assert found["changes"][0] == {
        "module": "vm_offline_action", **HVC1, "label": "EX [1]", "setting": None, "thing": None,
        "before": "shut_down", "after": "save",
    }  # fmt: skip
    rows = [(row["label"], row["setting"], row["thing"], row["before"], row["after"]) for row in found["changes"]]
    assert rows[2:5] == [
        ("EX01 priority", "priority", "EX01", 3000, 1000),
        ("EX [2] priority", "priority", "EX [2]", 3000, 2000),
        ("EX01 checkpoint_type", "checkpoint_type", "EX01", "disabled", "standard"),
    ]


def test_two_machines_with_one_name_have_a_task_each() -> None:
    changes = [
        change("EX checkpoint_type", "standard", "disabled", thing="EX", setting="checkpoint_type", id=number)
        for number in ("ID1", "ID2")
    ]
    tasks = undo([entry("vm_settings", *changes)])["tasks"]["vm_settings"]
    assert [task["options"]["names"] for task in tasks] == [["ID1"], ["ID2"]]


def test_a_machine_that_moved_between_two_writes_has_one_task() -> None:
    settings = (("hv01", "checkpoint_type"), ("hv02", "automatic_stop_action"))
    entries = [
        entry("vm_settings", change(f"EX {name}", "a", "b", thing="EX", setting=name, id="ID1"), host=host, cluster="")
        for host, name in settings
    ]
    (task,) = undo(entries)["tasks"]["vm_settings"]
    assert task["options"] == {
        "names": ["ID1"], "allow_no_match": True, "checkpoint_type": "a", "automatic_stop_action": "a",
        "expected": {"ID1 checkpoint_type": "b", "ID1 automatic_stop_action": "b"},
    }  # fmt: skip
