# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write properties of cluster objects and read them back. Private to this collection.

There are two ways to write the registry values below C(HKLM\\Cluster): a control code with a property list of just the
changed values, as Set-ClusterParameter and C((Get-Cluster).X = ...) use it, and a Put of the whole WMI instance. The
control code is sent first, and the Put for a value that did not change. Neither has been tested on a real host. The
responses to both are not trusted; only the values that are read back count.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import AccessDenied, ResponseLost, ServerError, Unreachable
from . import property_list

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlCode:
    """A WMI method for control codes, with the code to validate a property list and the code to store it."""

    method: str
    validate: int
    store: int


# MS-CMRP, tables of control codes. The store codes contain the modify bit 0x00400000.
RESOURCE_PRIVATE = ControlCode(method="ExecuteResourceControl", validate=0x01000089, store=0x01400086)
CLUSTER_COMMON = ControlCode(method="ExecuteClusterControl", validate=0x07000061, store=0x0740005E)
GROUP_COMMON = ControlCode(method="ExecuteGroupControl", validate=0x03000061, store=0x0340005E)

Values: t.TypeAlias = "t.Mapping[str, int | t.Sequence[str]]"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """The instance as read back; if it lacks a value, C(reason) has the result of each attempt."""

    instance: Instance
    reason: str = ""


def send(
    client: Client, reference: Reference, values: Values, code: ControlCode, *, operation: str
) -> ServerError | None:
    """Store the values by one control code, which contains only them. The caller reads back what is stored.

    Returns the error of the control code; clusters report an error for values that they stored. Raises C(Unreachable).
    """
    parameters: dict[str, t.Any] = {"ControlCode": code.store, "InputBuffer": property_list.encode(values)}
    try:
        client.invoke(reference, code.method, parameters, operation=operation)
    except Unreachable:
        raise
    except ServerError as exc:
        return exc
    return None


def denial(problem: ServerError | None) -> str:
    """Why no other way to write can succeed: the account has no permission. Empty for other errors."""
    return f"the control code returned: {_describe(problem)}" if isinstance(problem, AccessDenied) else ""


def send_and_store(
    client: Client, reference: Reference, values: Values, code: ControlCode, *, within: str = "", operation: str
) -> StoreResult:
    """Set the properties by the control code and read them back; C(store) follows for those that did not change.

    C(within) names the embedded object that contains them. Raises C(ServerError) only if the values could not be read
    back.
    """
    problem = send(client, reference, values, code, operation=operation)
    instance = client.get(reference, operation=f"reading back after {operation}")
    missing = _missing(instance, values, within)
    if not missing or denial(problem):
        return StoreResult(instance=instance, reason=denial(problem) if missing else "")
    return store(client, reference, missing, code, within=within, operation=operation)


def store(
    client: Client,
    reference: Reference,
    values: Values,
    code: ControlCode,
    *,
    within: str = "",
    operation: str,
) -> StoreResult:
    """Set the properties by a Put; C(within) names the embedded object that contains them.

    Sends Get, Put, Get. If the response to the Put is lost and the Get shows no effect, the Put is sent once more. If
    the Put has no effect, the control code is validated, for its error, and sent, followed by another Get. Raises
    C(ServerError) only if the values could not be read back.
    """
    prefix = f"{within}." if within else ""

    def change(instance: Instance) -> Instance:
        for name, value in _missing(instance, values, within).items():
            instance = instance.with_property(prefix + name, value)
        return instance

    results: list[str] = []
    for _attempt in range(2):
        written = client.put(reference, change, [within] if within else values, operation=operation)
        missing = _missing(written.instance, values, within)
        if not missing:
            return StoreResult(instance=written.instance)
        results.append(f"the Put returned: {_describe(written.problem)}")
        if isinstance(written.problem, AccessDenied):
            return StoreResult(instance=written.instance, reason=results[-1])
        if not isinstance(written.problem, ResponseLost):
            break
    parameters = {"InputBuffer": property_list.encode(missing)}
    problem: ServerError | None = None
    try:
        client.invoke(
            reference, code.method, {"ControlCode": code.validate, **parameters}, query=True, operation=operation
        )
        client.invoke(reference, code.method, {"ControlCode": code.store, **parameters}, operation=operation)
    except Unreachable:
        raise
    except ServerError as exc:
        problem = exc
    results.append(f"the control code returned: {_describe(problem)}")
    instance = client.get(reference, operation=f"reading back after {operation}")
    if not _missing(instance, values, within):
        return StoreResult(instance=instance)
    advice = "set the value in Failover Cluster Manager or PowerShell and read the error there"
    return StoreResult(instance=instance, reason=f"{', '.join(dict.fromkeys(results))}; {advice}")


def _describe(problem: ServerError | None) -> str:
    if problem is None:
        return "success"
    return f"{problem.detail} ({problem.advice})" if problem.advice else problem.detail


def _missing(instance: Instance, values: Values, within: str) -> dict[str, int | t.Sequence[str]]:
    holder = instance.embedded(within) if within else instance
    return {name: value for name, value in values.items() if holder is None or not _has(holder, name, value)}


def _has(holder: Instance, name: str, value: int | t.Sequence[str]) -> bool:
    """Whether a property has a value. The order in a list of texts does not count."""
    if isinstance(value, int):
        return holder.integer(name) == value
    return sorted(holder.array(name) or ()) == sorted(value)
