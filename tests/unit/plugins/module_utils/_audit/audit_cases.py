# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the collection, and facts in which each rule has each of its outcomes."""

from __future__ import annotations

import datetime
import functools
import pathlib
import typing as t

import yaml
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate

ROOT = pathlib.Path(__file__).resolve().parents[5]
NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
OUTCOMES = ("pass", "fail", "unknown", "not_applicable")
Mapping = dict[str, t.Any]


@functools.cache
def rules() -> tuple[Mapping, ...]:
    """The rules of the role."""
    files = sorted((ROOT / "roles" / "audit" / "rules").glob("*.yml"))
    return tuple(rule for file in files for rule in yaml.safe_load(file.read_text("utf-8")))


@functools.cache
def cases() -> dict[str, Mapping]:
    """Facts by rule and outcome."""
    found: dict[str, Mapping] = {}
    for file in sorted((pathlib.Path(__file__).parent / "cases").glob("*.yml")):
        found |= yaml.safe_load(file.read_text("utf-8"))
    return found


def rule(name: str) -> Mapping:
    return next(each for each in rules() if each["id"] == name)


def facts_of(name: str, parts: Mapping) -> Mapping:
    """The facts of one host, or of a forest, with these parts. Parts can have hosts of their own."""
    if "hosts" in parts:
        kinds = {"hv": "hyperv_host", "ex": "dag_member"}
        hosts = parts["hosts"] or {}
        return {
            "title": "lab",
            "hosts": {
                host: {"kinds": [kinds[host[:2]]], "reached": True, **(found or {})} for host, found in hosts.items()
            },
        }
    if rule(name)["scope"] == "forest":
        return {"title": "lab", "hosts": {}, "forest": {"host": "dc1", **parts}}
    return {"title": "lab", "hosts": {"H": {"kinds": [rule(name)["applies"]["kinds"][0]], "reached": True, **parts}}}


def judged(name: str, case: Mapping, **more: t.Any) -> list[Mapping]:
    """The findings of one rule for a case."""
    parts = {key: value for key, value in case.items() if key not in ("parameters", "override")}
    override = {name: case["override"]} if "override" in case else {}
    evaluation = evaluate(
        [rule(name)], facts_of(name, parts), parameters=case.get("parameters"), overrides=override, now=NOW, **more
    )
    findings: list[Mapping] = evaluation["findings"]
    return findings
