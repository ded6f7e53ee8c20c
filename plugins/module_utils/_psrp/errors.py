# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exchange's PowerShell endpoint refuses, as exceptions. Private to this collection.

Other errors are in C(..errors): C(Unreachable), C(CertificateRefused) and C(CredentialsRefused) before a cmdlet was
sent, C(ResponseLost) and C(TimedOut) if it is not known whether the cmdlet ran, C(WriteRefused) in check mode.
"""

from __future__ import annotations

import typing as t

from ..errors import ServerError, Unreachable

if t.TYPE_CHECKING:
    from .values import PsObject


class NotGranted(ServerError):
    """The session has no such cmdlet, or the cmdlet has no such parameter. Nothing ran.

    A management role hides what it does not grant, and a version of Exchange does not have the cmdlets of another. Both
    look like a name that does not exist. C(parameter) is empty if it is the cmdlet.
    """

    advice = "add the account to a role group that has it, or use a server of an Exchange version that has it"

    def __init__(self, detail: str, *, cmdlet: str, parameter: str = "", advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.cmdlet = cmdlet
        self.parameter = parameter


class ParameterRefused(ServerError):
    """A parameter is missing, or its value has the wrong type. Nothing ran."""

    advice = "this is a defect of the collection, please report it"


class CmdletFailed(ServerError):
    """A cmdlet wrote an error. It may have written some of its values before.

    C(error_id) is the fully qualified error ID without server and time, C(exception) the last part of the exception's
    type, C(category) the name of the category. C(objects) are what the cmdlet returned apart from the error. The texts
    of Exchange are in the language of the server, so decide by these names.
    """

    def __init__(
        self,
        detail: str,
        *,
        category: str = "",
        error_id: str = "",
        exception: str = "",
        objects: t.Sequence[PsObject] = (),
        advice: str | None = None,
    ) -> None:
        super().__init__(detail, advice=advice)
        self.category = category
        self.error_id = error_id
        self.exception = exception
        self.objects = tuple(objects)


class ObjectNotFound(CmdletFailed):
    """The object that Identity names does not exist."""

    advice = "check the name"


class OutOfScope(CmdletFailed):
    """The account has the cmdlet, but not for this object."""

    advice = "use an account whose management role has a write scope with this object"


class Throttled(ServerError):
    """The account has too many sessions or ran too many cmdlets. Nothing ran, also after the wait."""

    advice = (
        "close other sessions of this account, wait, or give the account a throttling policy with higher limits; then "
        "run the task again"
    )


class Redirected(Unreachable):
    """The server answered with the address of another server. Nothing was sent there; C(target) is its address."""

    def __init__(self, detail: str, *, target: str = "", advice: str | None = None) -> None:
        super().__init__(detail, advice=advice)
        self.target = target
