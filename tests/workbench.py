# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workshop of winha.cluster: makes what the demo, the tests and the benchmark need, and runs them.

It needs Python 3.11 or later and nothing else, and keeps everything that it makes below .cache in the checkout.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "tests" / "requirements"
COLLECTION = pathlib.Path("ansible_collections", "winha", "cluster")

# Which ansible-core runs on which Python, the newest first and of its Pythons the preferred one first.
CORES = {
    "2.21": ("3.13", "3.12", "3.14"),
    "2.19": ("3.13", "3.11", "3.12"),
    "2.16": ("3.11", "3.12"),
}
# What the tests run on; of each line, the first Python that is here.
MATRIX = (
    ("2.21", ("3.13", "3.14")),
    ("2.21", ("3.12",)),
    ("2.19", ("3.11", "3.13", "3.12")),
    ("2.16", ("3.11", "3.12")),
)
# Directories that a checkout may hold and that are not part of it.
MADE = {
    ".cache",
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "output",
}
LAST_LINES = 60  # of a part that failed, on the terminal
PATIENCE = 30.0  # seconds for a part to clean up after an interruption


class WorkbenchError(Exception):
    """What stands in the way; the message is a sentence that says what to do."""


# --- Pythons and environments -----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Python:
    """A Python of this machine."""

    version: str
    path: pathlib.Path
    makes_environments: bool

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


