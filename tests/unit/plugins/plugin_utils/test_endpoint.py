# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the endpoint that the connection variables of a host describe, with Ansible's own connection plugins."""

from __future__ import annotations

import typing as t

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from ansible_collections.winha.cluster.plugins.module_utils._wsman.transport import Endpoint
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.session import Service
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit
from ansible_collections.winha.cluster.plugins.plugin_utils import endpoint
from ansible_collections.winha.cluster.plugins.plugin_utils.endpoint import endpoint_of

Variables = dict[str, t.Any]
LOGIN = {"ansible_host": "hv01.example.test", "ansible_user": "admin", "ansible_password": "secret"}


def connection(plugin: str, variables: Variables) -> t.Any:
    """A connection plugin with the variables of a host."""
    made = connection_loader.get(plugin, PlayContext(), "/dev/null")
    made.set_options(var_options={**LOGIN, **variables, "_extras": extras(plugin, variables)})
    return made


def extras(plugin: str, variables: Variables) -> Variables:
    """The variables that the plugin has no option for, as Ansible passes them on."""
    return {name: value for name, value in variables.items() if name.startswith(f"ansible_{plugin}_")}


WINRM = Endpoint(
    host="hv01.example.test",
    port=5986,
    scheme="https",
    path="/wsman",
    username="admin",
    password="secret",
    transports=("ssl",),
    connect_timeout=30,
    operation_timeout=60,
    read_timeout=70,
    options={"service": "HTTP"},
)
PSRP_OPTIONS = {
    "server_cert_validation": "validate",
    "ca_trust_path": "legacy_requests",
    "cert_pem": None,
    "cert_key_pem": None,
    "message_encryption": "auto",
    "proxy": "legacy_requests",
    "service": "host",
    "kerberos_hostname_override": None,
    "kerberos_delegation": False,
    "send_cbt": True,
    "credssp_auth_mechanism": "auto",
    "credssp_disable_tlsv1_2": False,
    "credssp_minimum_version": 2,
}
PSRP = Endpoint(
    host="hv01.example.test",
    port=5986,
    scheme="https",
    path="wsman",
    username="admin",
    password="secret",
    transports=("ntlm",),
    connect_timeout=30,
    operation_timeout=20,
    read_timeout=30,
    options=PSRP_OPTIONS,
)
PLAIN = {"winrm": WINRM, "psrp": PSRP}
MANAGED = Kinit()
# The plugin, the variables of the host, and what is then different from the endpoint without them.
CASES: list[tuple[str, Variables, Variables]] = [
    ("winrm", {}, {}),
    ("winrm", {"ansible_host": "[fd00::1]"}, {"host": "fd00::1"}),
    ("winrm", {"ansible_port": 5985}, {"port": 5985, "scheme": "http", "transports": ("plaintext",)}),
    ("winrm", {"ansible_port": 5999}, {"port": 5999}),
    ("winrm", {"ansible_winrm_scheme": "http"}, {"scheme": "http", "transports": ("plaintext",)}),
    ("winrm", {"ansible_port": 5985, "ansible_winrm_scheme": "https"}, {"port": 5985}),
    ("winrm", {"ansible_winrm_path": "/other"}, {"path": "/other"}),
    ("winrm", {"ansible_winrm_transport": ["ntlm"]}, {"transports": ("ntlm",)}),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos", "ntlm"]},
        {"transports": ("kerberos", "ntlm"), "kinit": MANAGED},
    ),
    (
        "winrm",
        {"ansible_user": "admin@EXAMPLE.TEST"},
        {"username": "admin@EXAMPLE.TEST", "transports": ("kerberos",), "kinit": MANAGED},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_password": None},
        {"transports": ("kerberos",), "password": None},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_winrm_kinit_mode": "manual"},
        {"transports": ("kerberos",)},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_winrm_kinit_cmd": "/opt/kinit"},
        {"transports": ("kerberos",), "kinit": Kinit(command="/opt/kinit")},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_winrm_kinit_args": "-c 'a b'"},
        {"transports": ("kerberos",), "kinit": Kinit(arguments=("-c", "a b"))},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_winrm_kinit_env_vars": ["KRB5_TRACE"]},
        {"transports": ("kerberos",), "kinit": Kinit(environment=("KRB5_TRACE",))},
    ),
    (
        "winrm",
        {"ansible_winrm_transport": ["kerberos"], "ansible_winrm_kerberos_delegation": "yes"},
        {"transports": ("kerberos",), "kinit": Kinit(arguments=("-f",)), "options": {"kerberos_delegation": True}},
    ),
    (
        "winrm",
        {
            "ansible_winrm_transport": ["kerberos"],
            "ansible_winrm_kerberos_delegation": True,
            "ansible_winrm_kinit_args": "-V",
        },
        {"transports": ("kerberos",), "kinit": Kinit(arguments=("-V",)), "options": {"kerberos_delegation": True}},
    ),
    ("winrm", {"ansible_winrm_kerberos_delegation": "no"}, {"options": {"kerberos_delegation": False}}),
    *(
        ("winrm", {f"ansible_winrm_{name}": "a text"}, {"options": {name: "a text"}})
        for name in (
            "realm",
            "service",
            "keytab",
            "ca_trust_path",
            "cert_pem",
            "cert_key_pem",
            "server_cert_validation",
            "kerberos_hostname_override",
            "message_encryption",
            "credssp_auth_mechanism",
            "proxy",
        )
    ),
    ("winrm", {"ansible_winrm_credssp_disable_tlsv1_2": "true"}, {"options": {"credssp_disable_tlsv1_2": True}}),
    ("winrm", {"ansible_winrm_send_cbt": False}, {"options": {"send_cbt": False}}),
    ("winrm", {"ansible_winrm_credssp_minimum_version": "5"}, {"options": {"credssp_minimum_version": 5}}),
    ("winrm", {"ansible_winrm_operation_timeout_sec": "20"}, {"operation_timeout": 20, "read_timeout": 30}),
    ("winrm", {"ansible_winrm_read_timeout_sec": "90"}, {"read_timeout": 90}),
    (
        "winrm",
        {"ansible_winrm_operation_timeout_sec": 5, "ansible_winrm_read_timeout_sec": 12},
        {"operation_timeout": 5, "read_timeout": 12, "connect_timeout": 12},
    ),
    (
        "winrm",
        {"ansible_winrm_connection_timeout": 15},
        {"operation_timeout": 15, "read_timeout": 25, "connect_timeout": 25},
    ),
    ("psrp", {}, {}),
    ("psrp", {"ansible_host": "[fd00::1]"}, {"host": "fd00::1"}),
    ("psrp", {"ansible_port": 5985}, {"port": 5985, "scheme": "http"}),
    ("psrp", {"ansible_port": 5999}, {"port": 5999}),
    ("psrp", {"ansible_psrp_protocol": "http"}, {"port": 5985, "scheme": "http"}),
    ("psrp", {"ansible_psrp_protocol": "https", "ansible_port": 5985}, {"port": 5985}),
    ("psrp", {"ansible_psrp_path": "other"}, {"path": "other"}),
    ("psrp", {"ansible_psrp_auth": "basic"}, {"transports": ("basic",)}),
    ("psrp", {"ansible_psrp_auth": "kerberos"}, {"transports": ("kerberos",), "kinit": MANAGED}),
    (
        "psrp",
        {"ansible_psrp_auth": "kerberos", "ansible_password": None},
        {"transports": ("kerberos",), "password": None},
    ),
    (
        "psrp",
        {"ansible_user": "admin@EXAMPLE.TEST"},
        {"username": "admin@EXAMPLE.TEST", "transports": ("kerberos", "ntlm"), "kinit": MANAGED},
    ),
    ("psrp", {"ansible_password": None}, {"password": None, "transports": ("kerberos", "ntlm")}),
    ("psrp", {"ansible_psrp_connection_timeout": 7}, {"connect_timeout": 7}),
    ("psrp", {"ansible_psrp_operation_timeout": 8}, {"operation_timeout": 8}),
    ("psrp", {"ansible_psrp_read_timeout": 9}, {"read_timeout": 9}),
    ("psrp", {"ansible_psrp_cert_validation": "ignore"}, {"options": {"server_cert_validation": "ignore"}}),
    ("psrp", {"ansible_psrp_ca_cert": "/ca.pem"}, {"options": {"ca_trust_path": "/ca.pem"}}),
    ("psrp", {"ansible_psrp_certificate_pem": "/c.pem"}, {"options": {"cert_pem": "/c.pem"}}),
    ("psrp", {"ansible_psrp_certificate_key_pem": "/k.pem"}, {"options": {"cert_key_pem": "/k.pem"}}),
    ("psrp", {"ansible_psrp_message_encryption": "always"}, {"options": {"message_encryption": "always"}}),
    ("psrp", {"ansible_psrp_proxy": "http://proxy:3128"}, {"options": {"proxy": "http://proxy:3128"}}),
    (
        "psrp",
        {"ansible_psrp_proxy": "http://proxy:3128", "ansible_psrp_ignore_proxy": True},
        {"options": {"proxy": None}},
    ),
    ("psrp", {"ansible_psrp_negotiate_service": "WSMAN"}, {"options": {"service": "WSMAN"}}),
    (
        "psrp",
        {"ansible_psrp_negotiate_hostname_override": "other"},
        {"options": {"kerberos_hostname_override": "other"}},
    ),
    ("psrp", {"ansible_psrp_negotiate_delegate": True}, {"options": {"kerberos_delegation": True}}),
    ("psrp", {"ansible_psrp_negotiate_send_cbt": False}, {"options": {"send_cbt": False}}),
    ("psrp", {"ansible_psrp_credssp_auth_mechanism": "ntlm"}, {"options": {"credssp_auth_mechanism": "ntlm"}}),
    ("psrp", {"ansible_psrp_credssp_disable_tlsv1_2": True}, {"options": {"credssp_disable_tlsv1_2": True}}),
    ("psrp", {"ansible_psrp_credssp_minimum_version": 5}, {"options": {"credssp_minimum_version": 5}}),
]


