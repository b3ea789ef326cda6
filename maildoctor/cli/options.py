"""The options of `check`. The environment can give each of them too: `--mail-from` as MAILDOCTOR_MAIL_FROM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

PREFIX = "MAILDOCTOR_"
VARIABLES: list[str] = []
"""What the environment can say: one name for each option."""


def _option(*names: str, **more: Any) -> Any:
    long = next(name for name in names if name.startswith("--"))
    variable = PREFIX + long.partition("/")[0].removeprefix("--").upper().replace("-", "_")
    VARIABLES.append(variable)
    return typer.Option(*names, envvar=variable, show_envvar=False, show_default=False, **more)


_Texts = list[str] | None

Domains = Annotated[_Texts, typer.Argument(metavar="[DOMAIN]...", show_default=False, help="Default: those of the configuration.")]
Roles = Annotated[
    _Texts, _option("--role", metavar="ROLE", help="Its use: send, receive, bulk, direct, parked. Default: found out.")
]
Regions = Annotated[_Texts, _option("--region", metavar="REGION", help="A region of SES that it uses, or all. Default: found out.")]
Aws = Annotated[bool | None, _option("--aws/--no-aws", help="Ask AWS too. Default: if there are credentials.")]
Profile = Annotated[str, _option("--aws-profile", metavar="PROFILE", help="The profile of the AWS configuration to use.")]
Tokens = Annotated[_Texts, _option("--dkim-token", metavar="TOKEN", help="An Easy DKIM token of SES, or a selector of your own.")]
MailFrom = Annotated[str, _option("--mail-from", metavar="NAME", help="The custom MAIL FROM domain.")]
Author = Annotated[str, _option("--from", metavar="ADDRESS", help="The address in From, if it is not at the domain.")]
Senders = Annotated[_Texts, _option("--sender-ip", metavar="ADDRESS", help="A host of your own that sends its mail.")]
Zones = Annotated[list[Path] | None, _option("--zone", metavar="FILE", help="Answer from this zone file, offline.")]
Record = Annotated[Path | None, _option("--record", metavar="FILE", help="Write every question and answer to a file.")]
Bundle = Annotated[Path | None, _option("--bundle", metavar="FILE", help="Answer from such a file.")]
Example = Annotated[bool, _option("--example", help="Audit the broken domain that ships with the program, offline.")]
Resolvers = Annotated[_Texts, _option("--resolver", metavar="ADDRESS", help="The DNS resolver to ask. Default: the system's.")]
Select = Annotated[_Texts, _option("--select", metavar="CHECK", help="Only these checks, by id or first words: dkim,dmarc.")]
Ignore = Annotated[_Texts, _option("--ignore", metavar="CHECK", help="All checks but these.")]
FailOn = Annotated[str, _option("--fail-on", metavar="SEVERITY", help="What makes exit code 1: fail (default), warn, never.")]
ExitZero = Annotated[bool, _option("--exit-zero", help="End with 0 where findings would make it 1.")]
Formats = Annotated[_Texts, _option("-f", "--format", metavar="FORMAT[=FILE]", help="text (default), concise or json.")]
Timeout = Annotated[float | None, _option("--timeout", metavar="SECONDS", help="Deadline of the whole run. Default: 20.")]
Verbose = Annotated[int, _option("-v", "--verbose", count=True, help="Also what passed, and whole records; -vv every question.")]
Quiet = Annotated[bool, _option("-q", "--quiet", help="Failures only.")]
Color = Annotated[str, _option("--color", metavar="WHEN", help="auto (default), always, never.")]
Debug = Annotated[bool, _option("--debug", help="Show where an error of the program comes from.")]
