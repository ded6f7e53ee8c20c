# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse published URLs and host names for service principal names.

Private to this collection.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import urllib.parse

from .._directory.spn import PrincipalNameError, ServicePrincipalName

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?!(?:.*\.)?\d+$)(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII | re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A published URL or host name; C(host) is in lower case, C(problem) is the end of a sentence."""

    text: str
    host: str = ""
    problem: str = ""

    @property
    def is_http(self) -> bool:
        return self.text.lower().startswith("http://")


def parse_address(text: str) -> Address:
    """Parse a URL or a host name."""
    try:
        host = (urllib.parse.urlsplit(text if "//" in text else f"//{text}").hostname or "").removesuffix(".")
    except ValueError:
        return Address(text=text, problem="is not a valid URL")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return Address(text=text, problem="is an IP address, but Kerberos needs a host name")
    try:
        ServicePrincipalName.parse(f"http/{host}")
    except PrincipalNameError as error:
        return Address(text=text, problem=f"has no valid host name: {error}")
    if not _HOST.fullmatch(host):
        return Address(text=text, problem="has no valid host name")
    return Address(text=text, host=host.lower())