def pythons() -> dict[str, Python]:
    """The Pythons of this machine by minor version; of two, the one that can make environments."""
    names = ["python3", *(f"python3.{minor}" for minor in range(11, 16))]
    places = [pathlib.Path(place) for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if place]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    places += sorted(pyenv.glob("versions/*/bin"))
    candidates = dict.fromkeys([place / name for place in places for name in names if (place / name).is_file()])
    candidates = dict.fromkeys([pathlib.Path(sys.executable), *candidates])
    probe = (
        "import importlib.util, json, platform, sys; print(json.dumps([platform.python_version(), sys._base_executable,"
        " all(importlib.util.find_spec(name) for name in ('venv', 'ensurepip'))]))"
    )
    found: dict[str, Python] = {}
    for candidate in candidates:
        # pyenv leaves commands behind that only say that there is no such Python, so each one is asked.
        asked = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if asked.returncode:
            continue
        version, path, able = json.loads(asked.stdout)
        python = Python(version, pathlib.Path(path), able)
        if python.minor not in found or (able and not found[python.minor].makes_environments):
            found[python.minor] = python
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Environment:
    """One ansible-core on one Python, with the requirements of what is to run there."""

    core: str
    python: Python
    purpose: str = "environment"

    def __str__(self) -> str:
        return f"ansible-core {self.core}, Python {self.python.minor}"

    @property
    def directory(self) -> pathlib.Path:
        suffix = "" if self.purpose == "environment" else f"-{self.purpose}"
        return CACHE / "venvs" / f"core{self.core}-py{self.python.minor}{suffix}"

    def program(self, name: str) -> str:
        return str(self.directory / "bin" / name)

    def make(self) -> None:
        """Make the environment unless it is there with the same requirements."""
        files = [REQUIREMENTS / f"{name}.txt" for name in dict.fromkeys(("environment", self.purpose))]
        wanted = "\n".join([str(ROOT), str(self.python), self.core, *(file.read_text("utf-8") for file in files)])
        stamp = self.directory / "stamp"
        digest = hashlib.sha256(wanted.encode()).hexdigest()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with self.directory.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.is_file() and stamp.read_text("utf-8") == digest:
                return
            say(f"Setting up {self}" + (f", {self.purpose}" if self.purpose != "environment" else ""))
            if not self.python.makes_environments:
                install_venv(self.python)
            quietly([self.python.path, "-m", "venv", "--clear", self.directory])
            requirements = [option for file in files for option in ("-r", file)]
            pip = [self.program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            quietly([*pip, "--prefer-binary", f"ansible-core ~= {self.core}.0", *requirements])
            stamp.write_text(digest, "utf-8")

    def variables(self) -> dict[str, str]:
        """The surroundings of a program: this checkout's collection, and nothing of the user's own Ansible."""
        foreign = ("ANSIBLE_", "PYTHON", "PYTEST_", "VIRTUAL_ENV")
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # the lab is on this machine
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(foreign) and name.upper() not in proxies
        }
        return kept | {
            "PATH": os.pathsep.join([str(self.directory / "bin"), *search_path()]),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([str(CACHE), str(ROOT / "tests")]),
            "PYTHONNOUSERSITE": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(CACHE),
            "ANSIBLE_CONFIG": str(CACHE / "ansible.cfg"),
            "ANSIBLE_HOME": str(CACHE / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
            "MYPY_CACHE_DIR": str(CACHE / "mypy"),
            "RUFF_CACHE_DIR": str(CACHE / "ruff"),
        }


def newest(found: t.Mapping[str, Python], purpose: str = "environment") -> Environment:
    """The newest ansible-core that a Python of this machine runs, if it can be on one that needs no package."""
    fitting = [found[minor] for minors in CORES.values() for minor in minors if minor in found]
    for core, minors in CORES.items():
        for minor in minors:
            python = found.get(minor)
            if python and (python.makes_environments or not any(other.makes_environments for other in fitting)):
                return Environment(core, python, purpose)
    has = ", ".join(sorted(found)) or "none"
    raise WorkbenchError(f"winha.cluster needs Python 3.11, 3.12, 3.13 or 3.14; this machine has {has}. Install one.")


def matrix(found: t.Mapping[str, Python]) -> tuple[list[Environment], list[str]]:
    """The environments that this machine's Pythons allow, the newest first, and a sentence for each left out."""
    environments, left_out = [], []
    for core, minors in MATRIX:
        here = [minor for minor in minors if minor in found and found[minor].makes_environments]
        if here:
            environments.append(Environment(core, found[here[0]]))
        else:
            left_out.append(f"ansible-core {core}: no Python {' or '.join(minors)} here that can make environments")
    if not environments:
        environments.append(newest(found))
    return environments, left_out


def install_venv(python: Python) -> None:
    """Debian and Ubuntu keep venv in a package of its own: install it as root, or say what to install."""
    package = f"python{python.minor}-venv"
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not become or shutil.which("sudo")):
        say(f"Installing {package}")
        apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        with contextlib.suppress(WorkbenchError):
            quietly([*apt, "update"])
            quietly([*apt, "install", "--no-install-recommends", package])
            return
    raise WorkbenchError(
        f"Python {python.minor} of this machine cannot make virtual environments. As root, run: "
        f"apt-get update && apt-get install {package}"
    )


def search_path() -> list[str]:
    """The search path without pyenv's stand-ins, which run into nothing for a Python that is not chosen."""
    return [place for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if not place.endswith("/shims")]


def link_collection() -> None:
    """Make the checkout importable as ansible_collections.winha.cluster, and a configuration that says nothing."""
    link = CACHE / COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    (CACHE / "ansible.cfg").touch()
    if link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)


def tree(place: pathlib.Path) -> pathlib.Path:
    """A copy of what is in the checkout: ansible-test and others want it to be at its place, not linked there."""
    target = place / COLLECTION
    shutil.rmtree(target, ignore_errors=True)
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        files = (file.relative_to(ROOT) for file in ROOT.rglob("*") if file.is_file())
        names = [str(file) for file in files if not MADE & set(file.parts)]
    for name in names:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    if shutil.which("git"):
        # Else ansible-test finds the checkout above and takes the copy for ignored files.
        quietly(["git", "init", "--quiet", target])
    return target


