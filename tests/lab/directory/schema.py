# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema extension of Exchange, from exchange-schema.yml."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .ldif import change, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

# An OID arc in the format of Microsoft's oidgen.
_ARC = "1.2.840.113556.1.8000.2554.21514.47107.20183.18217.34937.9016871.1590371"
_NAMESPACE = uuid.UUID("540ab803-4ed7-4729-8879-8995e71845a3")
_FIRST_LINK = 31000
_SYNTAXES = {
    "string": ("2.5.5.12", 64),
    "teletex": ("2.5.5.4", 20),
    "int": ("2.5.5.9", 2),
    "large": ("2.5.5.16", 65),
    "bool": ("2.5.5.8", 1),
    "octet": ("2.5.5.10", 4),
    "dn": ("2.5.5.1", 127),
}
_OBJECT_DS_DN = bytes.fromhex("2b0c0287731c00854a")


def _table() -> dict[str, Any]:
    read = yaml.safe_load(Path(__file__).with_name("exchange-schema.yml").read_text(encoding="utf-8"))
    return dict(read)


def common_name(name: str) -> str:
    """The common name of a schema object: ms-Exch-MDB-Copy for msExchMDBCopy."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name)
    return "-".join(word if name.startswith("ms") else word[:1].upper() + word[1:] for word in words)


def _guid(name: str, known: str | None) -> str:
    return known or str(uuid.uuid5(_NAMESPACE, name))


def _attribute(base: str, name: str, definition: dict[str, Any], oid: str, link: int | None) -> str:
    syntax, om = _SYNTAXES[definition["syntax"]]
    cn = common_name(name)
    return entry(
        f"CN={cn},{base}",
        {
            "objectClass": ["top", "attributeSchema"],
            "lDAPDisplayName": name,
            "adminDisplayName": cn,
            "adminDescription": cn,
            "attributeID": oid,
            "attributeSyntax": syntax,
            "oMSyntax": om,
            "oMObjectClass": _OBJECT_DS_DN if definition["syntax"] == "dn" else None,
            "isSingleValued": "FALSE" if definition.get("multi") else "TRUE",
            "schemaIDGUID": _guid(name, definition.get("guid")),
            "linkID": link,
            "showInAdvancedViewOnly": "TRUE",
        },
    )


def attributes(base: str) -> Iterator[str]:
    """LDIF of the attributes."""
    link = _FIRST_LINK
    for position, (name, definition) in enumerate(_table()["attributes"].items(), 1):
        back = definition.get("back")
        yield _attribute(base, name, definition, definition.get("oid", f"{_ARC}.1.{position}"), link if back else None)
        if back:
            oid = definition.get("back_oid", f"{_ARC}.1.{1000 + position}")
            yield _attribute(base, back, {"syntax": "dn", "multi": True}, oid, link + 1)
            link += 2


def _class(base: str, name: str, definition: dict[str, Any], oid: str, superiors: list[str]) -> str:
    cn = common_name(name)
    return entry(
        f"CN={cn},{base}",
        {
            "objectClass": ["top", "classSchema"],
            "lDAPDisplayName": name,
            "adminDisplayName": cn,
            "adminDescription": cn,
            "governsID": oid,
            "objectClassCategory": 1,
            "rDNAttID": "cn",
            "subClassOf": definition["parent"],
            "mayContain": definition.get("may", "").split(),
            "mustContain": definition.get("must", "").split(),
            "possSuperiors": superiors,
            "schemaIDGUID": _guid(name, definition.get("guid")),
            "defaultObjectCategory": f"CN={cn},{base}",
            "showInAdvancedViewOnly": "TRUE",
        },
    )


def classes(base: str) -> list[str]:
    """LDIF of the classes, one text for each generation, because parent classes must be added first."""
    table = _table()["classes"]
    generations: list[list[str]] = []
    for position, (name, definition) in enumerate(table.items(), 1):
        depth, parent = 0, definition["parent"]
        while parent in table:
            depth, parent = depth + 1, table[parent]["parent"]
        generations += [[] for _missing in range(depth + 1 - len(generations))]
        outside = [item for item in definition.get("superiors", "").split() if item not in table]
        generations[depth].append(
            _class(base, name, definition, definition.get("oid", f"{_ARC}.2.{position}"), outside)
        )
    return ["".join(found) for found in generations]


def superiors(base: str) -> Iterator[str]:
    """LDIF of the possible superiors among the classes, and of the back links. The classes must exist."""
    table = _table()["classes"]
    for name, definition in table.items():
        if own := [item for item in definition.get("superiors", "").split() if item in table]:
            yield change(f"CN={common_name(name)},{base}", "add", {"possSuperiors": own})
    backs = [definition["back"] for definition in _table()["attributes"].values() if "back" in definition]
    yield change(f"CN=Top,{base}", "add", {"mayContain": backs})
