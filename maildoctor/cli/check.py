"""`maildoctor check`: the audit. What it takes is imported when it runs, so that help is there at once."""

from __future__ import annotations

from typing import TypeVar

from maildoctor.cli import options

T = TypeVar("T")


def check(
    domains: options.Domains = None,
    role: options.Roles = None,
    region: options.Regions = None,
    aws: options.Aws = None,
    aws_profile: options.Profile = "",
    dkim_token: options.Tokens = None,
    mail_from: options.MailFrom = "",
    author: options.Author = "",
    sender_ip: options.Senders = None,
    zone: options.Zones = None,
    record: options.Record = None,
    bundle: options.Bundle = None,
    example: options.Example = False,
    resolver: options.Resolvers = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOn = "",
    exit_zero: options.ExitZero = False,
    shapes: options.Formats = None,
    timeout: options.Timeout = None,
    verbose: options.Verbose = 0,
    quiet: options.Quiet = False,
    color: options.Color = "",
    debug: options.Debug = False,
) -> int:
    """Tell whether a domain's mail will be accepted and authenticated, what is wrong, and which record to publish."""
    from maildoctor.cli import gate
    from maildoctor.cli.source import Asked
    from maildoctor.cli.told import Told

    told = Told(_all(role), _all(region), _all(dkim_token), mail_from, author, _all(sender_ip))
    asked = Asked(_all(domains), told, _all(zone), bundle, example, _all(resolver), timeout, aws, aws_profile)
    shape = (_all(select), _all(ignore), _all(shapes))
    return gate.run(asked, gate.Wanted(*shape, fail_on, exit_zero, record, verbose, quiet, color, debug))


def _all(values: list[T] | None) -> tuple[T, ...]:
    return tuple(values or ())