# --- Parts of the tests -----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, and where it differs from others, its surroundings."""

    arguments: t.Sequence[str | pathlib.Path]
    directory: pathlib.Path = ROOT
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the tests: commands in one environment, which all run even if one fails.

    Parts of the same queue run one after another, because their labs have the same addresses.
    """

    name: str
    environment: Environment
    commands: t.Callable[[Environment], t.Sequence[Command]]
    queue: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    part: Part
    failed: str
    seconds: float


def lint(environment: Environment) -> list[Command]:
    """Style, types, YAML, Ansible's own rules, documentation and changelog."""
    place = tree(CACHE / "lint")
    program = environment.program
    there = {"ANSIBLE_COLLECTIONS_PATH": str(CACHE / "lint"), "ANSIBLE_HOME": str(CACHE / "lint" / "ansible")}
    return [
        Command([program("ruff"), "check", "."]),
        Command([program("ruff"), "format", "--check", "."]),
        Command([program("mypy")]),
        Command([program("yamllint"), "--strict", "."], place),
        Command([program("ansible-lint"), "--offline", "--strict", "--nocolor", "-q"], place, there),
        Command([program("antsibull-docs"), "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all",
                 "--disallow-unknown-collection-refs", "--skip-rstcheck", "."], place, there),
        Command([program("antsibull-changelog"), "lint"], place, there),
    ]  # fmt: skip


def sanity(environment: Environment) -> list[Command]:
    """ansible-test's own rules, without a list of exceptions."""
    place = CACHE / "sanity" / environment.core
    home = place / "home"
    seed_ansible_test(environment, home)
    path = os.pathsep.join([str(environment.directory / "bin"), str(pythons_directory()), *search_path()])
    arguments = [environment.program("ansible-test"), "sanity", "--python", "default", "--color", "no"]
    return [Command(arguments, tree(place), {"HOME": str(home), "PATH": path})]


def units(environment: Environment) -> list[Command]:
    return [Command(pytest(environment, "tests/unit"))]


def pytest(environment: Environment, *arguments: str) -> list[str]:
    cache = CACHE / "pytest" / environment.directory.name
    return [environment.program("python"), "-m", "pytest", "-q", "-o", f"cache_dir={cache}", *arguments]


def pythons_directory() -> pathlib.Path:
    """A directory with the Pythons of this machine, for programs that look for them on the search path."""
    place = CACHE / "pythons"
    place.mkdir(parents=True, exist_ok=True)
    for minor, python in pythons().items():
        link = place / f"python{minor}"
        if link.resolve() != python.path.resolve():
            link.unlink(missing_ok=True)
            link.symlink_to(python.path)
    return place


def seed_ansible_test(environment: Environment, home: pathlib.Path) -> None:
    """A home for ansible-test in which it finds pip without fetching it from elsewhere than the package index.

    It bootstraps the pip of its own environments with a script that it downloads unless it is there. It also hides the
    variables that may say where the package index is, so they are written to a file.
    """
    versions = (
        "import pathlib, re, ansible_test; "
        "text = (pathlib.Path(ansible_test.__file__).parent / '_internal' / 'python_requirements.py').read_text(); "
        "print(*set(re.findall(r'[\\'\"](\\d+\\.\\d+(?:\\.\\d+)?)[\\'\"]', text)))"
    )
    listed = subprocess.run([environment.program("python"), "-c", versions], check=True, capture_output=True, text=True)
    stand_in = (
        "import subprocess, sys\n"
        "subprocess.check_call([sys.executable, '-m', 'ensurepip', '--default-pip'], stdout=subprocess.DEVNULL)\n"
        "wanted = [argument for argument in sys.argv[1:] if not argument.startswith('--no-')]\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', *wanted])\n"
    )
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in listed.stdout.split():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(stand_in, "utf-8")
    pip = [environment.program("python"), "-m", "pip", "config", "list"]
    settings = {"quiet": "1"}
    for line in subprocess.run(pip, check=True, capture_output=True, text=True).stdout.splitlines():
        name, value = line.split("=", 1)
        section, key = name.rsplit(".", 1)
        if section in (":env:", "global", "install") and key != "config-file":
            settings[key] = value.strip("'\"").replace("\\n", "\n    ")
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("\n".join(["[global]", *(f"{key} = {value}" for key, value in settings.items()), ""]), "utf-8")


