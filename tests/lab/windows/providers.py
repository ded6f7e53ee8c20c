# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers: Put with its checks of ranges and private properties, control codes, and methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..wire.fault import invalid_parameter, provider_failed
from ..wire.values import Embedded, Value
from . import (
    adapter_provider,
    adapter_state,
    drain,
    hyperv_settings,
    moves,
    possible_owners,
    registry_provider,
)
from .property_list import Item, PropertyListError, decode, encode
from .repository import Instance
from .request_context import RequestContext

if TYPE_CHECKING:
    from .classes import Class, Property

STORED = 0x800713A0
_PRIVATE = "PrivateProperties"
_MODIFY = 0x00400000
_GET_COMMON, _SET_COMMON, _VALIDATE_COMMON = 0x59, 0x5E, 0x61
_GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE = 0x81, 0x86, 0x89
_OBJECT_TYPES = {
    "MSCluster_Resource": 1,
    "MSCluster_ResourceType": 2,
    "MSCluster_ResourceGroup": 3,
    "MSCluster_Node": 4,
    "MSCluster_Network": 5,
    "MSCluster_NetworkInterface": 6,
    "MSCluster_Cluster": 7,
}
_READ_PREFIXES = ("get", "will", "verify", "enum", "check", "generate")


def _check_range(member: Property, value: Value, operation: str) -> None:
    if member.range is None or not isinstance(value, int):
        return
    low, high = member.range
    if not low <= value <= high:
        raise invalid_parameter(f"{member.name} is {value}. The range is {low} to {high}.", operation, member.name)


def _merged(before: Value, new: Embedded, cls: Class, *, keep: bool) -> Embedded:
    old = before.members if isinstance(before, Embedded) else {}
    readonly = {item.name for item in cls.properties.values() if not item.writable}
    kept = {name: value for name, value in old.items() if keep or name in readonly}
    sent = {name: value for name, value in new.members.items() if name not in readonly and value is not None}
    return Embedded(cls.name, {**kept, **sent})


def _checked_private_properties(context: RequestContext, instance: Instance, new: Embedded) -> Embedded:
    cls = context.repository.private_class(instance)
    if cls is None:
        raise invalid_parameter("This object has no private properties.")
    before = instance.values.get(_PRIVATE)
    old = before.members if isinstance(before, Embedded) else {}
    for name, value in new.members.items():
        member = cls.property(name)
        if member is not None and member.writable and old.get(name) != value:
            _check_range(member, value, "PutInstance")
    keep = context.cluster is not None and context.cluster.put_missing_members == "kept"
    return _merged(before, new, cls, keep=keep)


def modify(context: RequestContext, instance: Instance, values: Mapping[str, Value]) -> Instance:
    """A Put: check the values that are writable and differ, and store them."""
    if instance.cls.name == adapter_state.ADVANCED:
        return adapter_provider.modify(context, instance, values)
    changed: dict[str, Value] = {}
    mode = context.cluster.put_private_properties if context.cluster else "works"
    for name, sent in values.items():
        member = instance.cls.properties[name.lower()]
        if not member.writable or sent is None:
            continue
        value = _checked_private_properties(context, instance, sent) if isinstance(sent, Embedded) else sent
        if value == instance.values.get(name):
            continue
        if isinstance(value, Embedded):
            if mode == "refused":
                raise provider_failed(0x8004102B, "The private properties cannot be written.", "PutInstance")
            if mode == "ignored":
                continue
        else:
            _check_range(member, value, "PutInstance")
        changed[name] = value
    written = context.write(instance, changed)
    if _PRIVATE in changed and mode == "stored_but_faults":
        raise properties_stored("PutInstance")
    return written


def properties_stored(operation: str) -> Exception:
    """ERROR_RESOURCE_PROPERTIES_STORED: the value is stored and takes effect when the resource comes online again."""
    return provider_failed(
        STORED,
        "The properties were stored but not all changes will take effect until the next time the resource is"
        " brought online. (5024)",
        operation,
    )


def _items(instance: Instance, *, private: bool) -> list[Item]:
    if private:
        properties = instance.values.get(_PRIVATE)
        members = properties.members if isinstance(properties, Embedded) else {}
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
    values: dict[str, Value] = {}
    for item in items:
        member = cls.property(item.name) if cls else None
        if member is None or not member.writable:
            raise invalid_parameter(f"{item.name} cannot be set.", operation, item.name)
        item_type = {"boolean": "uint32", "uint16": "uint32"}.get(member.type, member.type)
        if item_type != item.type:
            raise provider_failed(0x8007000D, f"{item.name} is not of the type {item.type}.", operation)
        value = bool(item.value) if member.type == "boolean" else item.value
        _check_range(member, value, operation)
        values[member.name] = value
    return values


