# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the providers do with a write: ranges, private properties, control codes, a few methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..wire.refusal import invalid_parameter, provider_failed
from ..wire.values import Embedded, Value
from . import advanced, drain, links, registry_provider
from .property_list import Item, PropertyListError, decode, encode
from .repository import Instance
from .store import Store

if TYPE_CHECKING:
    from .classes import Class, Property

STORED = 0x800713A0
_PRIVATE = "PrivateProperties"
_MODIFY = 0x00400000
_GET_COMMON, _SET_COMMON, _VALIDATE_COMMON = 0x59, 0x5E, 0x61
_GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE = 0x81, 0x86, 0x89
_OBJECT = {
    "MSCluster_Resource": 1,
    "MSCluster_ResourceType": 2,
    "MSCluster_ResourceGroup": 3,
    "MSCluster_Node": 4,
    "MSCluster_Network": 5,
    "MSCluster_NetworkInterface": 6,
    "MSCluster_Cluster": 7,
}
_READING = ("get", "will", "verify", "enum", "check", "generate")


def _in_range(member: Property, value: Value, operation: str) -> None:
    if member.range is None or not isinstance(value, int):
        return
    low, high = member.range
    if not low <= value <= high:
        raise invalid_parameter(f"{member.name} is {value}, outside {low} to {high}.", operation, member.name)


def _merged(before: Value, wanted: Embedded, cls: Class, *, keep: bool) -> Embedded:
    old = before.members if isinstance(before, Embedded) else {}
    readonly = {item.name for item in cls.properties.values() if not item.writable}
    kept = {name: value for name, value in old.items() if keep or name in readonly}
    sent = {name: value for name, value in wanted.members.items() if name not in readonly and value is not None}
    return Embedded(cls.name, {**kept, **sent})


def _private(store: Store, instance: Instance, wanted: Embedded) -> Embedded:
    cls = store.repository.private_class(instance)
    if cls is None:
        raise invalid_parameter("This object has no private properties.")
    before = instance.values.get(_PRIVATE)
    old = before.members if isinstance(before, Embedded) else {}
    for name, value in wanted.members.items():
        member = cls.property(name)
        if member is not None and member.writable and old.get(name) != value:
            _in_range(member, value, "PutInstance")
    keep = store.cluster is not None and store.cluster.put_missing_members == "kept"
    return _merged(before, wanted, cls, keep=keep)


def modify(store: Store, instance: Instance, wanted: Mapping[str, Value]) -> Instance:
    """A Put: check and store the values that are writable and differ."""
    if instance.cls.name == links.ADVANCED:
        return advanced.modify(store, instance, wanted)
    changed: dict[str, Value] = {}
    mode = store.cluster.put_private_properties if store.cluster else "works"
    for name, sent in wanted.items():
        member = instance.cls.properties[name.lower()]
        if not member.writable or sent is None:
            continue
        value = _private(store, instance, sent) if isinstance(sent, Embedded) else sent
        if value == instance.values.get(name):
            continue
        if isinstance(value, Embedded):
            if mode == "refused":
                raise provider_failed(0x8004102B, "The private properties cannot be written.", "PutInstance")
            if mode == "ignored":
                continue
        else:
            _in_range(member, value, "PutInstance")
        changed[name] = value
    written = store.write(instance, changed)
    if _PRIVATE in changed and mode == "stored_but_faults":
        raise stored("PutInstance")
    return written


def stored(operation: str) -> Exception:
    """ERROR_RESOURCE_PROPERTIES_STORED: an error, though the value is there for the next time online."""
    return provider_failed(
        STORED,
        "The properties were stored but not all changes will take effect until the next time the resource is"
        " brought online. (5024)",
        operation,
    )


def _listed(instance: Instance, *, private: bool) -> list[Item]:
    if private:
        held = instance.values.get(_PRIVATE)
        members = held.members if isinstance(held, Embedded) else {}
        return [Item(name, _type_of(value), value) for name, value in members.items()]
    return [
        Item(item.name, item.type, instance.values.get(item.name))
        for item in instance.cls.properties.values()
        if item.writable and not item.is_object
    ]


def _type_of(value: Value) -> str:
    if isinstance(value, int):
        return "uint32"
    return "string" if isinstance(value, str) else "string[]"


