# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The query language."""

from __future__ import annotations

import pytest
from lab.wire.values import Embedded
from lab.wire.wql import WqlError, matches, parse

VALUES = {
    "Name": "Virtual Machine O'Hara",
    "Path": "C:\\ClusterStorage",
    "State": 2,
    "Core": False,
    "Nothing": None,
    "PrivateProperties": Embedded("Any", {"OfflineAction": 1, "VmID": "ABC"}),
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("State = 2", True),
        ("state <> 2", False),
        ("State != 3", True),
        ("State >= 2 AND State < 3", True),
        ("State > 2 OR Core = FALSE", True),
        ("NOT State = 2", False),
        ("NOT (State = 2 AND Core = TRUE)", True),
        ("State = 1 OR State = 2 AND Core = TRUE", False),
        ("Name = 'virtual machine o\\'hara'", True),
        ('Name = "Virtual Machine O\'Hara"', True),
        ("Path = 'C:\\\\ClusterStorage'", True),
        ("Path = 'C:\\ClusterStorage'", False),
        ("Name LIKE 'Virtual%'", True),
        ("Name LIKE 'Virtual'", False),
        ("Name like 'Virtual_Machine [NO]%'", True),
        ("Nothing IS NULL", True),
        ("State IS NOT NULL", True),
        ("Nothing IS NOT NULL", False),
        ("Nothing = 1", False),
        ("Nothing <> 1", False),
        ("PrivateProperties.OfflineAction = 1", True),
        ("PrivateProperties.offlineaction <> 1", False),
        ("PrivateProperties.VmID = 'abc'", True),
        ("PrivateProperties.Absent = 1", False),
        ("PrivateProperties.Absent IS NULL", True),
        ("State = '2'", True),
        ("Core = 'false'", True),
    ],
)
def test_conditions(condition, expected):
    assert matches(parse(f"select * from Any where {condition}").condition, VALUES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "SELECT *",
        "SELECT * FROM",
        "SELECT * FROM A WHERE",
        "SELECT * FROM A WHERE B",
        "SELECT * FROM A WHERE B =",
        "SELECT * FROM A WHERE B = C",
        "SELECT * FROM A WHERE (B = 1",
        "SELECT * FROM A WHERE B = 1 extra",
        "SELECT * FROM A WHERE B = 'open",
        "SELECT a b FROM A",
        "SELECT * FROM A; DROP",
    ],
)
def test_invalid_queries_are_refused(text):
    with pytest.raises(WqlError):
        parse(text)


def test_columns_of_a_query():
    query = parse("select a, B.c , d from Thing where x = 1")
    assert (query.columns, query.class_name) == (("a", "B.c", "d"), "Thing")
