"""`maildoctor check` as a user runs it, against the servers of the lab."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maildoctor.cli.app import run
from maildoctor.sources.dns import DnsSource
from tests.lab.lab import Lab
from tests.lab.ports import free_port
from tests.lab.zones import zones

pytestmark = [
    pytest.mark.loopback,
    # The program leaves its sockets to its end, which does not come here.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


def arguments(domain: str) -> list[str]:
    return next(line for zone in zones().values() for line in zone.audits if line.startswith(domain)).split()


@pytest.fixture(autouse=True)
def _nothing_left_for_other_tests() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def _servers_at_the_port_of_the_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root, name servers cannot listen where the world expects them."""
    monkeypatch.setitem(DnsSource.__init__.__kwdefaults__ or {}, "port", lab.port)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    report = json.loads(capsys.readouterr().out)
    report["run"] = None
    return report


@pytest.mark.usefixtures("_servers_at_the_port_of_the_lab")
@pytest.mark.parametrize(
    ("domain", "code"), [("bakery.example", 0), ("vault.example", 0), ("garden.example", 1), ("quarry.example", 3)]
)
def test_an_audit_its_recording_and_its_exit_code(
    lab: Lab, capsys: pytest.CaptureFixture[str], tmp_path: Path, domain: str, code: int
) -> None:
    path = tmp_path / "recorded.json"
    assert run(["check", *arguments(domain), "--resolver", lab.resolver, "--record", str(path), "-f", "json"]) == code
    live = told(capsys)
    assert run(["check", "--bundle", str(path), "-f", "json"]) == code
    assert told(capsys) == live


@pytest.mark.usefixtures("_servers_at_the_port_of_the_lab")
@pytest.mark.parametrize("domain", ["tower.example", "clock.example"])
def test_a_zone_that_does_not_validate_is_the_one_thing_said(lab: Lab, capsys: pytest.CaptureFixture[str], domain: str) -> None:
    run(["check", *arguments(domain), "--resolver", lab.resolver, "-f", "json"])
    outcomes = told(capsys)["outcomes"]
    assert [outcome["check"] for outcome in outcomes if outcome["findings"]] == ["dns-dnssec-bogus"]


@pytest.fixture
def silence() -> Iterator[str]:
    """A resolver that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def test_without_an_answer_the_report_is_printed_by_the_deadline(silence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "bakery.example", "--resolver", silence, "--timeout", "0.3", "-f", "json"]) == 3
    statuses = {outcome["status"] for outcome in told(capsys)["outcomes"]}
    assert "unknown" in statuses
    assert statuses.isdisjoint({"fail", "warn", "note", "crash"})


def test_the_program_says_that_no_resolver_can_be_reached() -> None:
    nobody = f"127.0.0.1:{free_port('127.0.0.1')}"
    command = [sys.executable, "-m", "maildoctor", "check", "bakery.example", "--resolver", nobody]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own
    assert ran.returncode == 3
    assert "bakery.example" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