@pytest.mark.parametrize(("plugin", "variables", "different"), CASES)
def test_each_variable_is_in_the_endpoint(
    plugin: str, variables: Variables, different: Variables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "HAVE_KERBEROS", True)
    made = connection(plugin, variables)
    found = endpoint_of(made)
    plain = PLAIN[plugin]
    options = {**plain.options, **different.get("options", {})}
    if plugin == "psrp" and "ansible_psrp_negotiate_service" not in variables:
        options["service"] = made.get_option("negotiate_service") or "host"  # WSMAN in older releases of ansible-core
    for name in Endpoint.__dataclass_fields__:
        expected = options if name == "options" else different.get(name, getattr(plain, name))
        assert getattr(found, name) == expected, name


def test_psrp_needs_no_kerberos_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "HAVE_KERBEROS", False)
    assert endpoint_of(connection("psrp", {"ansible_user": "admin@EXAMPLE.TEST"})).transports == ("ntlm",)


@pytest.mark.parametrize(
    ("plugin", "variables"),
    [("winrm", {"ansible_winrm_credssp_minimum_version": "new"}), ("winrm", {"ansible_winrm_send_cbt": "perhaps"})],
)
def test_a_variable_of_a_wrong_type_is_one_sentence(plugin: str, variables: Variables) -> None:
    with pytest.raises(TaskError, match=r"^A connection variable of this host has a wrong type: .*\.$"):
        endpoint_of(connection(plugin, variables))


