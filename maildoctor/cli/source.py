"""Who answers: the DNS, zone files, a recorded bundle, or the example that ships with the program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maildoctor import names
from maildoctor.ask import Source
from maildoctor.cli.names_given import domain as domain_given
from maildoctor.cli.names_given import shown
from maildoctor.cli.refused import Refused, near
from maildoctor.cli.told import Told, words
from maildoctor.config import Configuration
from maildoctor.model import Waiver
from maildoctor.settings import Domain, Settings

if TYPE_CHECKING:
    from maildoctor.sources.aws import AwsSource

SECONDS = 20.0
"""The default deadline: four times what resolvers usually take to give up on a dead server."""
_FOR_THE_DNS = 2.0


NO_CREDENTIALS = "--aws: no AWS credentials were found; try: aws configure, or give --aws-profile"


@dataclass(frozen=True)
class Audit:
    """One audit to be run. `resolver` says who answers, for the report."""

    domain: Domain
    settings: Settings
    source: Source
    now: datetime
    resolver: str
    aws: bool = False
    """Whether AWS must be asked, so that to have no credentials is an error."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for: the domains, and who is to answer."""

    domains: tuple[str, ...]
    told: Told
    zones: tuple[Path, ...] = ()
    bundle: Path | None = None
    example: bool = False
    resolvers: tuple[str, ...] = ()
    timeout: float | None = None
    aws: bool | None = None
    profile: str = ""

    def over(self, given: Mapping[str, Any]) -> Asked:
        """Return this, and what the configuration says where the command line says nothing. Raises `Refused`."""
        seconds = given.get("timeout", SECONDS) if self.timeout is None else self.timeout
        if not 0 < seconds < math.inf:
            raise Refused("--timeout wants a number of seconds above 0")
        if (self.aws or self.profile) and (self.zones or self.bundle or self.example):
            raise Refused("--zone, --bundle and --example ask nobody; --aws and --aws-profile do not go with them")
        return replace(
            self,
            resolvers=tuple(words(self.resolvers or given.get("resolver", ()))),
            timeout=float(seconds),
            aws=given.get("aws") if self.aws is None else self.aws,
            profile=self.profile or given.get("aws-profile", ""),
        )

    def audits(self, configuration: Configuration) -> tuple[Audit, ...]:
        """Return the audits to run, in order. Raises what says why there is none."""
        if sum((bool(self.zones), bool(self.bundle), self.example)) > 1:
            raise Refused("--zone, --bundle and --example each say who answers; give one of them")
        waivers = tuple(_waivers(configuration))
        if self.bundle:
            return (self._replay(self.bundle, waivers),)
        if self.example:
            return (_example(self.told, self.domains),)
        wanted = [(_domain, settings) for _domain, settings in self._wanted(configuration, waivers)]
        if self.zones:
            return tuple(_all_offline(wanted, self.zones))
        return tuple(self._live(wanted))

    def _wanted(self, configuration: Configuration, waivers: tuple[Waiver, ...]) -> Iterator[tuple[Domain, Settings]]:
        configured = {domain_given(name).name: told for name, told in configuration.domains.items()}
        domains = [domain_given(word) for word in self.domains] or [domain_given(name) for name in configuration.domains]
        if not domains:
            raise Refused("no domain given, and none configured; try: maildoctor check example.com, or maildoctor check --example")
        for domain in dict.fromkeys(domains):
            yield domain, self.told.over(configured.get(domain.name, {})).settings(domain, waivers)

    def _replay(self, path: Path, waivers: tuple[Waiver, ...]) -> Audit:
        from maildoctor.sources import bundle

        recorded = bundle.load(path)
        for word in self.domains:
            if domain_given(word).name != recorded.domain.name:
                raise Refused(f"{path} holds the answers about {names.bare(recorded.domain.name)}, not about {word}")
        settings = replace(recorded.settings, waivers=waivers)
        return Audit(recorded.domain, settings, recorded, recorded.now, f"the bundle {path.name}")

    def _live(self, wanted: list[tuple[Domain, Settings]]) -> Iterator[Audit]:
        from maildoctor.sources import dns, resolvers
        from maildoctor.sources.live import Live

        try:
            asked = [resolvers.parse(word) for word in self.resolvers]
        except ValueError as error:
            raise Refused(f"--resolver {error}") from error
        live = Live(dns.DnsSource(asked, timeout=self.timeout or SECONDS), self._aws())
        for domain, settings in wanted:
            yield Audit(domain, settings, live, datetime.now(UTC), live.description, bool(self.aws))

    def _aws(self) -> AwsSource | None:
        """Return who asks AWS, unless that is not wanted. Raises `Refused` where it is, and cannot be."""
        from maildoctor.sources import aws

        if self.aws is False:
            return None
        if self.profile and self.profile not in (known := aws.profiles()):
            hint = near(self.profile, known) if known else "; the AWS configuration has none"
            raise Refused(f"no AWS profile is called {shown(self.profile)}{hint}")
        if self.aws and not aws.credentials_possible(self.profile):
            raise Refused(NO_CREDENTIALS)
        # What rests on SES only where it answers goes on by the DNS alone where it does not: that takes some time too.
        seconds = self.timeout or SECONDS
        return aws.AwsSource(self.profile, timeout=seconds - min(_FOR_THE_DNS, seconds / 4))


def _all_offline(wanted: list[tuple[Domain, Settings]], paths: tuple[Path, ...]) -> Iterator[Audit]:
    from maildoctor.sources import zonefile

    zones = [zonefile.ZoneFiles(zonefile.read(path, domain.name) for path in paths) for domain, _ in wanted]
    if not any(zone.holds(domain.name) for zone, (domain, _) in zip(zones, wanted, strict=True)):
        held = ", ".join(names.bare(origin) for origin in zones[0].zones)
        raise Refused(f"{_listed(paths)}: the zone of {held}, which does not hold {names.bare(wanted[0][0].name)}")
    for zone, (domain, settings) in zip(zones, wanted, strict=True):
        yield Audit(domain, settings, zone, datetime.now(UTC), _listed(path.name for path in paths))


def _listed(paths: Iterable[Path | str]) -> str:
    return ", ".join(map(str, paths))


def _example(told: Told, domains: tuple[str, ...]) -> Audit:
    """The domain of `data/example`, in which much is wrong."""
    from maildoctor import config, data
    from maildoctor.sources import zonefile

    directory = Path(next(iter(data.__path__))) / "example"
    configuration = config.find(directory)
    name, configured = next(iter(configuration.domains.items()))
    domain = domain_given(name)
    for word in domains:
        if domain_given(word) != domain:
            raise Refused(f"--example audits {name}, not {word}; leave out --example to audit {word}")
    paths = sorted(directory.glob("*.zone"))
    zones = zonefile.ZoneFiles(zonefile.read(path, names.absolute(path.stem)) for path in paths)
    settings = told.over(configured).settings(domain)
    return Audit(domain, settings, zones, datetime.now(UTC), "the zone files of the example")


def _waivers(configuration: Configuration) -> Iterator[Waiver]:
    """Return the waivers, their domains in the form that the audit knows. Raises `Refused` or `UnknownCheck`."""
    from maildoctor.registry import catalogue, choose

    for waiver in configuration.waivers:
        if waiver.check not in catalogue():
            choose([waiver.check])
            raise Refused(f"{configuration.path}: a waiver names one check, and {waiver.check!r} is several")
        yield replace(waiver, domain=names.bare(domain_given(waiver.domain).name)) if waiver.domain else waiver
