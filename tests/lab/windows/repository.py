# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances of one cluster or host. Every write is stored on disk."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..wire.values import Embedded, Value
from .classes import Class, classes, private_class
from .versions import VERSIONS, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instance:
    """A CIM instance. Every property of its class has a value or null."""

    cls: Class
    values: Mapping[str, Value]

    @property
    def key(self) -> tuple[str, ...]:
        """The values of the key properties, in lower case."""
        return tuple(str(self.values.get(item.name)).lower() for item in self.cls.keys)

    @property
    def name(self) -> str:
        """The Name of the instance, or the values of its key."""
        named = self.values.get("Name")
        return named if isinstance(named, str) else ",".join(self.key)


@dataclass(frozen=True, slots=True)
class Change:
    """A value that a write replaced."""

    cls: str
    instance: str
    property: str
    before: Any
    after: Any


def plain(value: Value) -> Any:
    """A value for JSON."""
    if isinstance(value, Embedded):
        return {"class": value.class_name, "members": {name: plain(item) for name, item in value.members.items()}}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _value(stored: Any) -> Value:
    if isinstance(stored, dict):
        return Embedded(stored["class"], {name: _value(item) for name, item in stored["members"].items()})
    result: Value = stored
    return result


def _differences(prefix: str, before: Value, after: Value) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if isinstance(before, Embedded) and isinstance(after, Embedded):
        for name in dict.fromkeys([*before.members, *after.members]):
            yield from _differences(f"{prefix}.{name}", before.members.get(name), after.members.get(name))
        return
    yield prefix, plain(before), plain(after)


class Repository:
    """Instances by class and key. One lock makes each write atomic."""

    def __init__(self, name: str, version: str, log: Path | None = None) -> None:
        self.name = name
        self.version: Version = VERSIONS[version]
        self.lock = threading.RLock()
        self._log = log
        self._recording = False
        self._instances: dict[tuple[str, str], dict[tuple[str, ...], Instance]] = {}

    def cls(self, namespace: str, name: str) -> Class | None:
        """The class of this name. Case does not matter."""
        return classes(namespace, self.version.name).get(name.lower())

    def private_class(self, instance: Instance) -> Class | None:
        """The class of the private properties of a cluster object."""
        if instance.cls.name == "MSCluster_Resource":
            return private_class("resource", str(instance.values.get("Type")), self.version.name)
        if instance.cls.name == "MSCluster_ResourceType":
            return private_class("resource_type", str(instance.values.get("Name")), self.version.name)
        return None

    def add(self, namespace: str, class_name: str, values: Mapping[str, Value]) -> None:
        """Add an initial instance. Classes and properties that this Windows version does not have are left out."""
        cls = self.cls(namespace, class_name)
        if cls is None:
            return
        lower = {name.lower(): value for name, value in values.items()}
        filled = {item.name: lower.get(name) for name, item in cls.properties.items()}
        self.place(Instance(cls, filled))

    def place(self, instance: Instance) -> None:
        """Add an initial instance that is complete."""
        self._instances.setdefault((instance.cls.namespace, instance.cls.name), {})[instance.key] = instance

    def instances(self, cls: Class) -> list[Instance]:
        """All instances of a class."""
        with self.lock:
            return list(self._instances.get((cls.namespace, cls.name), {}).values())

    def named(self, class_name: str, name: str, namespace: str = "root/mscluster") -> Instance | None:
        """The instance with this Name."""
        with self.lock:
            return self._instances.get((namespace, class_name), {}).get((name.lower(),))

    def find(self, cls: Class, *key: str) -> Instance | None:
        """The instance with this key, in lower case."""
        with self.lock:
            return self._instances.get((cls.namespace, cls.name), {}).get(key)

    def write(self, instance: Instance, values: Mapping[str, Value]) -> tuple[Instance, list[Change]]:
        """Store new values. They are on disk before another request can read them.

        Returns the new instance and its changes.
        """
        with self.lock:
            current = self._instances[instance.cls.namespace, instance.cls.name][instance.key]
            changes = [
                Change(current.cls.name, current.name, *difference)
                for name, value in values.items()
                for difference in _differences(name, current.values.get(name), value)
            ]
            if not changes:
                return current, []
            self._log_write(current, values)
            return self._replace(current, values), changes

    def _replace(self, current: Instance, values: Mapping[str, Value]) -> Instance:
        replaced = Instance(current.cls, {**current.values, **values})
        self._instances[current.cls.namespace, current.cls.name][current.key] = replaced
        return replaced

    def _log_write(self, current: Instance, values: Mapping[str, Value]) -> None:
        if self._log is None or not self._recording:
            return
        line = {
            "namespace": current.cls.namespace,
            "class": current.cls.name,
            "key": current.key,
            "values": {name: plain(value) for name, value in values.items()},
        }
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
            log.flush()
            os.fsync(log.fileno())

    def replay(self, *, repair: bool) -> None:
        """Repeat the writes of earlier runs. `repair` removes an incomplete line at the end, left by a crash."""
        self._recording = True
        if self._log is None or not self._log.exists():
            return
        complete, _mark, rest = self._log.read_bytes().rpartition(b"\n")
        for line in complete.splitlines():
            self._repeat(json.loads(line))
        if rest and repair:
            with self._log.open("r+b") as log:
                log.truncate(len(complete) + 1 if complete else 0)

    def _repeat(self, line: Mapping[str, Any]) -> None:
        current = self._instances.get((line["namespace"], line["class"]), {}).get(tuple(line["key"]))
        if current is not None:
            self._replace(current, {name: _value(item) for name, item in line["values"].items()})

    def reset(self, instances: Iterable[Instance]) -> None:
        """Remove every write and start again with these instances."""
        with self.lock:
            self._instances.clear()
            for instance in instances:
                self._instances.setdefault((instance.cls.namespace, instance.cls.name), {})[instance.key] = instance
            if self._log is not None:
                self._log.write_text("", encoding="utf-8")

    def all_instances(self) -> list[Instance]:
        """The instances of all classes."""
        with self.lock:
            return [instance for by_key in self._instances.values() for instance in by_key.values()]
