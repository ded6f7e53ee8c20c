# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions for the errors of domain controllers, mainly those of Windows, which the lab cannot return."""

from __future__ import annotations

import pytest

ldap = pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import ldap_errors
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CredentialsRefused,
    ResponseLost,
    TimedOut,
    Unreachable,
)

REFUSED = {
    # The codes are from winerror.h. The texts have the format of the diagnostic messages of Windows.
    "a duplicate": (
        ldap.CONSTRAINT_VIOLATION,
        "000021C7: AtrErr: DSID-03200BBC, #1:\n\t0: 000021C7: DSID-03200BBC, problem 1005 (CONSTRAINT_ATT_TYPE)",
        ldap_errors.NotUnique,
        8647,
        "another account of the forest has the same SPN or an equivalent SPN",
    ),
    "another constraint": (
        ldap.CONSTRAINT_VIOLATION,
        "0000202F: AtrErr: DSID-1",
        ldap_errors.ConstraintViolated,
        8239,
        "Check that no other account",
    ),
    "no right": (
        ldap.INSUFFICIENT_ACCESS,
        "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
        ldap_errors.AccessDenied,
        8344,
        "the account has no permission for this",
    ),
    "there already": (ldap.TYPE_OR_VALUE_EXISTS, "00002083: AtrErr: DSID-1", ldap_errors.ValueExists, 8323, ""),
    "not there": (ldap.NO_SUCH_ATTRIBUTE, "00002085: AtrErr: DSID-1", ldap_errors.ValueMissing, 8325, ""),
    "no object": (ldap.NO_SUCH_OBJECT, "0000208D: NameErr: DSID-1", ldap_errors.NoSuchObject, 8333, ""),
    "Samba's duplicate": (
        ldap.CONSTRAINT_VIOLATION,
        "0000202F: samldb: spn[http/x] would cause a conflict",
        ldap_errors.NotUnique,
        8239,
        "another account of the forest has the same SPN or an equivalent SPN",
    ),
    "another domain": (
        ldap.REFERRAL,
        "0000202B: RefErr: DSID-1",
        ldap_errors.Referral,
        8235,
        "a domain controller of that domain",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_has_its_class_number_and_text(name: str) -> None:
    kind, info, expected, number, words = REFUSED[name]
    error = ldap_errors.translate_error(kind({"desc": kind.__name__, "info": info}), sent=True)
    assert isinstance(error, ldap_errors.Refused)
    assert (type(error), error.number) == (expected, number)
    assert words in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("kind", "name"), [(ldap.SERVER_DOWN, "down"), (ldap.TIMEOUT, "late"), (ldap.UNAVAILABLE, "busy")]
)
def test_a_lost_response_differs_from_a_failed_connection(kind: type[Exception], name: str) -> None:
    assert isinstance(ldap_errors.translate_error(kind({"desc": name}), sent=True), ResponseLost)
    assert ldap_errors.translate_error(kind({"desc": name}), sent=False).__class__ is Unreachable


@pytest.mark.parametrize(("data", "text"), [("52e", "wrong"), ("775", "locked out"), ("532", "password has expired")])
def test_a_failed_sign_in_has_its_reason(data: str, text: str) -> None:
    info = f"80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {data}, v4563"
    error = ldap_errors.translate_error(
        ldap.INVALID_CREDENTIALS({"desc": "Invalid credentials", "info": info}), sent=False
    )
    assert isinstance(error, CredentialsRefused)
    assert text in str(error)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("525", "the account does not exist"),
        ("52e", "the user name or the password is wrong"),
        ("52f", "the account is restricted"),
        ("530", "may not sign in at this time"),
        ("531", "may not sign in from this machine"),
        ("532", "the password has expired"),
        ("533", "the account is disabled"),
        ("701", "the account has expired"),
        ("773", "must be changed before the first logon"),
        ("775", "the account is locked out"),
    ],
)
def test_each_reason_of_a_refused_bind(data: str, text: str) -> None:
    """The numbers are those of winerror.h in hexadecimal, such as 0x52e for 1326, ERROR_LOGON_FAILURE."""
    info = f"80090308: LdapErr: DSID-1, comment: AcceptSecurityContext error, data {data}, v4563"
    error = ldap_errors.translate_error(ldap.INVALID_CREDENTIALS({"desc": "no", "info": info}), sent=False)
    assert text in error.detail
    assert error.advice == "check the account"


