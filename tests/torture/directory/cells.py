# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells of LDAP: each one runs a task in this process on the domain controller, through the proxy."""

from __future__ import annotations

import concurrent.futures.process
import contextlib
import itertools
import multiprocessing
import os
import pathlib
import pickle
import tempfile
import threading
import time
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks

from ..cells import Cell, Wrong, reachable, task_of, try_cells
from . import oracle
from .domain import FQDN, Domain, preloaded, running_domain
from .faults import FAULTS
from .remote import RemoteProxy
from .variants import VARIANTS, DirectoryVariant

_ENVIRONMENT = threading.Lock()


class Stand:
    """A running domain behind a proxy, with what each task does there when nothing fails."""

    faults = FAULTS
    variants = VARIANTS
    judge = staticmethod(oracle.judge)

    def __init__(self, domain: Domain, proxy: RemoteProxy) -> None:
        self.domain = domain
        self.tap = proxy
        self._usual: dict[tuple[str, bool], oracle.Evidence] = {}

    def usual(self, variant: str, *, check_mode: bool = False) -> oracle.Evidence:
        """What a task does when nothing fails."""
        key = (variant, check_mode)
        if key not in self._usual:
            self._usual[key] = self._run(VARIANTS[variant], None, check_mode=check_mode)
        return self._usual[key]

    def try_cell(self, cell: Cell) -> oracle.Evidence:
        """Run the task of a cell."""
        return self._run(VARIANTS[cell.variant], cell, check_mode=cell.check_mode)

    def _run(self, variant: DirectoryVariant, cell: Cell | None, *, check_mode: bool) -> oracle.Evidence:
        self.domain.reset()
        before, size = self.domain.picture(), self.domain.log_size()
        fault = FAULTS[cell.fault] if cell else None
        self.tap.begin(fault, cell.position if cell else 0, lasting=bool(cell and cell.lasting))
        begin = time.monotonic()
        result, error = _call(variant, self.domain.controller.ca_file, check_mode=check_mode)
        seconds = time.monotonic() - begin
        self.tap.end()
        after = self.domain.picture()
        return oracle.Evidence(
            variant=variant,
            fault=fault,
            check_mode=check_mode,
            before=before,
            after=after,
            entries=tuple(self.domain.controller.changes(size)),
            requests=tuple(self.tap.requests),
            result=result,
            error=error,
            seconds=seconds,
            elsewhere=self.tap.elsewhere,
        )

    def all_cells(self) -> list[Cell]:
        """Every cell in which a request can meet its fault."""
        return [
            Cell(variant.name, fault.name, position, lasting, check_mode)
            for variant in VARIANTS.values()
            for check_mode in ((False, True) if variant.writes else (False,))
            for position, request in enumerate(self.usual(variant.name, check_mode=check_mode).requests, start=1)
            for fault, lasting in itertools.product(FAULTS.values(), (False, True))
            if request.operation in fault.operations and fault.applies(request)
        ]

    @staticmethod
    def lines(found: oracle.Evidence) -> tuple[str, ...]:
        """What happened, for an operator."""
        requests = [
            f"{one.operation} {one.target}{'' if one.reached else ' (not passed on)'}" for one in found.requests
        ]
        return (*requests, *(f"{one.operation} {one.dn} {one.status} {dict(one.actions)}" for one in found.entries))


def _call(
    variant: DirectoryVariant, ca_file: pathlib.Path, *, check_mode: bool
) -> tuple[dict[str, t.Any] | None, Exception | None]:
    """Run a task. Returns its result, or the error that ended it."""
    task = task_of(variant)
    validated = ArgumentSpecValidator(task.argument_spec, **task.rules).validate(variant.all_options)
    if validated.error_messages:
        raise ValueError(validated.error_messages)
    options = validated.validated_parameters
    options["ca_path"] = str(ca_file)
    try:
        return tasks.run(task, task.service.session_factory(options), options, check_mode=check_mode), None
    except Exception as exc:
        return None, exc


@contextlib.contextmanager
def stand() -> t.Iterator[Stand]:
    """Start the domain behind a proxy."""
    with tempfile.TemporaryDirectory(prefix="torture") as name, running_domain(pathlib.Path(name)) as domain:
        controller = domain.controller
        proxy = RemoteProxy(controller.description.relay, controller.address, pathlib.Path(name) / f"{FQDN}.pem")
        try:
            yield Stand(domain, proxy)
        finally:
            proxy.stop()


@contextlib.contextmanager
def _process(folder: pathlib.Path) -> t.Iterator[concurrent.futures.Executor]:
    """A process that can start a domain."""
    pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with pool:
        with _ENVIRONMENT, preloaded(folder / "hosts"):
            pool.submit(os.getpid)  # starts it
        yield pool


def all_reachable() -> list[Cell]:
    """Every cell. Raises C(AssertionError) if a task is already wrong when nothing fails."""
    with tempfile.TemporaryDirectory(prefix="torture") as folder, _process(pathlib.Path(folder)) as process:
        return process.submit(reachable, stand).result()


def try_in_parallel(cells: t.Sequence[Cell], seconds: float, jobs: int) -> tuple[int, list[Wrong]]:
    """Run cells in several processes, each with a domain of its own."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        deadline = time.monotonic() + seconds
        results = list(pool.map(lambda number: _try_to_the_end(cells[number::jobs], deadline), range(jobs)))
    return sum(tried for tried, _wrong in results), [one for _tried, wrong in results for one in wrong]


def _try_to_the_end(cells: t.Sequence[Cell], deadline: float) -> tuple[int, list[Wrong]]:
    """Run cells. One that kills its process is wrong; the others go on in a new process."""
    tried, wrong = 0, []
    while cells and time.monotonic() < deadline:
        with tempfile.TemporaryDirectory(prefix="torture") as name, _process(pathlib.Path(name)) as process:
            log = pathlib.Path(name) / "log"
            running = process.submit(_try_with_log, cells, deadline - time.monotonic(), log)
            killed = isinstance(running.exception(), concurrent.futures.process.BrokenProcessPool)
            if not killed:
                running.result()
            done = list(_read(log))
        tried += sum(reached for reached, _found in done)
        wrong += [found for _reached, found in done if found]
        if not killed:
            break
        tried += 1
        wrong.append(Wrong(cells[len(done)], ("the task killed its process",), "", ()))
        cells = cells[len(done) + 1 :]
    return tried, wrong


def _try_with_log(cells: t.Sequence[Cell], seconds: float, log: pathlib.Path) -> None:
    with log.open("ab", buffering=0) as file:
        try_cells(cells, seconds, stand, lambda reached, found: pickle.dump((reached, found), file))


def _read(log: pathlib.Path) -> t.Iterator[tuple[bool, Wrong | None]]:
    if log.exists():
        with log.open("rb") as file, contextlib.suppress(EOFError):
            while True:
                yield pickle.load(file)
