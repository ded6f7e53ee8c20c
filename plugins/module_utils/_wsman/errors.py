# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a WS-Management endpoint. Private to this collection."""

from __future__ import annotations


class WsmanError(Exception):
    """Something went wrong; C(advice) says what the operator can do, in one clause without a full stop."""

    advice = ""

    def __init__(self, answer: str, *, advice: str | None = None) -> None:
        super().__init__(answer)
        self.doing = ""
        self.host = ""
        if advice is not None:
            self.advice = advice

    @property
    def answer(self) -> str:
        """What was answered, without what was tried."""
        return " ".join(str(self.args[0]).split()).rstrip(".")

    def __str__(self) -> str:
        doing = self.doing[:1].upper() + self.doing[1:]
        tried = f"{doing} on {self.host} failed: " if doing else ""
        advice = f" ({self.advice})" if self.advice else ""
        return f"{tried}{self.answer}{advice}."


class Unreachable(WsmanError):
    """No connection: nothing was sent."""

    advice = "check the address, the port, the firewall and that the WinRM listener runs"


class CertificateRefused(Unreachable):
    """The server's certificate did not verify: nothing was sent."""

    advice = "give the issuer's certificate as the CA path, or have the listener's certificate renewed for this name"


class CredentialsRefused(Unreachable):
    """The server answered 401, or a ticket could not be had: the request was not processed."""

    advice = "check the user name, the password, and that the listener allows this way to authenticate"


class AnswerLost(WsmanError):
    """A request went out and no usable answer came back: whether it took effect is unknown."""

    advice = "check the network in between and what listens on that port, then run it again"


class TimedOut(AnswerLost):
    """As C(AnswerLost), after waiting the whole read timeout."""


class AnswerTooLarge(AnswerLost):
    """The answer is larger than what we asked for could ever be."""

    advice = "the endpoint ignores the envelope size that it was asked to keep; check what listens on that port"


class RequestRefused(WsmanError):
    """HTTP refused the request before WS-Management saw it (404, 413, 415, 503 and the like)."""

    advice = "check that the port and the path are those of a WinRM listener"


class WriteRefused(WsmanError):
    """A write was about to be sent by a session that may only read. Always a defect of ours."""

    advice = "this is a defect of the collection, please report it"


class Fault(WsmanError):
    """A SOAP fault: the server understood the request and says no.

    * C(code): the WS-Management code (C(f:WSManFault/@Code)), e.g. 2150858793
    * C(subcode): local name of the SOAP subcode, e.g. C(TimedOut)
    * C(provider_text): what the WMI provider said, if anything
    * C(hresult): unsigned HRESULT wherever the fault hid one, e.g. 0x800713A0
    * C(cim_status): CIM status code (DSP0200), e.g. 6 for not found
    """

    def __init__(
        self,
        reason: str,
        *,
        code: int | None = None,
        subcode: str = "",
        provider_text: str = "",
        hresult: int | None = None,
        cim_status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.subcode = subcode
        self.provider_text = provider_text
        self.hresult = hresult
        self.cim_status = cim_status

    @property
    def answer(self) -> str:
        text = " ".join((self.provider_text or self.reason or "the server gave no reason").split()).rstrip(".")
        number = self.hresult if self.hresult is not None else self.code
        if number is not None and f"0x{number:08X}".casefold() in text.casefold():
            number = None
        known = [f"0x{number:08X}"] if number is not None and number > 0xFFFF else [str(number)] if number else []
        known += [self.subcode] if self.subcode else []
        return f"{text} [{', '.join(known)}]" if known else text


class TransientFault(Fault):
    """A fault that the provider is known to give now and then and that a second try may not meet.

    The failover cluster provider answers "Invalid Property" to valid queries after failovers
    (OpenStack os-win, bug 1798069); a full operation quota (w:QuotaLimit) empties by itself.
    """


class NotFound(Fault):
    """No such class, namespace or instance."""


class AccessDenied(Fault):
    """The account was authenticated and may not do this."""

    advice = "use an account that may administer this host; for a cluster, a cluster administrator"
