# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of cmdlets as CLIXML."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._psrp.clixml import read_object
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost

SERVER = """<Obj RefId="0"><TN RefId="0"><T>Deserialized.Microsoft.Exchange.Server</T>
<T>Deserialized.System.Object</T></TN>
<ToString>EX1</ToString><Props><S N="Name">EX1</S><Nil N="Uri"/><B N="IsValid">true</B><I32 N="Major">14</I32>
<BA N="Raw">AAE=</BA><SS N="Password">AAAA</SS><DT N="When">2026-11-30T16:46:13.2730001Z</DT>
<Obj N="Sites" RefId="1"><TN RefId="1">
<T>Deserialized.Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String]]</T>
<T>Deserialized.System.Object</T></TN><LST><S>One</S><S>Two_x000A_lines</S></LST></Obj>
<Obj N="Role" RefId="2"><TN RefId="2"><T>Microsoft.Exchange.ServerRole</T><T>System.Enum</T></TN>
<ToString>ClientAccess</ToString><I32>4</I32></Obj><Ref N="Same" RefId="1"/>
<Obj N="Values" RefId="3"><DCT><En><S N="Key">a</S><I32 N="Value">1</I32></En></DCT></Obj></Props>
<MS><Obj N="Inner" RefId="4"><TNRef RefId="0"/><MS><S N="Name">EX2</S></MS></Obj></MS></Obj>"""


def test_every_kind_of_value_is_read() -> None:
    found = read_object(SERVER)
    assert (found.text, found.type_names) == ("EX1", ("Microsoft.Exchange.Server", "System.Object"))
    inner = found.value("inner")
    assert (inner.type_names, dict(inner.properties)) == (found.type_names, {"Name": "EX2"})
    assert {name: value for name, value in found.properties.items() if name != "Inner"} == {
        "Name": "EX1",
        "Uri": None,
        "IsValid": True,
        "Major": 14,
        "Raw": b"\x00\x01",
        "Password": None,
        "When": datetime.datetime(2026, 11, 30, 16, 46, 13, 273000, tzinfo=datetime.UTC),
        "Sites": ("One", "Two\nlines"),
        "Role": "ClientAccess",
        "Same": ("One", "Two\nlines"),
        "Values": {"a": 1},
    }


def test_a_property_that_does_not_exist_is_not_null() -> None:
    found = read_object(SERVER)
    assert (found.get("URI"), found.has("uri"), found.get("Nothing"), found.has("Nothing")) == (None, True, None, False)
    with pytest.raises(ResponseLost, match=r"an object of Microsoft\.Exchange\.Server has no property Nothing"):
        found.value("Nothing")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<S>a_x005F_x0041_</S>", "a_x0041_"),
        ("<S>_xD83D__xDE00_</S>", "\U0001f600"),
        ("<S>_xZZZZ_</S>", "_xZZZZ_"),
        ("<DT>yesterday</DT>", "yesterday"),
        ("<Db>1.5</Db>", 1.5),
        ("<U64>18446744073709551615</U64>", 2**64 - 1),
    ],
)
def test_texts_and_numbers(text: str, expected: t.Any) -> None:
    assert read_object(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<Obj",
        "<I32>many</I32>",
        "<Ref RefId='9'/>",
        "<Obj RefId='0'><TNRef RefId='9'/></Obj>",
        "<BA>*</BA>",
        '<!DOCTYPE S [<!ENTITY a "b">]><S>&a;</S>',
        "<Obj RefId='0'><LST>" * 60 + "</LST></Obj>" * 60,
    ],
)
def test_what_is_not_valid_is_a_lost_response(text: str) -> None:
    with pytest.raises(ResponseLost):
        read_object(text)