def _checked(cls: Class | None, items: Sequence[Item], operation: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for item in items:
        member = cls.property(item.name) if cls else None
        if member is None or not member.writable:
            raise invalid_parameter(f"{item.name} cannot be set.", operation, item.name)
        fits = {"boolean": "uint32", "uint16": "uint32"}.get(member.type, member.type)
        if fits != item.type:
            raise provider_failed(0x8007000D, f"{item.name} is no {item.type}.", operation)
        value = bool(item.value) if member.type == "boolean" else item.value
        _in_range(member, value, operation)
        found[member.name] = value
    return found


def control(store: Store, instance: Instance, code: int, buffer: bytes) -> bytes:
    """Execute…Control: read, check or set common or private properties."""
    code &= 0xFFFFFFFF
    function, known = code & 0xFFFF, _OBJECT.get(instance.cls.name)
    setting = function in {_SET_COMMON, _SET_PRIVATE}
    right = 0 if known is None else known << 24 | (_MODIFY if setting else 0) | function
    functions = {_GET_COMMON, _SET_COMMON, _VALIDATE_COMMON, _GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE}
    if function not in functions or code != right:
        raise provider_failed(0x80070001, f"The control code 0x{code:08X} is not supported.")
    private = function in {_GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE}
    if function in {_GET_COMMON, _GET_PRIVATE}:
        return encode(_listed(instance, private=private))
    try:
        items = decode(buffer)
    except PropertyListError as problem:
        raise invalid_parameter(f"The property list is not valid: {problem}.", "ExecMethod") from problem
    cls = store.repository.private_class(instance) if private else instance.cls
    values = _checked(cls, items, "ExecMethod")
    if not setting:
        return b""
    if private and cls is not None:
        held = instance.values.get(_PRIVATE)
        store.write(instance, {_PRIVATE: _merged(held, Embedded(cls.name, values), cls, keep=True)})
    else:
        store.write(instance, values)
    return b""


def is_write(class_name: str, method: str, values: Mapping[str, Value]) -> bool:
    """Whether an Invoke changes something: by its modify bit, or by what the method's name says."""
    code = values.get("ControlCode")
    if isinstance(code, int) and class_name in _OBJECT:
        return bool(code & _MODIFY)
    return not method.lower().startswith(_READING)


def _state(online: int, offline: int, name: str) -> int:
    return online if name == "bringonline" else offline


def _group_state(store: Store, group: Instance, name: str) -> None:
    cls = store.repository.cls("root/mscluster", "MSCluster_Resource")
    for resource in store.repository.instances(cls) if cls else ():
        if resource.values.get("OwnerGroup") == group.values["Name"]:
            store.write(resource, {"State": _state(2, 3, name)})
    store.write(group, {"State": _state(0, 1, name)})


def _resource_state(store: Store, instance: Instance, values: Mapping[str, Value], name: str) -> None:
    del values
    store.write(instance, {"State": _state(2, 3, name)})


_Method = Callable[[Store, Instance, Mapping[str, Value], str], None]
_METHODS: dict[tuple[str, str], _Method] = {
    ("MSCluster_Resource", "bringonline"): _resource_state,
    ("MSCluster_Resource", "takeoffline"): _resource_state,
    ("MSCluster_ResourceGroup", "bringonline"): lambda store, group, _, name: _group_state(store, group, name),
    ("MSCluster_ResourceGroup", "takeoffline"): lambda store, group, _, name: _group_state(store, group, name),
    ("MSCluster_ResourceGroup", "movetonewnode"): lambda store, group, values, _: drain.move_to(
        store, group, str(values.get("NodeName") or "")
    ),
}


def invoke(store: Store, instance: Instance, method: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Run a method; its out parameters come back by name."""
    name = method.lower()
    if name.startswith("execute") and name.endswith("control"):
        code, buffer = values.get("ControlCode"), values.get("InputBuffer")
        if not isinstance(code, int):
            raise invalid_parameter("ControlCode is missing.", "ExecMethod", "ControlCode")
        output = control(store, instance, code, bytes(buffer) if isinstance(buffer, list) else b"")
        return {"OutputBuffer": list(output) or None, "OutputBufferSize": len(output)}
    found: dict[str, Value] | None = None
    if instance.cls.name == "StdRegProv":
        found = registry_provider.invoke(store, method, values)
        if found is not None and not name.startswith(_READING):
            advanced.follow_registry(store)
    elif instance.cls.name == "MSCluster_Node":
        found = drain.invoke(store, instance, name, values)
    elif instance.cls.name == "Win32_OperatingSystem":
        found = advanced.boot(store, name, values)
    elif advanced.handles(instance.cls.name):
        found = advanced.invoke(store, instance, name)
    if found is not None:
        return found
    known = _METHODS.get((instance.cls.name, name))
    if known is None:
        raise provider_failed(0x80041055, f"The lab has no method {method} of {instance.cls.name}.")
    known(store, instance, values, name)
    return {}
