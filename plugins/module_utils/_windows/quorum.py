# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quorum of a cluster and its witness. Private to this collection.

Source: Microsoft, MSCluster_Cluster and MSCluster_ClusterToQuorumResource (cluswmi). Of a witness only its kind, state
and share are returned, because the private properties of a cloud witness contain keys.
"""

from __future__ import annotations

import typing as t

from . import cluster
from .unknown import attempt, attempt_value

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .unknown import Unknown

_WITNESSES = {"File Share Witness": "file_share", "Cloud Witness": "cloud", "Physical Disk": "disk"}
_NODES_ONLY = 1  # QuorumTypeValue
_NONE: dict[str, t.Any] = {"type": "none", "name": None, "state": None, "path": None}


def read_quorum(client: Client, found: Instance, unknown: list[Unknown]) -> dict[str, t.Any]:
    """Read the witness with two requests, or with none if only nodes have votes.

    C(witness_vote) is the vote of the witness now (Windows Server 2012 R2 and later).
    """
    kind = attempt_value("cluster.quorum.witness", found.integer, "QuorumTypeValue", unknown)
    dynamic = attempt_value("cluster.quorum.dynamic", found.integer, "DynamicQuorumEnabled", unknown)
    witness: dict[str, t.Any] | None = _NONE
    if kind != _NODES_ONLY:
        witness = attempt("cluster.quorum.witness", lambda: _read_witness(client), unknown)
    return {
        "dynamic": None if dynamic is None else dynamic != 0,
        "witness": witness,
        "witness_vote": attempt_value("cluster.quorum.witness_vote", found.integer, "WitnessDynamicWeight", unknown),
    }


def _read_witness(client: Client) -> dict[str, t.Any]:
    wql = "SELECT * FROM MSCluster_ClusterToQuorumResource"
    links = cluster.query(client, wql, operation="reading whether the cluster has a witness")
    found = (link.reference_in("PartComponent") for link in links)
    reference = next((each for each in found if each is not None), None)
    if reference is None:
        return _NONE
    name = str(reference.selector("Name"))
    item = client.get(reference, operation=f"reading the witness {name}")
    kind, private = item.text("Type") or "", item.embedded("PrivateProperties")
    word = _WITNESSES.get(kind, f"unknown ({kind})")
    return {
        "type": word,
        "name": name,
        "state": cluster.name_of(cluster.RESOURCE_STATES, item.integer("State")),
        "path": private.text("SharePath") if word == "file_share" and private is not None else None,
    }