OWN = {"servers": [], "domain": None, "authentication": "kerberos", "username": None, "password": None}


def test_a_host_without_other_options_is_the_domain_controller() -> None:
    use_host = endpoint._use_host
    plain = connection("winrm", {})
    assert use_host(OWN, plain) == {**OWN, "servers": ["hv01.example.test"]}
    domain_account = connection("winrm", {"ansible_user": "admin@EXAMPLE.TEST", "ansible_host": "[fd00::1]"})
    with_account = {"servers": ["fd00::1"], "username": "admin@EXAMPLE.TEST", "password": "secret"}
    assert use_host(OWN, domain_account) == {**OWN, **with_account}
    assert use_host({**OWN, "username": "other"}, domain_account)["username"] == "other"
    assert use_host({**OWN, "authentication": "simple"}, domain_account)["username"] is None


def test_which_server_a_task_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in the options comes before the host, and DNS never uses the host."""
    used: list[t.Any] = []
    service = Service(spec={}, session_factory=used.append)
    host = connection("winrm", {})
    monkeypatch.setattr(endpoint, "session_factory", lambda found, name: used.append((found.host, name)))

    def used_with(options: Variables) -> t.Any:
        endpoint.session_factory_for(service, options, host, "hv01")
        return used.pop()

    other: Variables = {"host": "other.example.test"}
    assert used_with(other) == other
    assert used_with({"host": None}) == ("hv01.example.test", "hv01")
    monkeypatch.setattr(endpoint, "DIRECTORY", service)
    domain = {**OWN, "domain": "example.test"}
    assert used_with(domain) == domain
    assert used_with(OWN) == {**OWN, "servers": ["hv01.example.test"]}
    monkeypatch.setattr(endpoint, "DNS", service)
    assert used_with(OWN) == OWN


def test_a_host_without_other_options_is_the_exchange_server(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[t.Any] = []
    monkeypatch.setattr(endpoint, "EXCHANGE", Service(spec={}, session_factory=used.append))
    host = connection("winrm", {"ansible_user": "admin@EXAMPLE.TEST"})
    own: Variables = {"server": None, "authentication": "kerberos", "username": None, "password": None}
    endpoint.session_factory_for(endpoint.EXCHANGE, own, host, "hv01")
    account = {"username": "admin@EXAMPLE.TEST", "password": "secret"}
    assert used.pop() == {**own, "server": "hv01.example.test", **account}
    # With a server, or with Basic authentication, the account of the host is not sent anywhere.
    endpoint.session_factory_for(endpoint.EXCHANGE, {**own, "server": "ex1.example.test"}, host, "hv01")
    assert used.pop() == {**own, "server": "ex1.example.test"}
    endpoint.session_factory_for(endpoint.EXCHANGE, {**own, "authentication": "basic"}, host, "hv01")
    assert used.pop() == {**own, "authentication": "basic", "server": "hv01.example.test"}


BASIC = "winha.cluster connects with Basic authentication over HTTP"
PLAIN_TEXT = "winha.cluster connects over HTTP without message encryption"
UNVERIFIED = "winha.cluster does not verify the certificates"


@pytest.mark.parametrize(
    ("found", "beginnings"),
    [
        (Endpoint(host="h"), []),
        (Endpoint(host="h", scheme="http", transports=("ntlm",)), []),
        (Endpoint(host="h", scheme="http", transports=("basic",)), [BASIC]),
        (Endpoint(host="h", scheme="http", transports=("kerberos", "plaintext")), [BASIC]),
        (Endpoint(host="h", scheme="https", transports=("basic",)), []),
        (
            Endpoint(host="h", scheme="http", transports=("ntlm",), options={"message_encryption": "never"}),
            [PLAIN_TEXT],
        ),
        (Endpoint(host="h", scheme="http", transports=("ntlm",), options={"message_encryption": "auto"}), []),
        (Endpoint(host="h", options={"message_encryption": "never"}), []),
        (Endpoint(host="h", options={"server_cert_validation": "ignore"}), [UNVERIFIED]),
        (Endpoint(host="h", options={"server_cert_validation": "validate"}), []),
        (
            Endpoint(host="h", scheme="http", transports=("ntlm",), options={"server_cert_validation": "ignore"}),
            [],
        ),
    ],
)
def test_what_is_not_secure_is_said(found: Endpoint, beginnings: list[str]) -> None:
    assert [text.startswith(begin) for text, begin in zip(found.warnings, beginnings, strict=True)] == [True] * len(
        beginnings
    )
