# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changed files and variables of users: facts, rules, evaluations, plans and records, read by the filters."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import pathlib
import sys
import typing as t

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.winha.cluster.plugins.filter.audit_evaluation import audit_evaluation
from ansible_collections.winha.cluster.plugins.filter.audit_facts import audit_facts
from ansible_collections.winha.cluster.plugins.filter.audit_facts_merged import audit_facts_merged
from ansible_collections.winha.cluster.plugins.filter.audit_report import audit_report
from ansible_collections.winha.cluster.plugins.filter.change_approval import change_approval
from ansible_collections.winha.cluster.plugins.filter.change_page import change_page
from ansible_collections.winha.cluster.plugins.filter.change_plan import change_plan
from ansible_collections.winha.cluster.plugins.filter.change_text import change_text
from ansible_collections.winha.cluster.plugins.filter.change_undo import change_undo
from ansible_collections.winha.cluster.plugins.filter.exchange_principal_names import exchange_principal_names
from ansible_collections.winha.cluster.plugins.filter.role_option import role_option
from ansible_collections.winha.cluster.plugins.filter.rolling_change import rolling_change
from ansible_collections.winha.cluster.plugins.filter.storage_problems import storage_problems
from hypothesis import strategies as st

from .messages import ODD, problem_of

TESTS = pathlib.Path(__file__).parents[1]
ROOT = TESTS.parent
NOW = "2026-03-01T12:00:00+00:00"
Value = t.Any


@dataclasses.dataclass(frozen=True, slots=True)
class Edit:
    """A change of one place in a value: C(path) are fractions of the number of entries on each level."""

    path: tuple[float, ...]
    kind: str
    value: Value = None


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """A filter with an input that it accepts, and how it is called."""

    name: str
    sample: Value
    call: t.Callable[[Value], object]


def edited(value: Value, edits: t.Iterable[Edit]) -> Value:
    """A copy of the value with these edits."""
    holder = [copy.deepcopy(value)]
    for edit in edits:
        _edit(holder, 0, edit)
    return holder[0]


def _edit(holder: t.Any, key: t.Any, edit: Edit) -> None:
    for part in edit.path:
        inner = holder[key]
        names = list(inner) if isinstance(inner, dict) else list(range(len(inner))) if isinstance(inner, list) else []
        if not names:
            break
        holder, key = inner, names[int(part * len(names))]
    if edit.kind == "replace":
        holder[key] = copy.deepcopy(edit.value)
    elif edit.kind == "text":
        holder[key] = str(holder[key])
    elif edit.kind == "list":
        holder[key] = [holder[key]]
    elif edit.kind == "add" and isinstance(holder[key], dict):
        holder[key][str(edit.value)] = copy.deepcopy(edit.value)
    elif edit.kind == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif edit.kind == "remove" and isinstance(holder, dict):
        del holder[key]


