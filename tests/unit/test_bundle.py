# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle has nothing real in it, whatever an estate is called, and the lab serves it as a host."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import html
import json
import random
import re
import stat
import typing as t
import urllib.parse
from xml.etree.ElementTree import fromstring

import lab.__main__ as lab_command
import pytest
from ansible_collections.winha.cluster.plugins.module_utils import connection
from ansible_collections.winha.cluster.plugins.module_utils._bundle import folder
from ansible_collections.winha.cluster.plugins.module_utils._bundle.exchange import Exchange
from ansible_collections.winha.cluster.plugins.module_utils._bundle.message import replaced
from ansible_collections.winha.cluster.plugins.module_utils._bundle.octets import without_texts
from ansible_collections.winha.cluster.plugins.module_utils._bundle.stand_in import StandIns
from ansible_collections.winha.cluster.plugins.module_utils._bundle.tap import Tap
from ansible_collections.winha.cluster.plugins.module_utils._bundle.text import Place, Replacer
from ansible_collections.winha.cluster.plugins.module_utils._windows import property_list
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import CimClass
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault, ServerError
from hostile_estate import Hosts, hostile, in_process
from lab import bundle
from lab.differences import all_differences
from lab.estate import parse
from test_recorded import assert_read
from torture import cells
from torture.variants import VARIANTS, Variant

if t.TYPE_CHECKING:
    import pathlib

