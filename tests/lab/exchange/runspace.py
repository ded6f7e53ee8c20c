# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A runspace pool: the server side of PSRP, restricted to one known cmdlet for each pipeline."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from psrpcore import (
    CreatePipelineEvent,
    GetCommandMetadataEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSDateTime,
    PSInvocationState,
    PSList,
    PSNoteProperty,
    PSObject,
    PSVersion,
)

from . import refusals
from .catalogue import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from .refusals import Refusal

_MULTI_VALUED = (
    "Deserialized.Microsoft.Exchange.Data.MultiValuedProperty`1[[System.Object]]",
    "Deserialized.Microsoft.Exchange.Data.MultiValuedPropertyBase",
    "Deserialized.System.Object",
)
FRAGMENT = 32 * 1024  # bytes: four of them are less than an envelope of 150 KiB, as text


class Result:
    """What a cmdlet wrote to the streams of its pipeline."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.warnings: list[str] = []
        self.errors: list[Refusal] = []
        self.task = ""
        self.error_id = ""


class Runspace:
    """A pool with its pipelines, and the data that the client has not yet received."""

    def __init__(self, run: Callable[[str, list[tuple[str | None, Any]]], Result], protocol: str) -> None:
        self._pool = ServerRunspacePool()
        self._pool.our_capability.protocolversion = PSVersion(protocol)
        self._run = run
        self._changed = threading.Condition()
        self._waiting: dict[str, bytearray] = {}
        self._finished: set[str] = set()
        self._threads: list[threading.Thread] = []
        self.closed = False

    def receive(self, data: bytes, pipeline: str = "") -> None:
        """Take data of the client. A pipeline of this id is created before its first data."""
        begun: list[tuple[ServerPipeline, Any]] = []
        with self._changed:
            identity = uuid.UUID(pipeline) if pipeline else None
            if identity is not None and identity not in self._pool.pipeline_table:
                ServerPipeline(self._pool, identity)
            self._pool.receive_data(PSRPPayload(data, StreamType.default, identity))
            while (event := self._pool.next_event()) is not None:
                if isinstance(event, CreatePipelineEvent | GetCommandMetadataEvent):
                    begun.append((self._pool.pipeline_table[event.pipeline_id], event.pipeline))
            self._collect()
        for served, commands in begun:
            thread = threading.Thread(target=self._serve, args=(served, commands), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, pipeline: ServerPipeline, commands: Any) -> None:
        result = Result()
        try:
            name, parameters = _single(commands)
            result = self._run(name, parameters)
        except refusals.Refusal as refusal:
            result.errors.append(refusal)
        with self._changed:
            if self.closed or pipeline.state == PSInvocationState.Stopped:
                return
            pipeline.start()
            for text in result.warnings:
                pipeline.write_warning(text)
            for item in result.items:
                pipeline.write_output(converted(item))
            ends = next((error for error in result.errors if error.ends), None)
            for error in result.errors:
                if error is not ends:
                    _write_error(pipeline, error, result)
            if ends is not None:
                # psrpcore has no public method for a pipeline that fails.
                pipeline._change_state(PSInvocationState.Failed, error=_record(ends, result))
            else:
                pipeline.complete()
            self._finished.add(str(pipeline.pipeline_id))
            self._collect()

    def _collect(self) -> None:
        """Move what psrpcore wants to send to the queues of the pool and of each pipeline."""
        while (payload := self._pool.data_to_send(FRAGMENT)) is not None:
            queue = self._waiting.setdefault(str(payload.pipeline_id or ""), bytearray())
            queue += payload.data
        self._changed.notify_all()

    def send(self, pipeline: str, timeout: float, most: int) -> tuple[bytes, bool]:
        """Data for the client, and whether it is the last of the pipeline. Empty if there is none in time."""
        key = str(uuid.UUID(pipeline)) if pipeline else ""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting.get(key) or self.closed, timeout)
            queue = self._waiting.get(key, bytearray())
            data, rest = bytes(queue[:most]), queue[most:]
            self._waiting[key] = rest
            return data, bool(data) and not rest and key in self._finished

    def has(self, pipeline: str) -> bool:
        """Whether the pool has this pipeline."""
        return uuid.UUID(pipeline) in self._pool.pipeline_table

    def stop(self, pipeline: str) -> None:
        """Stop a pipeline. A cmdlet that runs is not interrupted; what it returns is not sent."""
        with self._changed:
            found = self._pool.pipeline_table.get(uuid.UUID(pipeline))
            if found is None:
                return
            if found.state in {PSInvocationState.Running, PSInvocationState.Stopping, PSInvocationState.NotStarted}:
                found.state = PSInvocationState.Running
                found.stop()
            found.close()
            self._collect()

    def close(self) -> None:
        """End the pool."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def _single(commands: Any) -> tuple[str, list[tuple[str | None, Any]]]:
    """The one cmdlet of a pipeline. Anything else is refused. Raises Refusal."""
    listed = getattr(commands, "commands", [])
    if len(listed) != 1 or listed[0].is_script:
        raise refusals.no_language()
    return str(listed[0].command_text), [(None if name is None else str(name), value) for name, value in
                                         listed[0].parameters]  # fmt: skip


def _exception(refusal: Refusal) -> NETException:
    exception = NETException(Message=refusal.text, HResult=-2146233088)
    exception.PSObject.type_names = [refusal.exception, *exception.PSObject.type_names]
    return exception


def _category(refusal: Refusal, result: Result) -> ErrorCategoryInfo:
    return ErrorCategoryInfo(
        Category=ErrorCategory[refusal.category],
        Activity=result.task,
        Reason=refusal.reason,
        TargetName=refusal.target,
        TargetType="String" if refusal.target else "",
    )


def _record(refusal: Refusal, result: Result) -> ErrorRecord:
    return ErrorRecord(
        Exception=_exception(refusal),
        CategoryInfo=_category(refusal, result),
        TargetObject=refusal.target or None,
        FullyQualifiedErrorId=refusal.error_id or result.error_id,
    )


def _write_error(pipeline: ServerPipeline, refusal: Refusal, result: Result) -> None:
    pipeline.write_error(
        _exception(refusal),
        category_info=_category(refusal, result),
        fully_qualified_error_id=refusal.error_id or result.error_id,
    )


def converted(value: Any) -> Any:
    """A value as psrpcore serializes it: objects are property bags, tuples are lists of .NET."""
    if isinstance(value, Item):
        found = PSObject()
        found.PSObject.type_names = [*value.types, "Deserialized.System.Object"]
        found.PSObject.extended_properties = [
            PSNoteProperty(name, value=converted(inner)) for name, inner in value.properties.items()
        ]
        found.PSObject.to_string = value.text
        return found
    if isinstance(value, tuple):
        listed = PSList([converted(inner) for inner in value])
        listed.PSObject.type_names = list(_MULTI_VALUED)
        return listed
    if hasattr(value, "isoformat"):
        return PSDateTime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
            tzinfo=value.tzinfo,
        )  # fmt: skip
    return value
