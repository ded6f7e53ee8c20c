# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a server, whatever is spoken with it. Private to this collection."""

from __future__ import annotations


class ServerError(Exception):
    """Something went wrong; C(advice) says what the operator can do, in one clause without a full stop."""

    advice = ""

    def __init__(self, answer: str, *, advice: str | None = None) -> None:
        super().__init__(answer)
        self.operation = ""
        self.host = ""
        if advice is not None:
            self.advice = advice

    @property
    def detail(self) -> str:
        """What was answered, without what was tried."""
        return " ".join(str(self.args[0]).split()).rstrip(".")

    def __str__(self) -> str:
        operation = self.operation[:1].upper() + self.operation[1:]
        tried = f"{operation} on {self.host} failed: " if operation else ""
        advice = f" ({self.advice})" if self.advice else ""
        return f"{tried}{self.detail}{advice}."


class Unreachable(ServerError):
    """No connection: nothing was sent."""

    advice = "check the address, the port, the firewall and that the listener runs"


class CertificateRefused(Unreachable):
    """The server's certificate did not verify: nothing was sent."""

    advice = "give the issuer's certificate as the CA path, or have the listener's certificate renewed for this name"


class CredentialsRefused(Unreachable):
    """The server answered 401, or a ticket could not be had: the request was not processed."""

    advice = "check the user name, the password, and that the listener allows this way to authenticate"


class ResponseLost(ServerError):
    """A request went out and no usable answer came back: whether it took effect is unknown."""

    advice = "check the network in between and what listens on that port, then run it again"


class TimedOut(ResponseLost):
    """As C(ResponseLost), after waiting the whole read timeout."""


class WriteRefused(ServerError):
    """A write was about to be sent by a session that may only read. Always a defect of ours."""

    advice = "this is a defect of the collection, please report it"


class TaskError(Exception):
    """What was asked for cannot be done; the message is a sentence for the operator."""