SEEDS = 200
CLASSES = [
    *(("root/mscluster", f"MSCluster_{name}") for name in (
        "Cluster", "Node", "Resource", "ResourceGroup", "Network", "NetworkInterface", "ClusterSharedVolume",
        "ResourceType", "ResourceGroupToResource",
    )),
    *(("root/virtualization/v2", f"Msvm_{name}") for name in (
        "ComputerSystem", "VirtualSystemSettingData", "StorageAllocationSettingData", "MemorySettingData",
    )),
    *(("root/cimv2", f"Win32_{name}") for name in (
        "OperatingSystem", "ComputerSystem", "NTLogEvent", "NetworkAdapter",
    )),
    *(("root/standardcimv2", f"MSFT_{name}") for name in (
        "NetAdapter", "NetIPAddress", "NetAdapterAdvancedPropertySettingData",
    )),
]  # fmt: skip
_NAMES = {
    "Name",
    "ElementName",
    "OwnerNode",
    "OwnerGroup",
    "NodeName",
    "GroupName",
    "SystemName",
    "CSName",
    "DNSHostName",
}
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Raw:
    """Keeps the messages as they are."""

    def __init__(self, transport: t.Any, kept: list[tuple[str, str]]) -> None:
        self.host, self.url, self._transport, self._kept = transport.host, transport.url, transport, kept

    def send(self, message: str) -> bytes:
        response: bytes = self._transport.send(message)
        self._kept.append((message, response.decode()))
        return response

    def addresses(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """Nothing is open."""


def record(hosts: Hosts, place: pathlib.Path, classes: t.Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Read some classes of each host into a bundle. Returns the messages as they were."""
    raw: list[tuple[str, str]] = []
    for number, host in enumerate(hosts.services):
        warnings: list[str] = []
        client = Client(Tap(Raw(hosts.transport(host), raw), str(place), warnings), pause=lambda _seconds: None)
        for namespace, name in classes[number::2] if classes[1:] else classes:
            try:
                rows = client.query(namespace, f"SELECT * FROM {name}", operation="reading")
                named = next((row.text("Name") for row in rows if row.text("Name")), None)
                if named is not None:
                    quoted = named.replace("\\", "\\\\").replace("'", "\\'")
                    client.query(namespace, f"SELECT * FROM {name} WHERE Name = '{quoted}'", operation="reading")
                if rows and rows[0].reference is not None:
                    client.get(rows[0].reference, operation="reading")
            except ServerError:
                continue
        client.close()
        assert warnings == []
    return raw


def decoded(word: str) -> t.Iterator[str]:
    """A word, and what it means in each encoding."""
    yield word
    yield urllib.parse.unquote(word)
    with contextlib.suppress(ValueError):
        yield from in_both(bytes.fromhex(word))
    for begin in range(4):
        part = word[begin:].rstrip("=")
        with contextlib.suppress(ValueError):
            yield from in_both(base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + "=" * (-len(part) % 4)))


def in_both(data: bytes) -> t.Iterator[str]:
    """Bytes as text."""
    yield data.decode("latin-1")
    yield data.replace(b"\0", b"").decode("latin-1")  # UTF-16


def leaks(text: str, secrets: t.Iterable[str]) -> list[str]:
    """The secrets that are in a text, also where they are encoded."""
    words = {word for view in (text, html.unescape(text)) for word in re.findall(r"[0-9A-Za-z+/%=]{6,}", view)}
    plain = "\n".join({view for word in words for view in decoded(word)}).lower()
    return [secret for secret in secrets if secret.lower() in plain]


def test_the_search_of_these_tests_finds_encoded_secrets() -> None:
    word = "Karotelmi123"
    for form in (
        word, word.upper(), f"x{word}y", word.encode().hex(), base64.b64encode(f"ab{word}".encode()).decode(),
        base64.b64encode(word.encode("utf-16-le")).decode(), "".join(f"%{byte:02x}" for byte in word.encode()),
        word.encode("utf-16-le").hex(), "".join(f"&#{ord(mark)};" for mark in word),
    ):  # fmt: skip
        assert leaks(f"<a>{form}</a>", ["other", word]) == [word]


def texts_of(document: str) -> list[tuple[str, str]]:
    """Each element with its text, in order."""
    return [(element.tag, element.text or "") for element in fromstring(document).iter()]


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_nothing_real_of_a_hostile_estate_is_in_its_bundle(first: int, tmp_path: pathlib.Path) -> None:
    for seed in range(first, first + 20):
        place = tmp_path / str(seed)
        place.mkdir()
        made = hostile(seed)
        hosts = in_process(made, place)
        raw = record(hosts, place / "bundle", random.Random(seed).sample(CLASSES, 2))
        files = [path.read_text("utf-8") for path in (place / "bundle").iterdir()]
        assert leaks("\n".join(files), made.secrets) == [], seed
        recorded = bundle.load(place / "bundle").messages
        assert len(recorded) == len(raw)
        names = {machine["name"] for machine in made.data["clusters"][0]["virtual_machines"]}
        names |= {"true"} & {str(found) for found in _leaves(made.data)}
        for (request, response), message in zip(raw, recorded, strict=True):
            assert_alike(request, message.request, names)
            assert_alike(response, message.response or "", names)
            assert_read(message)


def _leaves(value: t.Any) -> t.Iterator[t.Any]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def assert_alike(real: str, made: str, names: set[str]) -> None:
    """The same elements; numbers are numbers, GUIDs are GUIDs, and no name is left."""
    for (tag, before), (now_tag, after) in zip(texts_of(real), texts_of(made), strict=True):
        assert tag == now_tag
        assert bool(before.strip()) == bool(after.strip())
        if re.fullmatch(r"[0-9]+", before):
            assert re.fullmatch(r"[0-9]+", after)
        if before.lower() in {"true", "false"} and "true" not in names:
            assert before == after
        if _GUID.fullmatch(before):
            assert _GUID.fullmatch(after)
        if before in names and tag.rpartition("}")[2] in _NAMES:
            assert after.casefold() != before.casefold()


def test_relations_between_names_stay() -> None:
    replacer = Replacer(StandIns(b"key"))

    def made(text: str, name: str = "name") -> str:
        return replacer.value(text, Place("", name))

    assert made("Virtual Machine EX01") == f"Virtual Machine {made('EX01')}"
    assert made("Virtual Machine Configuration EX01") == f"Virtual Machine Configuration {made('EX01')}"
    assert made("hv01.corp.example.com") == f"{made('hv01')}.{made('corp.example.com')}"
    assert made("HV01") == made("hv01").upper()
    assert made("vEthernet (Live Migration)") == f"vEthernet ({made('Live Migration')})"
    assert (
        made(r"C:\ClusterStorage\Volume1\EX01\EX01.vhdx")
        == rf"C:\ClusterStorage\Volume1\{made('EX01')}\{made('EX01')}.vhdx"
    )
    assert made("CN=HV01,OU=Servers,DC=corp") == f"CN={made('HV01')},OU={made('Servers')},DC={made('corp')}"
    assert made("https://hv01.corp:5986/wsman") == f"https://{made('hv01.corp')}:5986/wsman"
    assert made('\\\\HV01\\root\\cimv2:Win32_Service.Name="EX01"') == (
        f'\\\\{made("HV01")}\\root\\cimv2:Win32_Service.Name="{made("EX01")}"'
    )
    assert made("00-15-5D-01-02-0A").replace("-", "") == made("00155D01020A")
    first, second = made("192.168.7.20").split("."), made("192.168.7.21").split(".")
    assert (first[:3], first == second) == (second[:3], False)
    assert made("S-1-5-21-1111111111-2222222222-3333333333-500").endswith("-500")
    assert made("S-1-5-18") == "S-1-5-18"
    assert replacer.query(r"SELECT * FROM MSCluster_Node WHERE Name = 'O\'Neil' AND State = 0") == (
        "SELECT * FROM MSCluster_Node WHERE Name = '" + made("O'Neil").replace("'", r"\'") + "' AND State = 0"
    )


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("enabledstate", "2", True),
        ("elementname", "2", False),
        ("elementname", "true", False),
        ("elementname", "2026-11-30T10:00:00Z", True),
        ("newcounterof2031", "123456789", False),
        ("newcounterof2031", "true", True),
        ("newcounterof2031", "12", True),
        ("type", "Virtual Machine", True),
        ("type", "Secret Machine", False),
        ("description", "Virtual Machine", False),
        ("buildnumber", "17763", True),
        ("serialnumber", "17763", False),
        ("creationclassname", "Msvm_ComputerSystem", True),
        ("creationclassname", "Hunter2", False),
    ],
)
def test_what_is_not_known_to_be_harmless_is_replaced(name: str, text: str, kept: bool) -> None:
    assert (Replacer(StandIns(b"key")).value(text, Place("", name)) == text) is kept


def exchange(text: str, tag: str = "Description") -> Exchange:
    """A request and a response with a text in the response."""
    request = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header>'
        "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>"
        "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/MSCluster_Node</w:ResourceURI>"
        '<w:SelectorSet><w:Selector Name="Name">%s</w:Selector></w:SelectorSet></s:Header><s:Body/></s:Envelope>'
    )
    body = f"<p:MSCluster_Node xmlns:p='urn:x'><p:{tag}>{text}</p:{tag}></p:MSCluster_Node>"
    response = f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{body}</s:Body></s:Envelope>'
    return Exchange(request=request % "HV01", response=response)


ADVANCED = "MSFT_NetAdapterAdvancedPropertySettingData"
KEYWORD = "RegistryKeyword"
NESTED = (
    '&lt;INSTANCE CLASSNAME="Msvm_VirtualSystemSettingData"&gt;&lt;PROPERTY NAME="ElementName" TYPE="string"&gt;'
    "&lt;VALUE&gt;%s&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;"
)


@pytest.mark.parametrize(
    ("document", "kept", "gone"),
    [
        (f"<{ADVANCED}><{KEYWORD}>*JumboPacket</{KEYWORD}><DisplayValue>9014 Bytes</DisplayValue></{ADVANCED}>",
         ["*JumboPacket", "9014 Bytes"], []),
        (f"<{ADVANCED}><{KEYWORD}>NetworkAddress</{KEYWORD}><RegistryValue>02AABB</RegistryValue></{ADVANCED}>",
         ["NetworkAddress"], ["02AABB"]),
        ("<a><!-- karotelmi --><b><![CDATA[<karotelmi>]]></b></a>", ["<a><b>&lt;", "&gt;</b></a>"], ["karotelmi"]),
        ('<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5" Machine="karotelmi"/>',
         ['Code="5"', "schemas.microsoft.com"], ["karotelmi"]),
        (f"<SettingData>{NESTED % 'karotelmi'}</SettingData>",
         ['CLASSNAME="Msvm_VirtualSystemSettingData"', 'PROPERTY NAME="ElementName"'], ["karotelmi"]),
        ("<Name>karo\x01telmi&#1;&#x41;&#x110000;</Name>", ["<Name>"], ["karo", "&#1;", "\x01"]),
        ("<Notes>&lt;password&gt;x&lt;/password&gt;</Notes>", [], ["password"]),
        ('<p:a xmlns:p="http://karotelmi.example/schema" mode="karotelmi" provider="karotelmi"/>', [], ["karotelmi"]),
        ('<Event><Provider Name="Microsoft-Windows-Hyper-V-VMMS"/><Data Name="VmName">karotelmi</Data></Event>',
         ["Microsoft-Windows-Hyper-V-VMMS", 'Name="VmName"'], ["karotelmi"]),
        ("<Fault><Reason><Text>The service cannot find 'karotelmi' or The Name (0x80041002).</Text></Reason></Fault>",
         ["The service cannot find '", "0x80041002"], ["karotelmi"]),
        ("<Fault><Value>w:InternalError</Value><Message>HRESULT = 0x80041031 karotelmi</Message></Fault>",
         ["w:InternalError", "HRESULT = 0x80041031"], ["karotelmi"]),
    ],
    ids=range(11),
)  # fmt: skip
def test_each_part_of_a_message_is_replaced_by_its_own_rules(document: str, kept: list[str], gone: list[str]) -> None:
    made = replaced(document, Replacer(StandIns(b"key")))
    assert [text for text in kept if text not in html.unescape(made) and text not in made] == []
    assert [text for text in gone if text in made] == []


def test_bytes_keep_their_structure_and_lose_their_texts() -> None:
    data = property_list.encode({"Karotelmi": "Sorquimi", "WinhaDrain": "{}", "Weight": 7})
    made = without_texts(data)
    assert len(made) == len(data)
    assert list(property_list.decode(made).values()) == ["xxxxxxxx", "xx", 7]
    assert "WinhaDrain" in property_list.decode(made)
    assert without_texts(b"\1\2Karotelmi and more") == bytes(20)
    items = "".join(f"<OutputBuffer>{byte}</OutputBuffer>" for byte in data)
    document = replaced(f"<a>{items}</a>", Replacer(StandIns(b"key")))
    assert [int(found) for found in re.findall("[0-9]+", document)] == list(made)


@pytest.mark.parametrize("encode", [
    str, str.upper, lambda word: base64.b64encode(word.encode()).decode(), lambda word: word.encode().hex(),
    lambda word: base64.b64encode(f"a {word} b".encode("utf-16-le")).decode(),
    lambda word: "".join(f"%{byte:02X}" for byte in word.encode()), lambda word: f"x{word}y",
    lambda word: "".join(f"&amp;#{ord(mark)};" for mark in word),
], ids=range(8))  # fmt: skip
def test_messages_with_a_real_value_are_refused(
    encode: t.Callable[[str], str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "bundle"
    folder.add(str(place), "hv01", [exchange("Karotelmi"), exchange("1", "NodeWeight")])
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    # As if a value was taken for one of Microsoft's own texts.
    monkeypatch.setattr(Replacer, "value", lambda _self, text, _place: text)
    with pytest.raises(folder.BundleError, match="not added to the bundle"):
        folder.add(str(place), "hv01", [exchange(encode("Karotelmi"))])
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_the_files_are_private_and_readable(tmp_path: pathlib.Path) -> None:
    place = tmp_path / "bundle"
    folder.add(str(place), "hv01.corp.example", [exchange("secret of Karotelmi")])
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    files = [*place.iterdir(), folder.private_file(place)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert "Get  MSCluster_Node  1  -" in (place / "contents.txt").read_text("utf-8")
    private = json.loads(folder.private_file(place).read_text("utf-8"))
    assert "karotelmi" in private["stand_ins"]


def test_several_tasks_use_the_same_stand_ins(tmp_path: pathlib.Path) -> None:
    place = str(tmp_path / "bundle")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: folder.add(place, f"hv{number % 3}", [exchange("Karotelmi")]), range(12)))
    messages = bundle.load(tmp_path / "bundle").messages
    assert len(messages) == 12
    assert len({message.response for message in messages}) == 1
    assert len({message.host for message in messages}) == 3


def test_a_folder_with_other_files_or_without_its_private_file_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").touch()
    with pytest.raises(folder.BundleError, match="has other files"):
        folder.add(str(tmp_path / "other"), "hv01", [exchange("x")])
    folder.add(str(tmp_path / "bundle"), "hv01", [exchange("x")])
    folder.private_file(tmp_path / "bundle").unlink()
    with pytest.raises(folder.BundleError, match="nothing more can be added"):
        folder.add(str(tmp_path / "bundle"), "hv01", [exchange("x")])


def test_a_bundle_is_bounded(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LARGEST", 5000)
    with pytest.raises(folder.BundleError, match="is full"):
        folder.add(str(tmp_path / "bundle"), "hv01", [exchange("x")] * 10)
    assert (tmp_path / "bundle" / "messages.jsonl").stat().st_size <= 5000
    assert json.loads((tmp_path / "bundle" / "bundle.json").read_text("utf-8"))["left_out"] > 0


def test_a_response_that_is_no_xml_is_not_kept(tmp_path: pathlib.Path) -> None:
    odd = Exchange(request=exchange("x").request, response="Karotelmi: 503 Service Unavailable <p>")
    dtd = Exchange(request=odd.request, response='<!DOCTYPE x [<!ENTITY a "Karotelmi">]><x>&a;</x>')
    folder.add(str(tmp_path / "bundle"), "hv01", [odd, dtd])
    assert [(one.response, one.error) for one in bundle.load(tmp_path / "bundle").messages] == [(None, "NotXml")] * 2


def test_a_problem_of_the_bundle_is_a_warning(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(connection.BUNDLE, str(tmp_path / "file"))
    hosts = in_process(hostile(1), tmp_path)
    monkeypatch.setattr(connection, "HttpTransport", lambda _endpoint, name: hosts.transport(name))
    name = next(iter(hosts.services))
    session = t.cast("Client", connection.session_factory(connection.Endpoint(host=name), name)(read_only=True))
    assert session.query("root/cimv2", "SELECT * FROM Win32_OperatingSystem", operation="reading")
    session.close()
    assert [text.startswith("The bundle") for text in session.warnings] == [True]


@pytest.fixture(scope="module")
def stand() -> t.Iterator[cells.Stand]:
    with cells.stand() as found:
        yield found


class Replayed:
    """A transport to a host of a bundle, at the stand-in of its address."""

    def __init__(self, host: str, replay: bundle.Replay, address: str) -> None:
        self.host, self.url, self._replay, self._address = host, "https://x:5986/wsman", replay, address

    def send(self, message: str) -> bytes:
        response = self._replay.answer(message.encode())
        assert response is not None
        return response

    def addresses(self) -> frozenset[str]:
        return frozenset({self._address})

    def close(self) -> None:
        """Nothing is open."""


def real(value: t.Any, words: t.Mapping[str, str]) -> t.Any:
    """A value with the real words in the place of their stand-ins, in lower case."""
    if isinstance(value, dict):
        return sorted((real(str(key), words), real(inner, words)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return sorted((real(inner, words) for inner in value), key=str)
    if not isinstance(value, str):
        return value
    text = value.casefold()
    for pattern in (_GUID, re.compile(r"[0-9]+(?:\.[0-9]+){3}"), re.compile(r"[0-9a-z\u0080-\U0010ffff]+")):
        text = pattern.sub(lambda found: words.get(found[0], found[0]), text)
    return sorted(re.split(r"[\s,;:]+", text))  # lists are sorted by name, and stand-ins have another order


def test_modules_return_the_same_from_a_bundle_as_from_the_hosts(stand: cells.Stand, tmp_path: pathlib.Path) -> None:
    """Every module that reads, and those that write in check mode, on hosts of 2008 R2 to 2022."""
    results: dict[str, t.Any] = {}
    variants = [
        one for one in VARIANTS.values() if not one.prepared_by and not one.refuses and not is_part_of_name(one)
    ]
    for variant in variants:
        warnings: list[str] = []
        place = tmp_path / variant.name.replace("/", "-")
        stand.transport = lambda transport, place=place, kept=warnings: Tap(transport, str(place), kept)
        results[variant.name] = stand.call(variant, check_mode=True)
        assert warnings == [], variant.name
    for variant in variants:
        place = tmp_path / variant.name.replace("/", "-")
        private = json.loads(folder.private_file(place).read_text("utf-8"))
        replacer = Replacer(StandIns(bytes.fromhex(private["key"]), private["stand_ins"]))
        words = {made.casefold(): word for word, made in private["stand_ins"].items()}
        recorded = bundle.load(place)
        replay = bundle.Replay(recorded.messages)
        address = replacer.value(stand.lab.estate.host(variant.host).address, Place("", "address"))
        stand.transport = lambda transport, replay=replay, address=address: Replayed(transport.host, replay, address)
        options = with_stand_ins(variant.options, replacer)
        result, error = stand.call(
            type(variant)(name=variant.name, host=variant.host, options=options), check_mode=True
        )
        wanted, wanted_error = results[variant.name]
        assert (real(result, words), str(error).casefold()) == (real(wanted, {}), str(wanted_error).casefold()), (
            variant.name
        )
        assert all_differences(recorded) == []
        for message in recorded.messages:
            assert_read(message)


def is_part_of_name(variant: Variant) -> bool:
    """Whether the options select by a part of a word, which has no stand-in."""
    return any(len(name) > 1 and "*" in name for name in variant.options.get("names", ()))


def with_stand_ins(options: t.Any, replacer: Replacer) -> t.Any:
    """Options that name things of the hosts, with the stand-ins."""
    named = {"names", "adapters", "cluster_network", "nodes", "targets", "name", "node", "possible_owners", "exclude"}
    changed = dict(options)
    for name in named & set(options):
        given = options[name]
        changed[name] = (
            [replacer.value(one, Place("", "name")) if one.strip("*") else one for one in given]
            if isinstance(given, list)
            else replacer.value(given, Place("", "name"))
        )
    return changed


def nodes(host: str = "hv01", **values: str) -> Exchange:
    """A query of the nodes with one row."""
    request = (
        exchange("x")
        .request.replace("transfer/Get", "enumeration/Enumerate")
        .replace(
            "<s:Body/>",
            '<s:Body><n:Enumerate xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"><w:Filter>'
            "SELECT Name, State FROM MSCluster_Node WHERE State=0</w:Filter></n:Enumerate></s:Body>",
        )
    )
    row = "".join(f"<p:{name}>{value}</p:{name}>" for name, value in {"Name": host, **values}.items())
    response = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">'
        "<s:Header><a:RelatesTo>uuid:0</a:RelatesTo></s:Header><s:Body><n:EnumerateResponse><w:Items><w:Item>"
        f'<p:MSCluster_Node xmlns:p="urn:x">{row}</p:MSCluster_Node></w:Item></w:Items><w:EndOfSequence/>'
        "</n:EnumerateResponse></s:Body></s:Envelope>"
    )
    return Exchange(request=request, response=response)


def test_a_request_is_matched_by_what_it_asks(tmp_path: pathlib.Path) -> None:
    place = tmp_path / "bundle"
    folder.add(str(place), "hv01", [nodes(State="0")])
    (message,) = bundle.load(place).messages
    replay = bundle.Replay([message])
    same = message.request.replace("SELECT Name, State FROM MSCluster_Node WHERE State=0", "%s")
    for query in (
        "select  State,Name from mscluster_node where State = 0",
        "SELECT Name FROM MSCluster_Node WHERE State=0",
    ):
        assert replay.answer((same % query).encode()) is not None
    for query in ("SELECT Name, ID FROM MSCluster_Node WHERE State=0", "SELECT Name FROM MSCluster_Node WHERE State=1"):
        with pytest.raises(bundle.Unknown, match="mscluster_node where state="):
            replay.answer((same % query).encode())


def test_a_host_of_a_bundle_is_strict_and_says_what_it_does_not_know(tmp_path: pathlib.Path) -> None:
    hosts = in_process(hostile(7), tmp_path)
    place = tmp_path / "bundle"
    record(hosts, place, [("root/cimv2", "Win32_OperatingSystem")])
    recorded = bundle.load(place)
    served = parse(bundle.estate_of_bundle(place))
    assert [(host.name, host.bundle, host.bundle_host) for host in served.hosts] == [
        (host, str(place), host) for host in recorded.hosts
    ]
    assert [host.windows for host in served.hosts] == [recorded.releases[host] for host in recorded.hosts]
    service = next(iter(hosts.services.values()))
    service._replay = bundle.Replay(recorded.of(recorded.hosts[0]))
    client = Client(hosts.transport(next(iter(hosts.services))), pause=lambda _seconds: None)
    assert client.query("root/cimv2", "SELECT * FROM Win32_OperatingSystem", operation="reading")
    with pytest.raises(
        Fault, match=r"The bundle has no answer to this request: .*win32_bios.* Record it on a real host"
    ):
        client.query("root/cimv2", "SELECT * FROM Win32_BIOS", operation="reading")
    with pytest.raises(Fault, match="bundle has no answer"):
        client.instances(CimClass(namespace="root/cimv2", name="Win32_Process"), operation="reading")


def test_a_bundle_that_differs_from_the_lab_becomes_a_test(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "bundle"
    folder.add(str(place), "hv01", [
        nodes(State="0", BuildNumber="17763", Other="1"),
        nodes(State="up", Colour="1"),
    ])  # fmt: skip
    monkeypatch.setattr(lab_command, "FIXTURES", tmp_path / "recorded")
    monkeypatch.setattr(lab_command, "DIFFERENCES", tmp_path / "recorded" / "differences")
    assert lab_command.main(["differences", str(place), "mine"]) == 3
    told = capsys.readouterr().out
    assert "Windows has MSCluster_Node.Colour, and the lab does not have it." in told
    assert "MSCluster_Node.State is uint32 in the lab, and Windows returned a text that is not a number." in told
    made = bundle.load(tmp_path / "recorded" / "differences" / "mine.jsonl")
    assert [len(sentences) for _message, sentences in all_differences(made)] == [1, 2]
    assert lab_command.main(["fixture", str(place), "mine", "--class", "MSCluster_Node"]) == 0
    assert len(bundle.load(tmp_path / "recorded" / "mine.jsonl").messages) == 2
    assert lab_command.main(["fixture", str(place), "mine"]) == 1  # the file exists
    assert lab_command.main(["differences", str(tmp_path / "nothing")]) == 1
