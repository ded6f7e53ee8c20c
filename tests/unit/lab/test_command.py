# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line and the process of the lab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from lab import daemon
from lab.__main__ import main
from raw_client import Client
from unit_estate import ESTATE, NET

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    data = {
        "name": "commands",
        "credentials": ESTATE["credentials"],
        "listeners": {"http": 35985, "https": 35986},
        "hosts": [
            {"name": "n1", "address": f"{NET}.95", "windows": 2022, "groups": ["nodes"], "cluster": "C1"},
            {"name": "n2", "address": f"{NET}.96", "windows": 2022},
        ],
        "clusters": [{"name": "C1", "fqdn": "c1.example.test"}],
    }
    path = tmp_path / "commands.yml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def test_up_status_journal_reset_and_down(source, tmp_path, capsys):
    state = str(tmp_path / "state")
    assert main(["up", str(source), "--state", state]) == 0
    try:
        assert "commands is up" in capsys.readouterr().out
        assert main(["up", str(source), "--state", state]) == 1
        assert "already running" in capsys.readouterr().err

        assert main(["up", str(source), "--state", state + "-2"]) == 1
        assert f"{NET}.95:35985 of n1" in capsys.readouterr().err

        client = Client(f"{NET}.95", 35985)
        xml = client.instance("MSCluster_Cluster", Name="C1").replace(
            ">20</p:SameSubnetThreshold", ">30</p:SameSubnetThreshold"
        )
        assert client.put("MSCluster_Cluster", xml, Name="C1").status == 200
        client.close()

        main(["show", "C1", "MSCluster_Cluster", "--state", state])
        assert json.loads(capsys.readouterr().out)[0]["SameSubnetThreshold"] == 30
        main(["journal", "--writes", "--state", state])
        assert json.loads(capsys.readouterr().out)["changes"][0]["after"] == 30

        main(["fault", "add", "slow", "0.1", "--host", "n1", "--nth", "2", "--state", state])
        rule = {"action": {"slow": 0.1}, "host": "n1", "nth": 2}
        assert yaml.safe_load((tmp_path / "state" / "faults.yml").read_text(encoding="utf-8")) == [rule]

        assert main(["reset", "--state", state]) == 0
        main(["show", "n1", "MSCluster_Cluster", "--state", state])
        assert json.loads(capsys.readouterr().out)[0]["SameSubnetThreshold"] == 20
        main(["journal", "--state", state])
        assert capsys.readouterr().out == ""
    finally:
        assert main(["down", "--state", state]) == 0
    assert not daemon.is_running(tmp_path / "state")
    assert main(["status", "--state", state]) == 3


def test_inventory(source, tmp_path, capsys):
    state = str(tmp_path / "state")
    main(["up", str(source), "--state", state])
    main(["down", "--state", state])
    capsys.readouterr()
    main(["inventory", "--connection", "psrp", "--listener", "https", "--state", state])
    found = yaml.safe_load(capsys.readouterr().out)["all"]
    assert found["children"] == {"nodes": {"hosts": {"n1": {}}}}
    assert found["hosts"]["n2"] == {
        "ansible_host": f"{NET}.96",
        "ansible_port": 35986,
        "ansible_user": "Administrator",
        "ansible_password": "Lab-Passw0rd",
        "ansible_connection": "psrp",
        "winha_cluster_warn_unproved": False,
        "ansible_psrp_auth": "basic",
        "ansible_psrp_protocol": "https",
        "ansible_psrp_ca_cert": str(tmp_path / "state" / "ca.pem"),
    }
    main(["inventory", "--state", state])
    hosts = yaml.safe_load(capsys.readouterr().out)["all"]["hosts"]
    assert hosts["n1"]["ansible_winrm_transport"] == "basic"
    assert hosts["n1"]["ansible_port"] == 35985


def test_an_error_is_one_sentence(tmp_path, capsys):
    missing = str(tmp_path / "missing.yml")
    assert main(["up", missing, "--state", str(tmp_path / "state")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["down", "--state", str(tmp_path / "state")]) == 1
