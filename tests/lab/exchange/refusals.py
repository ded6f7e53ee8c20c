# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of cmdlets, as Exchange and PowerShell word them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):
    """An error record. One that `ends` the pipeline puts it into the state Failed; after others it is completed.

    `error_id` is empty for errors of Exchange, whose id has the class of the cmdlet.
    """

    exception: str
    category: str
    text: str
    ends: bool = False
    error_id: str = ""
    target: str = ""

    @property
    def reason(self) -> str:
        """The name of the exception without its namespace."""
        return self.exception.rpartition(".")[2]


_BINDING = "System.Management.Automation.ParameterBindingException"
_VALIDATION = "System.Management.Automation.ParameterBindingValidationException"
_EXCHANGE = "Microsoft.Exchange.Configuration.Tasks"
_DATA = "Microsoft.Exchange.Data.Directory"


def unknown_cmdlet(name: str) -> Refusal:
    """The session has no such cmdlet: the role lacks it, the version does not have it, or the name is wrong."""
    return Refusal(
        "System.Management.Automation.CommandNotFoundException",
        "ObjectNotFound",
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
        ends=True,
        error_id="CommandNotFoundException",
        target=name,
    )


def no_language() -> Refusal:
    """Scripts and pipelines of several commands are refused."""
    return Refusal(
        "System.Management.Automation.PSNotSupportedException",
        "InvalidOperation",
        "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
        ends=True,
        error_id="ScriptsNotAllowed",
    )


def unknown_parameter(cmdlet: str, name: str) -> Refusal:
    """The role lacks the parameter, or there is none of this name."""
    return Refusal(
        _BINDING,
        "InvalidArgument",
        f"A parameter cannot be found that matches parameter name '{name}'.",
        ends=True,
        error_id=f"NamedParameterNotFound,{cmdlet}",
    )


def missing_parameters(cmdlet: str, names: list[str]) -> Refusal:
    """A mandatory parameter is missing. A runspace without a host cannot ask for it."""
    return Refusal(
        _BINDING,
        "InvalidArgument",
        f"Cannot process command because of one or more missing mandatory parameters: {' '.join(names)}.",
        ends=True,
        error_id=f"MissingMandatoryParameter,{cmdlet}",
    )


def several_sets(cmdlet: str) -> Refusal:
    """Parameters of different parameter sets."""
    return Refusal(
        _BINDING,
        "InvalidArgument",
        "Parameter set cannot be resolved using the specified named parameters.",
        ends=True,
        error_id=f"AmbiguousParameterSet,{cmdlet}",
    )


def twice(cmdlet: str, name: str) -> Refusal:
    """A parameter is given twice."""
    return Refusal(
        _BINDING,
        "InvalidArgument",
        f"Cannot bind parameter because parameter '{name}' is specified more than once. To provide multiple values to "
        "parameters that can accept multiple values, use the array syntax.",
        ends=True,
        error_id=f"ParameterAlreadyBound,{cmdlet}",
    )


def positional(cmdlet: str) -> Refusal:
    """The lab takes named parameters only."""
    return Refusal(
        _BINDING,
        "InvalidArgument",
        "A positional parameter cannot be found that accepts argument.",
        ends=True,
        error_id=f"PositionalParameterNotFound,{cmdlet}",
    )


def null_argument(cmdlet: str, name: str) -> Refusal:
    """A mandatory parameter is null."""
    return Refusal(
        _VALIDATION,
        "InvalidData",
        f"Cannot bind argument to parameter '{name}' because it is null.",
        ends=True,
        error_id=f"ParameterArgumentValidationErrorNullNotAllowed,{cmdlet}",
    )


def wrong_type(cmdlet: str, name: str, value: str, kind: str) -> Refusal:
    """The value cannot be converted to the type of the parameter."""
    return Refusal(
        "System.Management.Automation.ParameterBindingArgumentTransformationException",
        "InvalidData",
        f"Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{value}\" to type "
        f'"{kind}".',
        ends=True,
        error_id=f"ParameterArgumentTransformationError,{cmdlet}",
    )


def not_found(identity: str, controller: str) -> Refusal:
    """No object has this identity."""
    return Refusal(
        f"{_EXCHANGE}.ManagementObjectNotFoundException",
        "NotSpecified",
        f"The operation couldn't be performed because object '{identity}' couldn't be found on '{controller}'.",
    )


def ambiguous(identity: str) -> Refusal:
    """Several objects have this identity."""
    return Refusal(
        f"{_EXCHANGE}.ManagementObjectAmbiguousException",
        "NotSpecified",
        f"The operation couldn't be performed because '{identity}' matches multiple entries.",
    )


def out_of_scope(identity: str) -> Refusal:
    """The write scope of the role does not have the object."""
    return Refusal(
        f"{_DATA}.ADScopeException",
        "InvalidOperation",
        f"The operation on '{identity}' failed because it's out of the current user's write scope. The object isn't "
        "within your current write scopes. Can't perform the save operation.",
    )


def invalid(text: str, *, exception: str = "System.ArgumentException", category: str = "InvalidArgument") -> Refusal:
    """Another error of a cmdlet."""
    return Refusal(exception, category, text)


def exists(text: str) -> Refusal:
    """An object of this name exists."""
    return Refusal(f"{_DATA}.ADObjectAlreadyExistsException", "ResourceExists", text)


def cross_version(identity: str, version: str, own: str) -> Refusal:
    """An object of another version cannot be written by this server."""
    return Refusal(
        f"{_EXCHANGE}.CannotModifyCrossVersionObjectException",
        "InvalidOperation",
        f"Can't modify the object '{identity}' because its version {version} differs from the version {own} of this "
        "server.",
    )


def over_budget(requests: int, seconds: float, wait: int) -> Refusal:
    """The throttling policy of the user allows no further cmdlet for some time."""
    return Refusal(
        f"{_DATA}.OverBudgetException",
        "ResourceUnavailable",
        f"The user load quota of {requests} requests per {seconds:g} seconds has been exceeded. The next request "
        f"from this user will not be accepted for at least {wait} milliseconds.",
        ends=True,
        error_id="OverBudgetException",
    )


def cannot_ask() -> Refusal:
    """The cmdlet asks for a confirmation, and the client has no host that could answer."""
    return Refusal(
        "System.Management.Automation.Host.HostException",
        "NotImplemented",
        "A command that prompts the user failed because the host program or the command type does not support user "
        "interaction. Try a host program that supports user interaction, and remove prompt-related commands.",
        ends=True,
        error_id="HostFunctionNotImplemented",
    )