@pytest.mark.parametrize(
    ("kind", "info", "advice"),
    [
        (ldap.LOCAL_ERROR, "No credentials cache found", "set username and password, or run kinit"),
        (ldap.LOCAL_ERROR, "No Kerberos credentials available", "set username and password, or run kinit"),
        (ldap.LOCAL_ERROR, "Ticket expired", "run kinit, or set username and password"),
        (ldap.LOCAL_ERROR, "Clock skew too great", "synchronize the clock"),
        (ldap.LOCAL_ERROR, "Server ldap/x not found in Kerberos database", "use the DNS name of the domain controller"),
        (ldap.LOCAL_ERROR, "Cannot find KDC for realm X", "check the realm"),
        (ldap.LOCAL_ERROR, "Cannot contact any KDC for realm X", "port 88"),
        (ldap.AUTH_UNKNOWN, "SASL(-4): no mechanism available", "install the GSSAPI module"),
        (ldap.AUTH_UNKNOWN, "SASL: No worthy mechs found", "install the GSSAPI module"),
        (ldap.INAPPROPRIATE_AUTH, "odd", "check the user name and the password"),
        (ldap.STRONG_AUTH_REQUIRED, "BindSimple: Transport encryption required", "the server requires signing or TLS"),
    ],
)
def test_each_error_of_a_sign_in_has_its_own_advice(kind: type[Exception], info: str, advice: str) -> None:
    error = ldap_errors.translate_error(kind({"desc": "no", "info": info}), sent=False)
    assert isinstance(error, CredentialsRefused)
    assert error.advice.startswith(advice) or advice in error.advice
    assert info in error.detail


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        ("SERVER_DOWN", True, ResponseLost), ("SERVER_DOWN", False, Unreachable),
        ("CONNECT_ERROR", True, ResponseLost), ("CONNECT_ERROR", False, Unreachable),
        ("UNAVAILABLE", True, ResponseLost), ("UNAVAILABLE", False, Unreachable),
        ("TIMEOUT", True, TimedOut), ("TIMEOUT", False, Unreachable),
        ("TIMELIMIT_EXCEEDED", True, TimedOut), ("TIMELIMIT_EXCEEDED", False, Unreachable),
        ("INSUFFICIENT_ACCESS", True, ldap_errors.AccessDenied),
        ("CONSTRAINT_VIOLATION", True, ldap_errors.ConstraintViolated),
        ("SIZELIMIT_EXCEEDED", True, ldap_errors.Refused),
    ],
)  # fmt: skip
def test_each_kind_of_error_has_its_class(kind: str, sent: bool, expected: type[Exception]) -> None:
    assert ldap_errors.translate_error(getattr(ldap, kind)({"desc": "odd"}), sent=sent).__class__ is expected


@pytest.mark.parametrize(
    ("argument", "detail"),
    [
        ({"desc": "Busy", "info": "try \n later"}, "Busy: try later"),
        ({"desc": "Busy now", "info": "busy"}, "Busy now"),
        ({"desc": "Busy"}, "Busy"),
        ("words", "words"),
        ("", "Busy"),
    ],
)
def test_the_text_of_an_error_is_its_description_and_its_information_once(argument: object, detail: str) -> None:
    error = ldap_errors.translate_error(ldap.BUSY(argument) if argument else ldap.BUSY(), sent=True)
    assert error.detail == detail


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("acl: spn validation failed for spn[x]", ldap_errors.AccessDenied, "the account has only 'Validated write"),
        ("000021C8: AtrErr: DSID-1", ldap_errors.NotUnique, "the same user principal name"),
    ],
)
def test_more_refusals_of_a_write(text: str, expected: type[Exception], words: str) -> None:
    error = ldap_errors.translate_error(ldap.CONSTRAINT_VIOLATION({"desc": "no", "info": text}), sent=True)
    assert error.__class__ is expected
    assert words in error.detail
