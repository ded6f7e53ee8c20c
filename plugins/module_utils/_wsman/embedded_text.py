# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects in text parameters: an INSTANCE of CIM-XML (DSP0201). Private to this collection; pure."""

from __future__ import annotations

import typing as t
from xml.etree.ElementTree import Element, SubElement, tostring


def instance_text(class_name: str, properties: t.Mapping[str, tuple[str, str | int | bool]]) -> str:
    """The text of an object with just these properties, each with its CIM type and value."""
    root = Element("INSTANCE", {"CLASSNAME": class_name})
    for name, (kind, value) in properties.items():
        element = SubElement(root, "PROPERTY", {"NAME": name, "TYPE": kind})
        text = ("TRUE" if value else "FALSE") if isinstance(value, bool) else str(value)
        SubElement(element, "VALUE").text = text
    return tostring(root, encoding="unicode")
