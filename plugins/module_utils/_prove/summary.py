# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run of winha.cluster.prove: one document, its table and its sentences. Private to this collection."""

from __future__ import annotations

import typing as t

from . import point as points_of
from .points import ALL, BY_ID, NOT_READ_ONLY
from .seen import FORMAT

Mapping = t.Mapping[str, t.Any]
_FROM = ("prove_host_info", "prove_directory_info", "prove_dns_info", "prove_exchange_info", "prove_writes")
# What a host of the play only stands for.
_ELSEWHERE = {"prove_dns_info": "(DNS servers) ", "prove_exchange_info": "(the endpoint of Exchange) "}
_PARTS_ELSEWHERE = ("dns_server", "exchange_server")
_CHANGES = {"change": "prove_changed_once", "undo": "prove_set_back"}
_ONLY_ONE = "A host must have it as a clustered virtual machine, and no other host one of the same name."
_SHOWN = 3  # hosts in a row of the table on the terminal
_WIDTH = 110


def document(
    hosts: t.Sequence[tuple[str, Mapping]], *, title: str, created: str, virtual_machine: str, check_mode: bool
) -> dict[str, t.Any]:
    """The answers of all hosts; C(hosts) has the variables of each by its name."""
    found = [_host(name, variables) for name, variables in hosts]
    rows = _rows(found)
    numbers = {answer: sum(row["answer"] == answer for row in rows) for answer in points_of.ANSWERS}
    problems = [f"{one['host']} was not read: {one['error']}" for one in found if one["error"]]
    owners = [one["host"] for one in found if one["machine"]]
    if virtual_machine and len(owners) != 1:
        names = ", ".join(owners) or "no host"
        problems.append(f"prove_virtual_machine is {virtual_machine}, which {names} has. {_ONLY_ONE}")
    elif virtual_machine and check_mode:
        problems.append("prove_virtual_machine writes, and check mode writes nothing, so it was not used.")
    return {
        "winha_prove": 1,
        "created": created,
        "title": title,
        "hosts": found,
        "rows": rows,
        "numbers": numbers,
        "problems": problems + [problem for one in found for problem in one["problems"]],
    }


def _host(name: str, variables: Mapping) -> dict[str, t.Any]:
    results = [variables[key] for key in _FROM if _is_result(variables.get(key))]
    answers = {one["point"]: dict(one) for result in results for one in result.get("answers") or ()}
    errors = [
        f"{_ELSEWHERE.get(key, '')}{variables[key]['msg']}"
        for key in _FROM
        if _is_result(variables.get(key)) and (variables[key].get("failed") or variables[key].get("unreachable"))
    ]
    machine = next((one["virtual_machine"] for one in results if one.get("virtual_machine")), None)
    problems: list[str] = []
    if any(_is_result(variables.get(key)) for key in _CHANGES.values()):
        answers |= _changed(variables, machine or {}, problems)
    return {
        "host": name,
        "release": next((one["release"] for one in results if one.get("release")), ""),
        "machine": (machine or {}).get("name", "") or str(variables.get("prove_machine") or ""),
        "answers": [answers[one.id] for one in ALL if one.id in answers],
        "error": " ".join(dict.fromkeys(errors)),
        "problems": problems,
    }


def _is_result(value: t.Any) -> bool:
    return isinstance(value, t.Mapping) and not value.get("skipped")


