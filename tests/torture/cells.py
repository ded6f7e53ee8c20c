# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells: a task, a fault, the request that it meets, and check mode. Each one runs in this process on the lab."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import importlib
import itertools
import multiprocessing
import pathlib
import tempfile
import time
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import connection
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client, Transport
from ansible_collections.winha.cluster.plugins.module_utils._wsman.transport import HttpTransport

from . import oracle
from .estate import PASSWORD, Picture, journal_since, journal_size, running_estate, settle
from .faults import FAULTS
from .tap import Tap, tap
from .variants import VARIANTS, Variant

if t.TYPE_CHECKING:
    from lab.running import RunningEstate

_PAUSE_SECONDS = 0.03
_PLUGINS = "ansible_collections.winha.cluster.plugins.modules"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One cell. With C(lasting) the fault also meets every later request."""

    variant: str
    fault: str
    position: int
    lasting: bool = False
    check_mode: bool = False

    def __str__(self) -> str:
        lasting, mode = "on" if self.lasting else "once", "check" if self.check_mode else "write"
        return f"{self.variant}:{self.fault}:{self.position}:{lasting}:{mode}"

    @classmethod
    def parse(cls, text: str, variants: t.Container[str], faults: t.Container[str]) -> Cell:
        """The cell of its text. Raises C(ValueError)."""
        variant, fault, position, lasting, mode = text.split(":")
        if (
            variant not in variants
            or fault not in faults
            or lasting not in ("once", "on")
            or mode not in ("write", "check")
        ):
            raise ValueError(f"{text} is not a cell")
        return cls(variant, fault, int(position), lasting == "on", mode == "check")


class Ground(t.Protocol):
    """Where cells run, with what each task does there when nothing fails."""

    faults: t.Mapping[str, t.Any]
    variants: t.Mapping[str, Variant]
    tap: t.Any

    def usual(self, variant: str, *, check_mode: bool = False) -> t.Any:
        """What a task does when nothing fails."""

    def try_cell(self, cell: Cell) -> t.Any:
        """Run the task of a cell."""

    def judge(self, found: t.Any, usual: t.Any) -> list[str]:
        """What is wrong with a cell."""

    def lines(self, found: t.Any) -> tuple[str, ...]:
        """What happened in a cell, for an operator."""

    def all_cells(self) -> list[Cell]:
        """Every cell that a request of a task reaches."""


Start = t.Callable[[], t.ContextManager[Ground]]
Done = t.Callable[[bool, "Wrong | None"], None]  # whether a cell reached its request, and what is wrong


class Stand:
    """A running estate behind a tap."""

    faults: t.Mapping[str, t.Any] = FAULTS
    variants = VARIANTS
    judge = staticmethod(oracle.judge)

    def __init__(self, lab: RunningEstate, own_tap: Tap) -> None:
        self.lab = lab
        self.tap = own_tap
        self._usual: dict[tuple[str, bool], oracle.Evidence] = {}
        self._prepared = ""
        self.transport: t.Callable[[Transport], Transport] = lambda transport: transport

    @property
    def _connection(self) -> dict[str, t.Any]:
        return {
            "port": self.lab.estate.http, "scheme": "http", "transport": "basic", "username": "Administrator",
            "password": PASSWORD, "connect_timeout": 2, "operation_timeout": 2, "read_timeout": 1,
        }  # fmt: skip

    def usual(self, variant: str, *, check_mode: bool = False) -> oracle.Evidence:
        """What a task does when nothing fails."""
        key = (variant, check_mode)
        if key not in self._usual:
            self._usual[key] = self._run(VARIANTS[variant], None, check_mode=check_mode)
        return self._usual[key]

    def try_cell(self, cell: Cell) -> oracle.Evidence:
        """Run the task of a cell."""
        return self._run(VARIANTS[cell.variant], cell, check_mode=cell.check_mode)

    def _run(self, variant: Variant, cell: Cell | None, *, check_mode: bool) -> oracle.Evidence:
        self._prepare(variant)
        before, size = Picture(self.lab), journal_size(self.lab)
        fault = FAULTS[cell.fault] if cell else None
        self.tap.begin(fault, cell.position if cell else 0, lasting=bool(cell and cell.lasting))
        begin = time.monotonic()
        result, error = self.call(variant, check_mode=check_mode)
        seconds = time.monotonic() - begin
        self.tap.end()
        settle(self.lab)
        after = Picture(self.lab)
        if before.differences(after):
            self._prepared = ""
        return oracle.Evidence(
            variant=variant,
            fault=fault,
            check_mode=check_mode,
            before=before,
            after=after,
            entries=journal_since(self.lab, size),
            requests=tuple(self.tap.requests),
            result=result,
            error=error,
            seconds=seconds,
        )

    def _prepare(self, variant: Variant) -> None:
        """The state that a task begins with. It is the same for variants that need the same."""
        needed = f"{variant.prepared_by} {variant.refuses}"
        if self._prepared == needed:
            return
        settle(self.lab)
        self.lab.reset()
        self.tap.begin(None, 0, lasting=False)
        if variant.prepared_by:
            _result, error = self.call(VARIANTS[variant.prepared_by], check_mode=False)
            if error is not None:
                raise error
            settle(self.lab)
        if variant.refuses:
            action = {"fault": 1359, "hresult": 0x80041004, "text": "Provider failure."}
            self.lab.add_fault(method=variant.refuses, action=action)
        self._prepared = needed

    def call(self, variant: Variant, *, check_mode: bool) -> tuple[dict[str, t.Any] | None, Exception | None]:
        """Run a task. Returns its result, or the error that ended it."""
        task = task_of(variant)
        validated = ArgumentSpecValidator(task.argument_spec, **task.rules).validate(
            {**self._connection, "host": self.lab.estate.host(variant.host).address, **variant.options}
        )
        if validated.error_messages:
            raise ValueError(validated.error_messages)
        endpoint = connection.endpoint_of(validated.validated_parameters)

        def open_session(*, read_only: bool) -> Client:
            transport = self.transport(HttpTransport(endpoint, name=variant.host))
            return Client(transport, read_only=read_only, operation_timeout=2, pause=_pause)

        try:
            return tasks.run(task, open_session, validated.validated_parameters, check_mode=check_mode), None
        except Exception as exc:
            return None, exc

    def all_cells(self) -> list[Cell]:
        """Every cell that a request of a task reaches."""
        return [
            Cell(variant.name, fault.name, position, lasting, check_mode)
            for variant in VARIANTS.values()
            for check_mode in ((False, True) if variant.writes else (False,))
            for position in range(1, len(self.usual(variant.name, check_mode=check_mode).requests) + 1)
            for fault, lasting in itertools.product(FAULTS.values(), (False, True))
        ]

    @staticmethod
    def lines(found: oracle.Evidence) -> tuple[str, ...]:
        """The requests, for an operator."""
        return tuple(
            f"{entry.operation} {entry.method or entry.cls} {entry.status}{' (write)' if entry.write else ''}"
            for entry in found.entries
        )


def task_of(variant: Variant) -> t.Any:
    """The task of the module of a variant."""
    return importlib.import_module(f"{_PLUGINS}.{variant.module}").TASK


def _pause(seconds: float) -> None:
    time.sleep(min(seconds, _PAUSE_SECONDS))


@contextlib.contextmanager
def stand() -> t.Iterator[Stand]:
    """Start the estate behind a tap."""
    with tempfile.TemporaryDirectory(prefix="torture") as folder, running_estate(pathlib.Path(folder)) as lab:
        yield Stand(lab, tap(lab))


def in_order(cells: t.Iterable[Cell], seed: int, faults: t.Mapping[str, t.Any]) -> list[Cell]:
    """The cells in an order of this seed, the same number of each task. Faults that take long come later."""
    groups: dict[tuple[str, bool], list[tuple[bytes, Cell]]] = {}
    for cell in cells:
        chance = hashlib.sha256(f"{seed} {cell}".encode()).digest()
        groups.setdefault((cell.variant, cell.check_mode), []).append((chance, cell))
    ranked = [
        (rank * (10 if faults[cell.fault].slow else 1), chance, cell)
        for group in groups.values()
        for rank, (chance, cell) in enumerate(sorted(group))
    ]
    return [cell for _rank, _chance, cell in sorted(ranked)]


@dataclasses.dataclass(frozen=True, slots=True)
class Wrong:
    """A cell with what is wrong in it, and what happened there."""

    cell: Cell
    problems: tuple[str, ...]
    message: str
    requests: tuple[str, ...]

    def row(self) -> dict[str, t.Any]:
        """The same for a file."""
        return dataclasses.asdict(self) | {"cell": str(self.cell)}


def problems(of: Ground, cell: Cell) -> Wrong | None:
    """Run a cell. Nothing, if all is right."""
    usual = of.usual(cell.variant, check_mode=cell.check_mode)
    evidence = of.try_cell(cell)
    wrong = of.judge(evidence, usual)
    return Wrong(cell, tuple(wrong), evidence.message, of.lines(evidence)) if wrong else None


def try_cells(
    cells: t.Sequence[Cell], seconds: float, start: Start = stand, done: Done = lambda _reached, _found: None
) -> tuple[int, list[Wrong]]:
    """Run cells for at most this time. Returns how many were run, and the wrong ones."""
    deadline = time.monotonic() + seconds
    tried, wrong = 0, []
    with start() as of:
        for cell in cells:
            if time.monotonic() > deadline:
                break
            found = problems(of, cell)
            done(of.tap.hits > 0, found)
            tried += of.tap.hits > 0  # else the task ended before this request
            wrong += [found] if found else []
    return tried, wrong


def reachable(start: Start = stand) -> list[Cell]:
    """Every cell. Raises C(AssertionError) if a task is already wrong when nothing fails."""
    with start() as of:
        cells = of.all_cells()
        for variant, check_mode in {(cell.variant, cell.check_mode) for cell in cells}:
            usual = of.usual(variant, check_mode=check_mode)
            wrong = of.judge(usual, usual)
            refused = getattr(of.variants[variant], "refused", False)
            assert (wrong, usual.failed) == ([], refused), f"{variant} without a fault: {wrong} {usual.message}"
    return cells


def try_in_parallel(
    cells: t.Sequence[Cell], seconds: float, jobs: int, start: Start = stand
) -> tuple[int, list[Wrong]]:
    """Run cells in several processes, each with an estate of its own."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        running = [pool.submit(try_cells, cells[number::jobs], seconds, start) for number in range(jobs)]
        results = [one.result() for one in running]
    return sum(tried for tried, _wrong in results), [one for _tried, wrong in results for one in wrong]
