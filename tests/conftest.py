"""What holds for every test: no socket is opened, unless the test says that it works on loopback."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator, Iterator
from typing import Any, NoReturn, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from maildoctor.registry import catalogue

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("quick", max_examples=3, deadline=None, database=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("usual", max_examples=10, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=300, deadline=None, database=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

catalogue()  # so that a test which takes single facts finds those that they need

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)
_INTERNET = (socket.AF_INET, socket.AF_INET6)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every socket, but those of tests marked `loopback`, and these only to loopback."""
    if not request.node.get_closest_marker("loopback"):
        # The class stays in its place, because libraries that are imported meanwhile name it in their annotations.
        monkeypatch.setattr(socket.socket, "__init__", _refuse)
        return
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: Any) -> None:
        if self.family in _INTERNET and not (address[0] == "::1" or address[0].startswith("127.")):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)


def _refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise AssertionError("a test that is not marked `loopback` opened a socket")


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the AWS credentials of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, "/nonexistent/aws")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def _running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from tests.lab import servers
    from tests.lab.lab import Lab

    if missing := servers.missing():
        pytest.skip(f"the DNS lab needs: apt-get install {' '.join(missing)}")
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(_running_lab: Any) -> Any:
    """The DNS lab, in calm weather."""
    _running_lab.calm()
    return _running_lab


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the servers' logs where a test of the lab failed."""
    report = yield
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.failed and lab is not None:
        report.sections.append((f"DNS lab in {lab.folder}", lab.logs()))
    return _skips_nothing(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Treat a module that skips itself as a test that does."""
    return _skips_nothing((yield))


def _skips_nothing(report: _Report) -> _Report:
    """Let a skipped test fail where nothing may be missing: in CI a skip would hide that something was never tested."""
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
