# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WMI classes of a Windows version: types, keys, access and methods."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .versions import VERSIONS, Version

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent / "classes"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Property:
    """A property or parameter: its CIM type, and the values that a client may write."""

    name: str
    type: str
    key: bool = False
    writable: bool = False
    range: tuple[int, int] | None = None

    @property
    def is_array(self) -> bool:
        """Whether the type is an array."""
        return self.type.endswith("[]")

    @property
    def base(self) -> str:
        """The type of an element of the array."""
        return self.type.removesuffix("[]")

    @property
    def is_object(self) -> bool:
        """Whether the type is an embedded object."""
        return self.type.startswith("object:")


@dataclass(frozen=True, slots=True)
class Method:
    """A method with its parameters."""

    name: str
    inputs: Mapping[str, Property]
    outputs: Mapping[str, Property]
    returns: str | None


@dataclass(frozen=True, slots=True)
class Class:
    """A WMI class of one Windows version. The keys of the mappings are lower-case names."""

    name: str
    namespace: str
    properties: Mapping[str, Property]
    methods: Mapping[str, Method] = field(default_factory=dict)
    singleton: bool = False

    @property
    def keys(self) -> tuple[Property, ...]:
        """The key properties."""
        return tuple(item for item in self.properties.values() if item.key)

    def property(self, name: str) -> Property | None:
        """The property of this name, in any case."""
        return self.properties.get(name.lower())


def _parameters(types: Mapping[str, str] | None) -> dict[str, Property]:
    return {name.lower(): Property(name, kind) for name, kind in (types or {}).items()}


def _method(name: str, body: Mapping[str, Any]) -> Method:
    return Method(name, _parameters(body.get("in")), _parameters(body.get("out")), body.get("returns"))


@cache
def _data(name: str) -> dict[str, Any]:
    loaded = yaml.load((_FOLDER / name).read_text(encoding="utf-8"), Loader=_LOADER)
    return loaded if isinstance(loaded, dict) else {}


@cache
def namespaces() -> tuple[str, ...]:
    """The namespaces of all Windows versions."""
    return tuple(_data("access.yml"))


def _class(name: str, namespace: str, body: Mapping[str, Any], version: Version) -> Class | None:
    access = _data("access.yml").get(namespace, {}).get(name, {})
    last = VERSIONS[str(access.get("until_class", version.name))]
    if not version.has(str(access.get("since_class", "2008 R2"))) or version.age > last.age:
        return None
    newer = _data("since-2025.yml").get(namespace, {}).get(name, {}) if version.has("2025") else {}
    types = {**body["properties"], **newer.get("properties", {})}
    missing = {
        item for since, items in access.get("since", {}).items() if not version.has(str(since)) for item in items
    }
    ranges = dict(access.get("ranges", {}))
    if not version.has("2012"):
        ranges.update(access.get("ranges_2008_r2", {}))
    keys, writable = set(access.get("keys", ())), set(access.get("writable", ()))
    properties = {
        item.lower(): Property(
            item, types[item], item in keys, item in writable, tuple(ranges[item]) if item in ranges else None
        )
        for item in sorted(types, key=str.lower)
        if item not in missing
    }
    methods = {**body.get("methods", {}), **newer.get("methods", {})}
    return Class(
        name,
        namespace,
        properties,
        {item.lower(): _method(item, content) for item, content in methods.items()},
        bool(access.get("singleton")),
    )


@cache
def classes(namespace: str, version_name: str) -> Mapping[str, Class]:
    """All classes of a namespace on a Windows version, by lower-case name. Empty if it does not have the namespace."""
    version = VERSIONS[version_name]
    found = {
        name.lower(): _class(name, namespace, body, version)
        for name, body in _data(namespace.replace("/", "-") + ".yml").items()
    }
    return {name: item for name, item in found.items() if item is not None}


@cache
def private_class(kind: str, type_name: str, version_name: str) -> Class | None:
    """The class of the PrivateProperties of a resource or resource type. None if the lab does not have it."""
    members = _data("private-properties.yml")[kind].get(type_name)
    if members is None:
        return None
    version = VERSIONS[version_name]
    kind_name = {"resource": "Resource", "resource_type": "ResourceType"}[kind]
    properties = {
        name.lower(): Property(
            name,
            body["type"],
            writable=not body.get("read_only", False),
            range=tuple(body["range"]) if "range" in body else None,
        )
        for name, body in members.items()
        if version.has(str(body.get("since", "2008 R2")))
    }
    return Class(f"MSCluster_Property_{kind_name}_{type_name.replace(' ', '_')}", "root/mscluster", properties)
