# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example in docs/kerberos.md: the host names from its table, and its plan."""

from __future__ import annotations

import pathlib
import re
import typing as t

import yaml

GUIDE = pathlib.Path(__file__).resolve().parents[4] / "docs" / "kerberos.md"
_PATHS = {"owa": "owa", "ecp": "ecp", "ews": "EWS/Exchange.asmx", "oab": "OAB"}
Row = dict[str, t.Any]


def guide() -> str:
    return GUIDE.read_text("utf-8")


def expected_plan() -> Row:
    """The plan in the guide: the last YAML block of the section."""
    blocks: list[str] = re.findall(r"```yaml\n(.*?)```", _section(), re.DOTALL)
    found: Row = yaml.safe_load(blocks[-1])
    return found


def published() -> Row:
    """The table of the guide in the format of C(exchange_info)."""
    exchange: dict[str, list[Row]] = {
        "servers": [], "client_access_arrays": [], "databases": [], "autodiscover": [], "virtual_directories": [],
        "accepted_domains": [{"name": "example.com", "type": "authoritative"}],
    }  # fmt: skip
    for cells in re.findall(r"^\| (CAS\d.*) \|$", _section(), re.MULTILINE):
        names, site, array, inside, autodiscover, outside = (cell.strip(" `") for cell in cells.split("|"))
        if array:
            exchange["client_access_arrays"].append({"name": array.partition(".")[0], "fqdn": array, "site": site})
        for name in _servers(names):
            fqdn, roles = f"{name.lower()}.corp.example.com", ["client_access", "hub_transport"]
            exchange["servers"].append(
                {"name": name, "fqdn": fqdn, "site": site, "roles": roles, "build": "14.3.123.4", "generation": "2010"}
            )
            url = f"https://{autodiscover}/autodiscover/autodiscover.xml"
            exchange["autodiscover"].append({"server": name, "kind": "url", "url": url, "host": autodiscover})
            urls = {service: (f"https://{inside}/{path}", None) for service, path in _PATHS.items()}
            urls |= dict.fromkeys(("activesync", "outlook_anywhere"), (None, f"https://{outside}"))
            exchange["virtual_directories"] += [
                {"server": name, "service": service, "internal_url": internal, "external_url": external}
                for service, (internal, external) in urls.items()
            ]
    return exchange


def _servers(names: str) -> list[str]:
    """C(CAS1 to CAS6), or a single name."""
    first, _to, last = names.partition(" to ")
    return [f"CAS{number}" for number in range(int(first[3:]), int((last or first)[3:]) + 1)]


def _section() -> str:
    return guide().partition("\n## A worked example\n")[2].partition("\n## ")[0]
