"""NSD and Unbound as child processes, in a folder of their own, on loopback, unprivileged or as root alike."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query

from tests.lab.zones import LAME, LabZone

PRIMARIES = ("127.53.0.1", "127.53.0.2")
FORGOTTEN = "127.53.0.3"
RESOLVER = "127.53.0.53"
_PATIENCE = 20.0


def missing() -> tuple[str, ...]:
    """Return the Debian packages that the lab needs and this machine has not."""
    return tuple(program for program in ("nsd", "unbound") if not _program(program))


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class Server:
    """One child process and its log. Entering waits until it answers."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], at: tuple[str, int], config: str) -> None:
        self.folder = folder
        self.at = at
        self.log = folder / "log"
        self._config = folder / "conf"
        self._config.write_text(config, "utf-8")
        self._arguments = (_program(arguments[0]) or arguments[0], *arguments[1:], "-c", str(self._config))
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self) -> None:
        query = dns.message.make_query(".", "SOA")
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                dns.query.udp(query, self.at[0], port=self.at[1], timeout=0.2)
            except (dns.exception.Timeout, OSError):
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"{self._arguments[0]} does not start, see {self.log}:\n{self.log.read_text('utf-8', 'replace')}")


def nsd(folder: Path, addresses: Iterable[str], port: int, zones: Mapping[str, LabZone]) -> Server:
    """Return an authoritative server for some zones. For all others it answers REFUSED."""
    folder.mkdir()
    addresses = tuple(addresses)
    for number, zone in enumerate(zones.values()):
        text = f"$ORIGIN {zone.origin}\n$TTL 300\n{zone.text}"
        (folder / f"{number}.zone").write_text(text, "utf-8")
    config = f"""server:
{_lines("  ip-address: {}", addresses)}  port: {port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
  hide-version: yes
remote-control:
  control-enable: no
"""
    config += "".join(
        f'zone:\n  name: "{zone.origin}"\n  zonefile: "{number}.zone"\n' for number, zone in enumerate(zones.values())
    )
    return Server(folder, ("nsd", "-d"), (addresses[0], port), config)


def unbound(folder: Path, port: int, authority: int, zones: Mapping[str, LabZone], anchor: str) -> Server:
    """Return a validating resolver that finds every zone at the authoritative servers' port."""
    folder.mkdir()
    (folder / "anchor").write_text(anchor, "utf-8")
    private = (
        "10.in-addr.arpa.",
        "127.in-addr.arpa.",
        "2.0.192.in-addr.arpa.",
        "100.51.198.in-addr.arpa.",
        "113.0.203.in-addr.arpa.",
    )
    config = f"""server:
  interface: {RESOLVER}
  port: {port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/pid"
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 1
  num-threads: 1
  incoming-num-tcp: 200
  ede: yes
  trust-anchor-file: "{folder}/anchor"
  do-not-query-localhost: no
{_lines('  local-zone: "{}" nodefault', private)}remote-control:
  control-enable: no
"""
    stubs = {**dict.fromkeys(zones, PRIMARIES[0]), LAME: FORGOTTEN}
    config += "".join(f'stub-zone:\n  name: "{origin}"\n  stub-addr: {at}@{authority}\n' for origin, at in sorted(stubs.items()))
    return Server(folder, ("unbound", "-d", "-p"), (RESOLVER, port), config)


def _lines(template: str, values: Iterable[str]) -> str:
    return "".join(template.format(value) + "\n" for value in values)
