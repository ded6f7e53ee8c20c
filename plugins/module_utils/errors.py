# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of requests to servers, for all protocols. Private to this collection."""

from __future__ import annotations

LONGEST_VALUE = 60  # characters of a received value in a message
LONGEST_MESSAGE = 600
LONGEST_SENTENCE = 10_000  # with a sentence for each variable


def shorten(text: object, limit: int = LONGEST_VALUE) -> str:
    """A received text for a message: in one line, without control characters, and cut."""
    line = _printable(str(text)[: 4 * limit])
    return line if len(line) <= limit else f"{line[: limit - 4].rstrip()} ..."


def one_line(text: str) -> str:
    """A sentence that may have received values: unchanged, unless it has control characters or is very long.

    A long sentence keeps its end, which says what to do.
    """
    line = text if text.isprintable() else _printable(text)
    if len(line) <= LONGEST_SENTENCE:
        return line
    return f"{line[: LONGEST_SENTENCE - LONGEST_MESSAGE - 5]} ... {line[-LONGEST_MESSAGE:]}"


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def describe_unexpected(error: BaseException) -> str:
    """An error that no code expects, as a sentence."""
    return f"An unexpected error occurred: {type(error).__name__}: {shorten(error, 200)}. Please report this defect."


class ServerError(Exception):
    """A request failed; C(advice) is what to do, as one clause without a capital letter and a full stop."""

    advice = ""

    def __init__(self, detail: str, *, advice: str | None = None) -> None:
        super().__init__(detail)
        self.operation = ""
        self.host = ""
        if advice is not None:
            self.advice = advice

    @property
    def detail(self) -> str:
        """The error without the operation and the host."""
        return shorten(str(self.args[0]).rstrip(". \n"), LONGEST_MESSAGE)

    def __str__(self) -> str:
        operation = self.operation[:1].upper() + self.operation[1:]
        tried = f"{operation} on {self.host} failed: " if operation else ""
        advice = f" {self.advice[:1].upper()}{self.advice[1:]}." if self.advice else ""
        return one_line(f"{tried}{self.detail}.{advice}")


class Unreachable(ServerError):
    """No connection was made. No request was sent."""

    advice = "check the address, the port, the firewall, and that WinRM is running"


class CertificateRefused(Unreachable):
    """The server's certificate could not be verified. No request was sent."""

    advice = (
        "set ansible_winrm_ca_trust_path (psrp: ansible_psrp_ca_cert; module option: ca_path) to the issuer's "
        "certificate, or renew the listener's certificate for this name"
    )


class CredentialsRefused(Unreachable):
    """The server returned 401, or no ticket could be obtained. The request was not processed."""

    advice = "check the user name, the password, and that the listener allows this authentication method"


class ResponseLost(ServerError):
    """A request was sent but no valid response was received. It is not known whether the request took effect."""

    advice = "check the network and the service on that port, then run this task again"

    def locate(self, host: str) -> None:
        """Name the host, if the error comes from a value in a response and no request has named it."""
        if not self.operation:
            self.operation, self.host = "reading a response", host


class TimedOut(ResponseLost):
    """A C(ResponseLost) because the read timeout has passed."""


class WriteRefused(ServerError):
    """A read-only session was about to send a write. This is always a defect of the collection."""

    advice = "this is a defect of the collection, please report it"


class TaskError(Exception):
    """The task cannot be done; the message is a sentence for the operator."""

    def __str__(self) -> str:
        return one_line(super().__str__())
