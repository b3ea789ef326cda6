"""What holds for every test: no socket is opened, unless the test says that it works on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every socket, but those of tests marked `loopback`, and these only to loopback."""
    if request.node.get_closest_marker("loopback"):
        connect = socket.socket.connect

        def only_loopback(self: socket.socket, address: Any) -> None:
            if (
                self.family in (socket.AF_INET, socket.AF_INET6)
                and address[0] not in ("::1",)
                and not address[0].startswith("127.")
            ):
                raise AssertionError(f"a test tried to reach {address}")
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", only_loopback)
    else:

        def refuse(*args: Any, **kwargs: Any) -> NoReturn:
            raise AssertionError("a test that is not marked `loopback` opened a socket")

        monkeypatch.setattr(socket, "socket", refuse)
    yield