# --- Running ----------------------------------------------------------------------------------------------------------


class Runner:
    """Runs parts side by side."""

    def __init__(self, parts: t.Sequence[Part]) -> None:
        self._waiting = list(parts)
        self._results: list[Result] = []
        self._busy: set[str] = set()
        self._change = threading.Condition()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, workers: int) -> list[Result]:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            work = [pool.submit(self._work) for worker in range(workers)]
            try:
                for one in work:
                    one.result()
            except BaseException:
                self._stop()
                raise
        return self._results

    def _stop(self) -> None:
        with self._change:
            self._stopped = True
            for process in self._running:
                tell(process, signal.SIGINT)
            self._change.notify_all()
            patience = threading.Timer(PATIENCE, self._kill)
            patience.daemon = True
            patience.start()

    def _kill(self) -> None:
        with self._change:
            for process in self._running:
                tell(process, signal.SIGKILL)

    def _take(self) -> Part | None:
        with self._change:
            while self._waiting and not self._stopped:
                for part in self._waiting:
                    if part.queue not in self._busy:
                        self._waiting.remove(part)
                        self._busy |= {part.queue} - {""}
                        return part
                self._change.wait()
            return None

    def _work(self) -> None:
        while part := self._take():
            started = time.monotonic()
            log = CACHE / "log" / f"{part.name} {part.environment.directory.name}.txt".replace(" ", "-")
            log.parent.mkdir(parents=True, exist_ok=True)
            failed = self._run(part, log)
            result = Result(part=part, failed=failed, seconds=time.monotonic() - started)
            with self._change:
                self._results.append(result)
                self._busy.discard(part.queue)
                self._change.notify_all()
            if failed and not self._stopped:
                end = log.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:]
                say(f"{part.name} on {part.environment} failed: {failed}. See {readable([log])}, which ends:", *end)
            elif not self._stopped:
                say(f"{part.name} on {part.environment}: passed in {result.seconds:.0f} s")

    def _run(self, part: Part, log: pathlib.Path) -> str:
        failures = []
        with log.open("wb") as output:
            try:
                part.environment.make()
                commands = part.commands(part.environment)
            except (OSError, WorkbenchError) as exc:
                output.write(f"{exc}\n".encode())
                return "it could not be set up"
            for command in commands:
                text = readable(command.arguments)
                output.write(f"$ {text}\n".encode())
                output.flush()
                process = subprocess.Popen(
                    command.arguments,
                    cwd=command.directory,
                    env={**part.environment.variables(), **command.variables},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # so that an interruption reaches it once, and through us
                )
                with self._change:
                    self._running.add(process)
                    if self._stopped:
                        tell(process, signal.SIGINT)
                status = process.wait()
                with self._change:
                    self._running.discard(process)
                    if self._stopped:
                        return "stopped"
                if status:
                    failures.append(text)
        return "; ".join(failures)


