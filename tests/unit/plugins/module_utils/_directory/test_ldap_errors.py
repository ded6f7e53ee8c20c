# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions for the errors of domain controllers, mainly those of Windows, which the lab cannot return."""

from __future__ import annotations

import pytest

ldap = pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import ldap_errors
from ansible_collections.winha.cluster.plugins.module_utils.errors import CredentialsRefused, ResponseLost, Unreachable

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
