# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of CIM objects in text parameters, against the example of DSP0201 that libvirt sends."""

from __future__ import annotations

from ansible_collections.winha.cluster.plugins.module_utils._wsman.embedded_text import instance_text


def test_an_object_has_its_class_and_each_property_its_type() -> None:
    properties: dict[str, tuple[str, str | int | bool]] = {
        "InstanceID": ("string", r"Microsoft:1\2 <&>"),
        "Limit": ("uint64", 4096),
        "DynamicMemoryEnabled": ("boolean", False),
    }
    assert instance_text("Msvm_MemorySettingData", properties) == (
        '<INSTANCE CLASSNAME="Msvm_MemorySettingData">'
        r'<PROPERTY NAME="InstanceID" TYPE="string"><VALUE>Microsoft:1\2 &lt;&amp;&gt;</VALUE></PROPERTY>'
        '<PROPERTY NAME="Limit" TYPE="uint64"><VALUE>4096</VALUE></PROPERTY>'
        '<PROPERTY NAME="DynamicMemoryEnabled" TYPE="boolean"><VALUE>FALSE</VALUE></PROPERTY>'
        "</INSTANCE>"
    )