def tell(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and all that it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


_terminal = threading.Lock()


def say(heading: str, *lines: str) -> None:
    """Tell the person in front of the terminal what goes on."""
    marks = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    with _terminal:
        print(f"{marks[0]}==> {heading}{marks[1]}", flush=True)
        for line in lines:
            print(line, flush=True)


def readable(arguments: t.Iterable[str | pathlib.Path]) -> str:
    words = (str(argument).removeprefix(f"{ROOT}/") for argument in arguments)
    return shlex.join(words)


def quietly(arguments: t.Sequence[str | pathlib.Path]) -> None:
    """Run a program whose output matters only if it fails."""
    done = subprocess.run(arguments, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise WorkbenchError(f"{readable(arguments)} failed:\n{done.stdout.rstrip()}")


def table(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Rows under a heading, in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


# --- Commands ---------------------------------------------------------------------------------------------------------


def run_parts(parts: t.Sequence[Part], left_out: t.Sequence[str] = ()) -> int:
    started = time.monotonic()
    link_collection()
    results = Runner(parts).run(workers=max(2, min(os.cpu_count() or 2, 6)))
    results.sort(key=lambda result: parts.index(result.part))
    rows = [("Part", "Environment", "Result", "Seconds")]
    rows += [
        (one.part.name, str(one.part.environment), "failed" if one.failed else "passed", f"{one.seconds:.0f}")
        for one in results
    ]
    failures = sum(bool(result.failed) for result in results)
    heading = f"{failures} of {len(results)} parts failed" if failures else f"All {len(results)} parts passed"
    say(f"{heading}, in {time.monotonic() - started:.0f} s", table(rows))
    for sentence in left_out:
        print(f"Left out: {sentence}")
    return 1 if failures else 0


def test(options: argparse.Namespace) -> int:
    """All tests, on every ansible-core that this machine's Pythons run."""
    found = pythons()
    if not newest(found).python.makes_environments:
        install_venv(newest(found).python)
        found = pythons()
    environments, left_out = matrix(found)
    chosen = {name: function for name, function in PARTS.items() if not options.parts or name in options.parts}
    parts = [part for function in chosen.values() for part in function(environments, newest(found))]
    return run_parts(parts, left_out)


def of_lint(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    return [Part(name="lint", environment=dataclasses.replace(first, purpose="lint"), commands=lint)]


def of_sanity(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    cores = {environment.core: environment for environment in reversed(environments)}
    return [Part(name="sanity", environment=cores[core], commands=sanity) for core in sorted(cores, reverse=True)]


def of_units(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    return [Part(name="units", environment=one, commands=units, queue="units") for one in environments]


def of_integration(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    def commands(environment: Environment) -> list[Command]:
        chosen = () if environment == environments[0] else ("-m", "matrix")
        return [Command(pytest(environment, "-n", "2", "tests/integration", *chosen))]

    return [Part(name="integration", environment=one, commands=commands, queue="integration") for one in environments]


def of_demo(environments: t.Sequence[Environment], first: Environment) -> list[Part]:
    def commands(environment: Environment, connection: str) -> list[Command]:
        return [Command(demonstration(environment, connection, "https"))]

    return [
        Part(
            name=f"demo {connection}",
            environment=environment,
            commands=functools.partial(commands, connection=connection),
        )
        for environment in environments
        for connection in CONNECTIONS
    ]


def demonstration(environment: Environment, connection: str, listener: str) -> list[str]:
    options = ["--connection", connection, "--listener", listener]
    return [environment.program("python"), str(ROOT / "tests" / "demo.py"), *options]


CONNECTIONS = ("winrm", "psrp")
PARTS = {
    "integration": of_integration,
    "sanity": of_sanity,
    "units": of_units,
    "lint": of_lint,
    "demo": of_demo,
}


def demo(options: argparse.Namespace) -> int:
    """A lab of Windows hosts, and what the playbook finds and changes there."""
    environment = newest(pythons())
    environment.make()
    link_collection()
    return replace(environment, demonstration(environment, options.connection, options.listener))


def bench(options: argparse.Namespace) -> int:
    """What a task costs, beside the modules that the ansible package brings."""
    environment = newest(pythons(), "benchmark")
    environment.make()
    link_collection()
    return replace(environment, [environment.program("python"), "-m", "benchmark", *options.arguments])


def replace(environment: Environment, arguments: list[str]) -> t.NoReturn:
    """Go on as this program."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(arguments[0], arguments, environment.variables())


def main() -> int:
    parser = argparse.ArgumentParser(description="The workshop of winha.cluster.")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("demo", help="show the collection at work on a lab of Windows hosts")
    command.add_argument("--connection", choices=CONNECTIONS, default="winrm")
    command.add_argument("--listener", choices=["http", "https"], default="https")
    command.set_defaults(run=demo)
    command = commands.add_parser("test", help="run all tests, or some parts of them")
    command.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    command.set_defaults(run=test)
    command = commands.add_parser("bench", help="measure what tasks cost")
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    command.set_defaults(run=bench)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]  # a hook of git runs with those of its own repository
    try:
        return int(options.run(options))
    except WorkbenchError as exc:
        print(exc, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
