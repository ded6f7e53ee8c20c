# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of ansible-playbook keeps its messages in a bundle, and the lab serves the bundle as hosts."""

from __future__ import annotations

import json
import re
import stat
import typing as t

import stage as staging
import yaml
from lab import bundle

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stage import Stage, Variables

MACHINES = [
    {"name": "Kontoführung <Geheim> & Söhne", "private_properties": {"OfflineAction": 1}},
    {"name": "P@ssKarotelmi!7", "private_properties": {"OfflineAction": 2}},
    {"name": "471108150", "private_properties": {"OfflineAction": 0}},
]
_WORD = re.compile("[0-9A-Za-z\u0080-\U0010ffff]+")


def estate(network: str) -> Variables:
    made = staging.private_clusters(network, {"sorquimi": {"virtual_machines": MACHINES}, "telbunwar": {}})
    made["clusters"][0]["fqdn"] = "sorcluster.ludwigsburg.example"
    return made


def served(place: Path, network: str) -> Variables:
    found = bundle.load(place)
    hosts = [
        {"name": host, "address": f"{network}.{number}", "windows": "2022", "bundle": str(place)}
        for number, host in enumerate(found.hosts, start=111)
    ]
    return {
        "name": "served",
        "credentials": {"user": "Administrator", "password": staging.PASSWORD},
        "hosts": hosts,
    }


def values(found: t.Any, words: t.Mapping[str, str]) -> list[str]:
    """All values of a result with the real words in the place of their stand-ins, in lower case."""
    if isinstance(found, dict):
        return sorted(one for key, inner in found.items() if key != "changed" for one in values(inner, words))
    if isinstance(found, list):
        return sorted(one for inner in found for one in values(inner, words))
    text = str(found).casefold()
    text = re.sub("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda one: words.get(one[0], one[0]), text)
    text = re.sub(r"[0-9]+(?:\.[0-9]+){3}", lambda one: words.get(one[0], one[0]), text)
    return [_WORD.sub(lambda one: words.get(one[0], one[0]), text)]


def test_a_run_is_recorded_and_served_again_without_names(
    bring_up: Callable[..., Stage], networks: list[str], tmp_path: Path
) -> None:
    lab = bring_up(estate)
    place = tmp_path / "kept" / "bundle"
    connection = {
        "port": 5985, "scheme": "http", "transport": "basic", "username": "Administrator",
        "password": staging.PASSWORD,
    }  # fmt: skip
    play = yaml.safe_dump([
        {"hosts": "sorquimi:telbunwar", "gather_facts": False, "tasks": [
            {"name": "cluster", "winha.cluster.cluster_info": {}},
            {"name": "host", "winha.cluster.host_info": {"gather": ["windows", "virtual_machines"]}},
            {"name": "save", "winha.cluster.vm_offline_action": {"names": ["*"], "action": "save"}},
            {"name": "delegated", "winha.cluster.cluster_info": {
                **connection, "host": "{{ ansible_host }}", "gather": ["nodes"],
            }, "delegate_to": "localhost"},
        ]},
    ], sort_keys=False)  # fmt: skip
    run = lab.play(play, "-e", f"winha_cluster_bundle={place}", via=("psrp", "https"))
    assert (run.rc, "bundle" in run.output) == (0, False), run.output
    recorded = bundle.load(place)
    assert len(recorded.messages) == len(lab.journal())
    assert {message.operation for message in recorded.messages} >= {"Enumerate", "Invoke"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    kept = "\n".join(path.read_text("utf-8") for path in place.iterdir()).casefold()
    secret = [
        "kontof",
        "geheim",
        "söhne",
        "karotelmi",
        "ludwigsburg",
        "sorcluster",
        "sorquimi",
        "telbunwar",
        "471108150",
        "authorization",
    ]
    assert [word for word in (*secret, staging.PASSWORD.casefold()) if word in kept] == []

    private = json.loads((tmp_path / "kept" / "bundle.private.json").read_text("utf-8"))["stand_ins"]
    words = {made.casefold(): word for word, made in private.items()}
    with staging.stage(served(place, networks[1]), tmp_path / "replay") as replay:
        again = replay.play(
            yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [
                {"name": "cluster", "winha.cluster.cluster_info": {}},
                {"name": "unknown", "winha.cluster.cluster_health_info": {}, "ignore_errors": True},
            ]}], sort_keys=False)
        )  # fmt: skip
        for host in ("sorquimi", "telbunwar"):
            found = again.of(private[host], "cluster")
            assert values(found.data, words) == values(run.of(host, "cluster").data, {}), host
            unknown = json.dumps(again.of(private[host], "unknown").data)
            assert "The bundle has no answer to this request" in unknown
