"""What holds for every test: no socket is opened, unless the test says that it works on loopback."""

from __future__ import annotations

import os
import socket
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("quick", max_examples=3, deadline=None, database=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("usual", max_examples=10, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=300, deadline=None, database=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

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