KINDS = ("replace", "replace", "replace", "remove", "text", "list", "add", "double")
_SIMPLE: tuple[Value, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    float("inf"),
    float("nan"),
    [],
    {},
    [None],
    [[]],
    {"": {}},
)
_odd = st.one_of(
    st.sampled_from([*_SIMPLE, *ODD]),
    st.text(max_size=8),
    st.integers(),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
edits = st.lists(
    st.builds(Edit, st.lists(st.floats(0, 0.999), max_size=7).map(tuple), st.sampled_from(KINDS), _odd),
    min_size=1, max_size=3,
)  # fmt: skip


@functools.cache
def uses() -> list[Use]:
    """The filters with their inputs."""
    for place in ("unit/plugins/module_utils/_change", "unit/plugins/module_utils/_audit", "unit/plugins/filter", ""):
        if str(TESTS / place) not in sys.path:
            sys.path.insert(0, str(TESTS / place))
    from audit_cases import cases, facts_of, rule, rules
    from change_samples import cluster, node, role
    from report_samples import small, writable
    from worked_example import published

    roles = [role("EX01", "HV01"), role("EX02", "HV02")]
    hosts = cluster("HV01", "HV02", nodes=[node("HV01"), node("HV02")], roles=roles)
    options = {"allow_drain": True, "mtu": 9000, "allow_saved": [], "allow_gates": [], "maintenance_window": ""}
    rolling = rolling_change(hosts, options, ["hv01", "hv02"])
    plan = json.loads(json.dumps(change_plan(hosts, rolling, created="2026-11-30T01:00:00Z")))
    line = {
        "winha_record": 1,
        "run": "r1",
        "time": NOW,
        "host": "hv01",
        "module": "vm_offline_action",
        "cluster": "hvc1",
        "options": {"names": ["EX01"]},
        "changes": [
            {"label": "EX01", "setting": "offline_action", "thing": "EX01", "before": "save", "after": "shut_down"}
        ],
    }
    adapter = line | {
        "module": "net_adapter",
        "options": {"adapters": ["LM"]},
        "changes": [
            {
                "label": "LM mtu",
                "setting": "mtu",
                "thing": "LM",
                "keyword": "*JumboPacket",
                "before": 1500,
                "after": 9000,
                "before_raw": "1514",
                "after_raw": "9014",
            }
        ],
    }
    found = [
        Use(
            f"audit_evaluation facts {name}",
            facts_of(name, {key: value for key, value in case.items() if key not in ("parameters", "override")}),
            functools.partial(_evaluate, [rule(name)]),
        )
        for name, outcomes in sorted(cases().items())
        for case in list(outcomes.values())[:1]
    ]
    facts = found[0].sample
    found += [
        Use(f"audit_evaluation rule {one['id']}", [one], lambda value: audit_evaluation(facts, value, now=NOW))
        for one in rules()
    ]
    found += [
        Use(
            "audit_evaluation parameters",
            {"certificate_days": 30},
            lambda value: audit_evaluation(facts, rules(), parameters=value, now=NOW),
        ),
        Use(
            "audit_evaluation accepted",
            [{"rule": "*", "host": "*", "subject": "*", "reason": "r", "until": "2026-12-31"}],
            lambda value: audit_evaluation(facts, rules(), accepted=value, now=NOW),
        ),
        Use(
            "audit_evaluation earlier",
            writable(small()),
            lambda value: audit_evaluation(facts, rules(), earlier=value, now=NOW),
        ),
        *(
            Use(f"audit_report {kind}", writable(small()), functools.partial(_report, kind))
            for kind in ("html", "json", "junit", "markdown")
        ),
        Use("audit_facts", [_results()], lambda value: audit_facts(value, {"hyperv_host": "hyperv_hosts"}, NOW)),
        Use(
            "audit_facts_merged",
            {"a": audit_facts([_results()], {"hyperv_host": "hyperv_hosts"}, NOW), "b": {"version": 2, "hosts": {}}},
            audit_facts_merged,
        ),
        Use("rolling_change hosts", hosts, lambda value: rolling_change(value, options, ["hv01", "hv02"])),
        Use("rolling_change options", options, lambda value: rolling_change(hosts, value, ["hv01", "hv02"])),
        Use(
            "rolling_change earlier",
            {"hv01": hosts[0]["migration_network_health"]},
            lambda value: rolling_change(hosts, options, ["hv01", "hv02"], earlier=value),
        ),
        Use("change_plan hosts", hosts, lambda value: change_plan(value, rolling)),
        Use("change_plan rolling", json.loads(json.dumps(rolling)), lambda value: change_plan(hosts, value)),
        Use("change_approval approved", plan, lambda value: change_approval(value, plan)),
        Use("change_approval current", plan, lambda value: change_approval(plan, value)),
        Use("change_approval text", json.dumps(plan), lambda value: change_approval(value, plan)),
        Use("change_text", plan, change_text),
        Use("change_page", plan, change_page),
        Use("change_undo", [line, adapter], change_undo),
        Use("change_undo text", json.dumps(line) + "\n" + json.dumps(adapter) + "\n", change_undo),
        Use("exchange_principal_names", published(), exchange_principal_names),
        Use(
            "storage_problems",
            {
                "jobs": [{"name": "Repair", "state": "running"}],
                "virtual_disks": [{"name": "V1", "health": "warning", "operational": [3]}],
            },
            storage_problems,
        ),
        *(Use(f"role_option {name}", default, functools.partial(_option, name)) for name, default in _role_options()),
    ]
    return found


def _evaluate(rules: list[Value], facts: Value) -> object:
    return audit_evaluation(facts, rules, now=NOW)


def _report(kind: str, evaluation: Value) -> object:
    return audit_report(evaluation, kind)


def _option(name: str, value: Value) -> object:
    return role_option(value, name)


def _role_options() -> list[tuple[str, Value]]:
    found = []
    for file in sorted((ROOT / "roles").glob("*/meta/argument_specs.yml")):
        for entry in yaml.safe_load(file.read_text("utf-8"))["argument_specs"].values():
            found += [
                (name, option.get("default"))
                for name, option in entry.get("options", {}).items()
                if name.startswith(f"{file.parts[-3]}_")
            ]
    return found


def _results() -> dict[str, Value]:
    """The variables of one host in an audit."""
    return {
        "inventory_hostname": "hv01",
        "group_names": ["hyperv_hosts"],
        "audit_cluster_info": {"changed": False, "cluster": {"name": "HVC1", "fqdn": "hvc1.example.test", "nodes": []}},
        "audit_host_info": {
            "changed": False,
            "windows": {"release": "2022", "build": 20348},
            "adapters": [],
            "unknown": [],
        },
        "audit_jumbo_path_info": {
            "changed": False,
            "paths": [{"source": "HV01", "target": "HV02", "verdict": "passes"}],
        },
        "audit_net_adapter": {"failed": True, "msg": "No connection."},
    }


def read_by_filter(use: Use, listed: t.Sequence[Edit]) -> str:
    """What is wrong when a filter reads a changed value; nothing if only AnsibleFilterError ends it."""
    value = edited(use.sample, listed)
    found = problem_of(lambda: _to_the_end(use.call(value)), AnsibleFilterError)
    return f"{use.name.partition(' ')[0]}: {found}" if found else ""


def _to_the_end(result: object) -> None:
    json.dumps(result, default=str)