def control(context: RequestContext, instance: Instance, code: int, buffer: bytes) -> bytes:
    """Execute…Control: read, check or set common or private properties."""
    code &= 0xFFFFFFFF
    function, object_type = code & 0xFFFF, _OBJECT_TYPES.get(instance.cls.name)
    sets = function in {_SET_COMMON, _SET_PRIVATE}
    expected = 0 if object_type is None else object_type << 24 | (_MODIFY if sets else 0) | function
    functions = {_GET_COMMON, _SET_COMMON, _VALIDATE_COMMON, _GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE}
    if function not in functions or code != expected:
        raise provider_failed(0x80070001, f"The control code 0x{code:08X} is not supported.")
    is_private = function in {_GET_PRIVATE, _SET_PRIVATE, _VALIDATE_PRIVATE}
    if function in {_GET_COMMON, _GET_PRIVATE}:
        return encode(_items(instance, private=is_private))
    try:
        items = decode(buffer)
    except PropertyListError as problem:
        raise invalid_parameter(f"The property list is not valid: {problem}.", "ExecMethod") from problem
    if is_private and instance.cls.name == "MSCluster_Node":
        return _control_node(context, instance, items, sets=sets)
    cls = context.repository.private_class(instance) if is_private else instance.cls
    values = _checked(cls, items, "ExecMethod")
    if not sets:
        return b""
    if is_private and cls is not None:
        before = instance.values.get(_PRIVATE)
        context.write(instance, {_PRIVATE: _merged(before, Embedded(cls.name, values), cls, keep=True)})
    else:
        context.write(instance, values)
    return b""


def _control_node(context: RequestContext, node: Instance, items: Sequence[Item], *, sets: bool) -> bytes:
    """Set private properties of a node. The cluster defines none and stores the properties of any client."""
    if sets:
        before = node.values.get(_PRIVATE)
        members = dict(before.members) if isinstance(before, Embedded) else {}
        members |= {item.name: item.value for item in items}
        context.write(node, {_PRIVATE: Embedded("MSCluster_Property_Node", members)})
    return b""


def is_write(class_name: str, method: str, values: Mapping[str, Value]) -> bool:
    """Whether an Invoke writes: by the modify bit of its control code, or by the name of the method."""
    code = values.get("ControlCode")
    if isinstance(code, int) and class_name in _OBJECT_TYPES:
        return bool(code & _MODIFY)
    return not method.lower().startswith(_READ_PREFIXES)


def _new_state(online: int, offline: int, name: str) -> int:
    return online if name == "bringonline" else offline


def _set_group_state(context: RequestContext, group: Instance, name: str) -> None:
    cls = context.repository.cls("root/mscluster", "MSCluster_Resource")
    for resource in context.repository.instances(cls) if cls else ():
        if resource.values.get("OwnerGroup") == group.values["Name"]:
            context.write(resource, {"State": _new_state(2, 3, name)})
    context.write(group, {"State": _new_state(0, 1, name)})


def _set_resource_state(context: RequestContext, instance: Instance, values: Mapping[str, Value], name: str) -> None:
    del values
    context.write(instance, {"State": _new_state(2, 3, name)})


_Method = Callable[[RequestContext, Instance, Mapping[str, Value], str], None]
_METHODS: dict[tuple[str, str], _Method] = {
    ("MSCluster_Resource", "bringonline"): _set_resource_state,
    ("MSCluster_Resource", "takeoffline"): _set_resource_state,
    ("MSCluster_ResourceGroup", "bringonline"): lambda context, group, _, name: _set_group_state(context, group, name),
    ("MSCluster_ResourceGroup", "takeoffline"): lambda context, group, _, name: _set_group_state(context, group, name),
    ("MSCluster_ResourceGroup", "movetonewnode"): lambda context, group, values, _: moves.plain_move(
        context, group, str(values.get("NodeName") or "")
    ),
    ("MSCluster_ResourceGroup", "movetonewnodeparams"): lambda context, group, values, _: moves.live_move(
        context, group, values
    ),
}


def invoke(context: RequestContext, instance: Instance, method: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Run a method. Returns its out parameters by name."""
    name = method.lower()
    if name.startswith("execute") and name.endswith("control"):
        code, buffer = values.get("ControlCode"), values.get("InputBuffer")
        if not isinstance(code, int):
            raise invalid_parameter("ControlCode is missing.", "ExecMethod", "ControlCode")
        output = control(context, instance, code, bytes(buffer) if isinstance(buffer, list) else b"")
        return {"OutputBuffer": list(output) or None, "OutputBufferSize": len(output)}
    outputs: dict[str, Value] | None = None
    if instance.cls.name == "StdRegProv":
        outputs = registry_provider.invoke(context, method, values)
        if outputs is not None and not name.startswith(_READ_PREFIXES):
            adapter_provider.follow_registry(context)
    elif instance.cls.name == "MSCluster_Node":
        outputs = drain.invoke(context, instance, name, values)
    elif instance.cls.name == "Win32_OperatingSystem":
        outputs = adapter_provider.boot(context, name, values)
    elif instance.cls.name == "MSCluster_Resource":
        outputs = possible_owners.invoke(context, instance, name, values)
    elif instance.cls.name == hyperv_settings.SERVICE and context.simulation and context.host:
        machines = context.simulation.machines_on(context.host)
        outputs = hyperv_settings.invoke(context, name, values, machines)
    elif adapter_provider.handles(instance.cls.name):
        outputs = adapter_provider.invoke(context, instance, name)
    if outputs is not None:
        return outputs
    run = _METHODS.get((instance.cls.name, name))
    if run is None:
        raise provider_failed(0x80041055, f"The lab has no method {method} of {instance.cls.name}.")
    run(context, instance, values, name)
    return {}
