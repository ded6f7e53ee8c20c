# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate as an Ansible inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from .directory import Directory
    from .estate import Estate, Host


def _connection(estate: Estate, host: Host, state: Path, connection: str, listener: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ansible_host": host.address,
        "ansible_port": estate.https if listener == "https" else estate.http,
        "ansible_user": host.user,
        "ansible_password": host.password,
        "ansible_connection": connection,
        "winha_cluster_warn_unproved": False,  # no host of the lab is a real one
    }
    authority = str((state / "ca.pem").resolve())
    if connection == "winrm":
        found |= {"ansible_winrm_transport": "basic", "ansible_winrm_scheme": listener}
        trust = {"ansible_winrm_ca_trust_path": authority}
    else:
        found |= {"ansible_psrp_auth": "basic", "ansible_psrp_protocol": listener}
        trust = {"ansible_psrp_ca_cert": authority}
    return {**found, **(trust if listener == "https" else {})}


def _directory(directory: Directory, state: Path) -> dict[str, str]:
    folder = state.resolve()
    return {
        "server": directory.fqdn,
        "address": directory.address,
        "domain": directory.domain,
        "user": f"Administrator@{directory.realm}",
        "password": directory.password,
        "ca_file": str(folder / "ca.pem"),
        "krb5_conf": str(folder / "directory" / "krb5.conf"),
    }


def inventory(estate: Estate, state: Path, connection: str, listener: str) -> dict[str, Any]:
    """The inventory with the groups of the estate file. The variable `lab_directory` describes the domain."""
    groups: dict[str, Any] = {}
    for host in estate.hosts:
        for group in host.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = {}
    hosts = {host.name: _connection(estate, host, state, connection, listener) for host in estate.hosts}
    found: dict[str, Any] = {"hosts": hosts, "children": groups}
    if estate.directory:
        found["vars"] = {"lab_directory": _directory(estate.directory, state)}
    return {"all": found}