def _changed(variables: Mapping, machine: Mapping, problems: list[str]) -> dict[str, dict[str, str]]:
    """The answers about the change and its undo, and a sentence if the value before is not there again."""
    before = machine.get("offline_action")
    found = {}
    for name, wanted in (("change", machine.get("other_action")), ("undo", before)):
        result = variables.get(_CHANGES[name]) or {}
        row: Mapping = next(iter(result.get("virtual_machines") or ()), {})
        is_good = row.get("offline_action") == wanted and not result.get("failed") and not result.get("unreachable")
        came = f"{row['before']} is now {row['offline_action']}" if is_good else str(result.get("msg") or "no result")
        answer = points_of.CONFIRMED if is_good else points_of.DIFFERENT
        found[f"write.{name}"] = {"point": f"write.{name}", "answer": answer, "came": came}
    if found["write.undo"]["answer"] != points_of.CONFIRMED:
        problems.append(
            f"The offline action of {machine.get('name')} was {before} before, and it is not known whether it is that "
            f"again: {found['write.undo']['came']} Read it in Failover Cluster Manager, and set it to {before}."
        )
    return found


def _rows(hosts: t.Sequence[Mapping]) -> list[dict[str, t.Any]]:
    """A row for each point and answer with its hosts; hosts with different texts have rows of their own.

    What came is the text of the first host, if the answer is confirmed.
    """
    grouped: dict[tuple[str, str, str], dict[str, t.Any]] = {}
    for host in hosts:
        for one in host["answers"]:
            text = "" if one["answer"] == points_of.CONFIRMED else one["came"]
            row = grouped.setdefault((one["point"], one["answer"], text), {**one, "hosts": []})
            row["hosts"].append(host["host"])
    answered = {name for name, _answer, _text in grouped}
    for one in NOT_READ_ONLY:
        if one.id not in answered:
            row = {"point": one.id, "answer": points_of.NOT_LOOKED_AT, "came": one.why, "hosts": []}
            grouped[one.id, points_of.NOT_LOOKED_AT, one.why] = row
    order = {one.id: number for number, one in enumerate(ALL)}
    rows = sorted(grouped.values(), key=lambda row: (points_of.ANSWERS.index(row["answer"]), order[row["point"]]))
    about = {name: {key: getattr(BY_ID[name], key) for key in ("assumes", "source", "basis")} for name in order}
    return [{**row, **about[row["point"]]} for row in rows]


def words(answer: str) -> str:
    """An answer as people read it."""
    return answer.replace("_", " ")


def lines(found: Mapping) -> list[str]:
    """The table for a terminal: a line for each row, after two lines with the head."""
    head = f"{'Answer':<14}{'Point':<32}Hosts, and what came"
    shown = [head, "-" * len(head)]
    for row in found["rows"]:
        hosts = ", ".join(row["hosts"][:_SHOWN]) + (
            f" and {len(row['hosts']) - _SHOWN} more" if row["hosts"][_SHOWN:] else ""
        )
        text = f"{words(row['answer']):<14}{row['point']:<32}{hosts}{': ' if hosts else ''}{row['came']}"
        shown.append(text if len(text) <= 2 * _WIDTH else f"{text[: 2 * _WIDTH - 4]} ...")
    return shown


def message(found: Mapping, files: str) -> str:
    """How many points have which answer, where the files are, and what did not work."""
    numbers = ", ".join(f"{number} {words(answer)}" for answer, number in found["numbers"].items() if number)
    return " ".join([f"Answers: {numbers or 'none'}. {files}", *found["problems"]])


def for_bundle(found: Mapping) -> dict[str, t.Any]:
    """What a bundle gets of it: the answers by release and point, without names and without what came."""
    releases: dict[str, dict[str, str]] = {}
    for host in found["hosts"]:
        answers = releases.setdefault(host["release"], {}) if host["release"] else {}
        for one in host["answers"]:
            if BY_ID[one["point"]].part in _PARTS_ELSEWHERE:  # of another release
                continue
            known = answers.get(one["point"], points_of.NOT_THERE)
            answers[one["point"]] = min(known, one["answer"], key=_for_bundle.index)
    return {"winha_proved": FORMAT, "releases": releases}


# A host that has something says more than one that has not.
_for_bundle = (
    points_of.DIFFERENT,
    points_of.CONFIRMED,
    points_of.NOT_ALLOWED,
    points_of.NOT_LOOKED_AT,
    points_of.NOT_THERE,
)
