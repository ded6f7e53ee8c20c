# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client with its own messages: the tests do not use the code under test to send requests."""

from __future__ import annotations

import base64
import http.client
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
CLUSTER = WMI + "root/mscluster/"
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
MESSAGE_ID = "uuid:5C1F0A3B-52E1-4A8F-9C0A-0123456789AB"

_NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"'
    ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def envelope(
    action: str,
    uri: str,
    body: str = "",
    selectors: dict[str, str] | None = None,
    options: list[tuple[str, str]] | None = None,
    *,
    size: str = "512000",
    timeout: str = "PT60.000S",
    more: str = "",
) -> str:
    """A request in the format of the client of Windows."""
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (selectors or {}).items())
    wishes = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in options or [])
    return (
        f"<s:Envelope {_NAMESPACES}><s:Header><a:To>http://127.0.0.1:5985/wsman</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">'
        "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{size}</w:MaxEnvelopeSize>'
        f"<a:MessageID>{MESSAGE_ID}</a:MessageID>"
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
        + (f"<w:SelectorSet>{chosen}</w:SelectorSet>" if chosen else "")
        + (f"<w:OptionSet>{wishes}</w:OptionSet>" if wishes else "")
        + f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{more}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


@dataclass(frozen=True, slots=True)
class Response:
    """The status and body of a response, with access to its XML."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def root(self) -> ET.Element:
        """The document."""
        return ET.fromstring(self.body)

    @property
    def content(self) -> ET.Element:
        """The element in the SOAP body."""
        body = self.root.find("{http://www.w3.org/2003/05/soap-envelope}Body")
        assert body is not None
        return body[0]

    @property
    def items(self) -> list[ET.Element]:
        """The items of a page."""
        return [item for parent in self.content if parent.tag.endswith("}Items") for item in parent]

    @property
    def subcode(self) -> str:
        """The subcode of a fault."""
        found = re.search(r"<s:Subcode><s:Value>(.*?)</s:Value>", self.body.decode())
        return found[1] if found else ""

    @property
    def code(self) -> int:
        """The code of a fault, in either format of the detail."""
        text = self.body.decode()
        found = re.search(r'Code="(\d+)"', text) or re.search(r"<p:error_Code[^>]*>(\d+)<", text)
        return int(found[1]) if found else 0

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def value(instance: ET.Element, name: str) -> str | None:
    """The text of a property in any namespace."""
    return next((item.text for item in instance if item.tag.rpartition("}")[2] == name), None)


class Client:
    """A keep-alive connection to a host."""

    def __init__(self, address: str, port: int, password: str = "Lab-Passw0rd") -> None:
        self._connection = http.client.HTTPConnection(address, port, timeout=10)
        token = base64.b64encode(f"Administrator:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/soap+xml;charset=UTF-8"}

    def post(self, xml: str | bytes, path: str = "/wsman") -> Response:
        """Send a document."""
        body = xml if isinstance(xml, bytes) else xml.encode()
        self._connection.request("POST", path, body, self.headers)
        answer = self._connection.getresponse()
        return Response(answer.status, answer.read(), dict(answer.getheaders()))

    def get(self, name: str, base: str = CLUSTER, **selectors: str) -> Response:
        """Get an instance."""
        return self.post(envelope(TRANSFER + "Get", base + name, selectors=selectors))

    def put(
        self,
        name: str,
        body: str,
        modified: tuple[str, ...] = (),
        base: str = CLUSTER,
        options: tuple[tuple[str, str], ...] = (),
        **selectors: str,
    ) -> Response:
        """Put an instance."""
        listed = [("wmiarray:__MIInstanceModifiedPropertiesList", item) for item in modified]
        return self.post(envelope(TRANSFER + "Put", base + name, body, selectors, [*listed, *options]))

    def invoke(self, name: str, method: str, body: str, base: str = CLUSTER, **selectors: str) -> Response:
        """Call a method."""
        uri = base + name
        return self.post(
            envelope(f"{uri}/{method}", uri, f'<p:{method}_INPUT xmlns:p="{uri}">{body}</p:{method}_INPUT>', selectors)
        )

    def enumerate(self, query: str = "", uri: str = CLUSTER + "*", **more: str) -> Response:
        """Open an enumeration. `inner` replaces the elements of the optimized enumeration."""
        dialect = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
        escaped = query.replace("&", "&amp;").replace("<", "&lt;")
        chosen = f'<w:Filter Dialect="{dialect}">{escaped}</w:Filter>' if query else ""
        inner = more.get("inner", "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>")
        body = f"<n:Enumerate>{inner}{chosen}</n:Enumerate>"
        return self.post(envelope(ENUMERATION + "Enumerate", uri, body, size=more.get("size", "512000")))

    def pull(self, context: str, count: int = 32000, uri: str = CLUSTER + "*", size: str = "512000") -> Response:
        """Get the next page."""
        body = (
            f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>"
            f"<n:MaxElements>{count}</n:MaxElements></n:Pull>"
        )
        return self.post(envelope(ENUMERATION + "Pull", uri, body, size=size))

    def instance(self, name: str, base: str = CLUSTER, **selectors: str) -> str:
        """The XML of an instance, for a Put."""
        found = re.search(r"<s:Body>(.*)</s:Body>", self.get(name, base, **selectors).text, re.DOTALL)
        assert found
        return found[1]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def context(response: Response) -> str:
    """The context of a page."""
    found = re.search(r"<n:EnumerationContext>(.*?)</n:EnumerationContext>", response.text)
    return found[1] if found else ""
