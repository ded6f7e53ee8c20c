# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both ways to write properties of cluster objects: what is sent, in which order, and what is told if nothing helps."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import properties, property_list
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import PutResult
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    ResponseLost,
    ServerError,
    Unreachable,
)

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/MSCluster_Resource"
REFERENCE = Reference(resource_uri=URI)
CODE = properties.RESOURCE_PRIVATE
WANTED: dict[str, t.Any] = {"OfflineAction": 2, "Names": ["b", "a"]}
ADVICE = "set the value in Failover Cluster Manager or PowerShell and read the error there"
DENIED = AccessDenied("no right")
LOST = ResponseLost("the response was lost")


def fault(text: str) -> Fault:
    return Fault(text)


class Cluster:
    """A cluster whose control codes and Puts take effect, or not, and return an error, or not, one after the other."""

    def __init__(self, within: str, **answers: t.Sequence[tuple[bool, ServerError | None]]) -> None:
        self.within = within
        self.stored: dict[str, t.Any] = {"OfflineAction": 1, "Names": ["a"]}
        self.left = {name: list(given) for name, given in answers.items()}
        self.sent: list[t.Any] = []

    def instance(self) -> Instance:
        own = new_instance(URI, self.stored)
        return new_instance(URI, {"Name": "x", self.within: own}) if self.within else own

    def answer(self, name: str) -> ServerError | None:
        takes_effect, problem = self.left[name].pop(0)
        if takes_effect:
            self.stored = {"OfflineAction": 2, "Names": ["a", "b"]}
        return problem

    def get(self, reference: Reference, *, operation: str) -> Instance:
        assert (reference, operation) == (REFERENCE, "reading back after setting it")
        self.sent.append("get")
        return self.instance()

    def put(
        self, reference: Reference, change: t.Callable[[Instance], Instance], names: t.Iterable[str], *, operation: str
    ) -> PutResult:
        assert (reference, operation) == (REFERENCE, "setting it")
        changed = change(self.instance())
        holder = changed.embedded(self.within) if self.within else changed
        assert holder is not None
        self.sent.append(("put", sorted(names), holder.integer("OfflineAction"), holder.array("Names")))
        problem = self.answer("put")
        return PutResult(instance=self.instance(), problem=problem)

    def invoke(
        self, reference: Reference, method: str, given: t.Mapping[str, t.Any], *, operation: str, query: bool = False
    ) -> None:
        assert (reference, method, operation) == (REFERENCE, "ExecuteResourceControl", "setting it")
        assert given["InputBuffer"] == property_list.encode(WANTED)
        kind = {CODE.store: "store", CODE.validate: "validate"}[given["ControlCode"]]
        assert query is (kind == "validate")
        self.sent.append(kind)
        if problem := self.answer(kind):
            raise problem


PUT = ("put", ["PrivateProperties"], 2, ("b", "a"))
# The first control code, the Puts, the control codes after them; what is sent, and the reason if nothing had an effect.
STORED: list[tuple[dict[str, t.Any], list[t.Any], str]] = [
    ({"store": [(True, None)]}, ["store", "get"], ""),
    ({"store": [(True, fault("odd"))]}, ["store", "get"], ""),
    ({"store": [(True, DENIED)]}, ["store", "get"], ""),
    ({"store": [(False, DENIED)]}, ["store", "get"], f"the control code returned: no right ({DENIED.advice})"),
    ({"store": [(False, None)], "put": [(True, fault("odd"))]}, ["store", "get", PUT], ""),
    ({"store": [(False, None)], "put": [(False, DENIED)]}, ["store", "get", PUT],
     f"the Put returned: no right ({DENIED.advice})"),
    ({"store": [(False, fault("odd"))], "put": [(False, LOST), (True, None)]}, ["store", "get", PUT, PUT], ""),
    ({"store": [(False, None), (True, None)], "put": [(False, LOST), (False, LOST)], "validate": [(False, None)]},
     ["store", "get", PUT, PUT, "validate", "store", "get"], ""),
    ({"store": [(False, None), (False, None)], "put": [(False, None)], "validate": [(False, None)]},
     ["store", "get", PUT, "validate", "store", "get"],
     f"the Put returned: success, the control code returned: success; {ADVICE}"),
    ({"store": [(False, None)], "put": [(False, fault("one")), (True, None)], "validate": [(False, fault("two"))]},
     ["store", "get", PUT, "validate", "get"],
     f"the Put returned: one, the control code returned: two; {ADVICE}"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "sent", "reason"), STORED)
@pytest.mark.parametrize("within", ["PrivateProperties", ""])
def test_each_way_is_tried_until_the_values_are_there(
    within: str, answers: dict[str, t.Any], sent: list[t.Any], reason: str
) -> None:
    cluster = Cluster(within, **answers)
    found = properties.send_and_store(
        t.cast("t.Any", cluster), REFERENCE, WANTED, CODE, within=within, operation="setting it"
    )
    names = ["PrivateProperties"] if within else ["Names", "OfflineAction"]
    assert cluster.sent == [("put", names, *one[2:]) if isinstance(one, tuple) else one for one in sent]
    assert found.reason == reason
    holder = found.instance.embedded(within) if within else found.instance
    assert holder is not None
    assert holder.integer("OfflineAction") == cluster.stored["OfflineAction"]


@pytest.mark.parametrize("step", ["store", "validate"])
def test_a_host_that_is_gone_ends_the_write(step: str) -> None:
    gone = Unreachable("gone")
    answers: dict[str, t.Any] = {"store": [(False, gone)]}
    if step == "validate":
        answers = {"store": [(False, None)], "put": [(False, None)], "validate": [(False, gone)]}
    with pytest.raises(Unreachable) as caught:
        properties.send_and_store(
            t.cast("t.Any", Cluster("", **answers)), REFERENCE, WANTED, CODE, operation="setting it"
        )
    assert caught.value is gone


def test_an_object_without_the_embedded_one_lacks_the_values() -> None:
    cluster = Cluster("", store=[(True, DENIED)])
    found = properties.send_and_store(
        t.cast("t.Any", cluster), REFERENCE, WANTED, CODE, within="PrivateProperties", operation="setting it"
    )
    assert found.reason.startswith("the control code returned: no right")


@pytest.mark.parametrize(
    ("code", "method", "validate", "store"),
    [
        (properties.RESOURCE_PRIVATE, "ExecuteResourceControl", 0x01000089, 0x01400086),
        (properties.CLUSTER_COMMON, "ExecuteClusterControl", 0x07000061, 0x0740005E),
        (properties.GROUP_COMMON, "ExecuteGroupControl", 0x03000061, 0x0340005E),
    ],
)
def test_the_control_codes_are_those_of_the_specification(
    code: properties.ControlCode, method: str, validate: int, store: int
) -> None:
    """MS-CMRP 3.1.4.3: the object in the first octet, 0x00400000 for a code that changes something."""
    assert (code.method, code.validate, code.store) == (method, validate, store)
    assert (code.validate & 0x00400000, code.store & 0x00400000) == (0, 0x00400000)
    assert code.validate >> 24 == code.store >> 24
