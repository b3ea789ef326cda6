"""Free ports on loopback."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_port(*addresses: str) -> int:
    """Return a port that is free for UDP and TCP on all the addresses."""
    for _ in range(100):
        with ExitStack() as stack:
            port = 0
            try:
                for address in addresses:
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        bound = stack.enter_context(socket.socket(socket.AF_INET, kind))
                        bound.bind((address, port))
                        port = port or bound.getsockname()[1]
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free on all of {', '.join(addresses)}")
