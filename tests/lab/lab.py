"""The lab: servers, their zones, and a relay before them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from maildoctor.sources.zonefile import ZoneFiles
from tests.lab import servers
from tests.lab.ports import free_port
from tests.lab.relay import Relay, Weather
from tests.lab.servers import FORGOTTEN, PRIMARIES, RESOLVER
from tests.lab.signing import sign
from tests.lab.zones import LabZone, stale, zones


class Lab:
    """Entered, it answers: `resolver` and the name servers of the zones, each at its address, all on one port, through `relay`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zones = zones()
        self.routes: dict[str, tuple[str, int]] = {}
        self.relay: Relay
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            signed, anchor = sign(self.zones.values())
            authority = free_port(*PRIMARIES, FORGOTTEN)
            stack.enter_context(servers.nsd(self.folder / "nsd", PRIMARIES, authority, signed))
            stack.enter_context(servers.nsd(self.folder / "forgotten", (FORGOTTEN,), authority, stale()))
            recursion = free_port(RESOLVER)
            stack.enter_context(servers.unbound(self.folder / "unbound", recursion, authority, signed, anchor))
            self.routes = {
                RESOLVER: (RESOLVER, recursion),
                **{address: (address, authority) for address in (*PRIMARIES, FORGOTTEN)},
            }
            self.relay = stack.enter_context(Relay(self.routes))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def port(self) -> int:
        """Where the relay listens, at the address of each server."""
        return self.relay.port

    @property
    def resolver(self) -> str:
        """The resolver, as `--resolver` takes it."""
        return f"{RESOLVER}:{self.port}"

    def calm(self) -> None:
        """Clear the sky, and forget what was seen."""
        self.relay.weather = Weather()
        self.relay.seen.clear()

    def zone_files(self) -> ZoneFiles:
        """The same zones, answered offline."""
        return ZoneFiles(zone.parse() for zone in self.zones.values())

    def audits(self) -> tuple[tuple[LabZone, str], ...]:
        """Every audit that a zone is for, as arguments of `check`."""
        return tuple((zone, audit) for zone in self.zones.values() for audit in zone.audits)

    def logs(self) -> str:
        """The last lines of what the servers logged."""
        return "\n".join(
            f"{path}:\n" + "\n".join(path.read_text("utf-8", "replace").splitlines()[-20:]) for path in self.folder.glob("*/log")
        )
