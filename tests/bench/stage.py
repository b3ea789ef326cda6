"""Where benchmarks are run: the DNS lab on port 53, as the system's resolver, with the relay in a process of its own.

Needs root, for a mount namespace with an /etc/resolv.conf of its own and for port 53. Nothing outside of the process notices.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.lab.lab import Lab
from tests.lab.relay import Question, Weather
from tests.lab.servers import RESOLVER

_INSIDE = "MAILDOCTOR_STAGE"
MAILDOCTOR = (sys.executable, "-c", "import sys; from maildoctor.__main__ import main; sys.exit(main())")
"""What the installed command does, but in this tree."""

CHECKDMARC = (str(Path(sys.executable).with_name("checkdmarc")),)
ROOT = Path(__file__).parent.parent.parent
DOMAIN = "conference.example"


@dataclass(frozen=True)
class Ran:
    """How one run of a program went: wall time in seconds, peak memory in MiB, exit code."""

    seconds: float
    memory: float
    code: int
    output: str


def run(command: Sequence[str]) -> Ran:
    """Run a program to its end. What is measured is this tree, wherever it may be installed from."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Ran(seconds, usage.ru_maxrss / 1024, process.returncode, output.read().decode("utf-8", "replace"))


def median(runs: Sequence[Ran]) -> float:
    """Return the median of the wall times."""
    return statistics.median(each.seconds for each in runs)


def audit_of(domain: str = DOMAIN) -> tuple[str, ...]:
    """Return the arguments of the audit that a zone of the lab is for."""
    from tests.lab.zones import zones

    return ("check", *next(line for zone in zones().values() for line in zone.audits if line.startswith(domain)).split())


def enter() -> None:
    """Start the program anew where the lab is the system's resolver."""
    if os.environ.get(_INSIDE):
        return
    if os.geteuid() != 0 or not shutil.which("unshare"):
        sys.exit("benchmarks need root and unshare(1): they put the DNS lab on port 53, as the system's resolver")
    with tempfile.NamedTemporaryFile("w", prefix="resolv", delete=False) as file:
        file.write(f"nameserver {RESOLVER}\noptions edns0\n")
    module = sys.modules["__main__"].__spec__
    assert module
    script = 'mount --bind "$1" /etc/resolv.conf && rm "$1" && shift && exec "$@"'
    inner = (sys.executable, "-m", module.name, *sys.argv[1:])
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", ("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", file.name, *inner))  # noqa: S606, S607


class Stage:
    """Entered, the lab answers at port 53."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._relay: subprocess.Popen[str]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stage"))
            lab = stack.enter_context(Lab(Path(folder)))
            routes = json.dumps([(address, *server) for address, server in lab.routes.items()])
            command = (sys.executable, "-m", "tests.lab.relay", routes, "53")
            self._relay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
            stack.callback(self._end)
            assert self._relay.stdout
            if self._relay.stdout.readline().strip() != "53":
                raise RuntimeError("the relay does not start on port 53")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.close()
        self._relay.wait(10)
        self._relay.stdout.close()

    def seen(self, weather: Weather | None = None) -> list[Question]:
        """Return the questions that came since the last call, and let the weather change."""
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.write(json.dumps(asdict(weather or Weather())) + "\n")
        self._relay.stdin.flush()
        return [Question(*row) for row in json.loads(self._relay.stdout.readline())]


def line(what: str, value: str, target: str, *, met: bool) -> None:
    """Print one figure beside its target."""
    print(f"{what:<58} {value:>22}   {target:<16} {'ok' if met else 'MISSED'}", flush=True)
