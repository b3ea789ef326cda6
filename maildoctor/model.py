"""What an audit says: checks, findings, remedies, outcomes, the report. Plain frozen values; nothing here asks or judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Severity(IntEnum):
    """How bad a finding is. `FAIL` breaks delivery, authentication or a published requirement; `WARN` works but is fragile."""

    NOTE = 1
    WARN = 2
    FAIL = 3

    def __str__(self) -> str:
        return self.name.lower()


class Status(Enum):
    """The outcome of one check."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"
    CRASH = "crash"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Record:
    """One DNS record: `name` canonical, `value` the data in presentation form, `ttl` in seconds."""

    name: str
    type: str
    value: str
    ttl: int = 300

    def __str__(self) -> str:
        return f"{self.name} {self.ttl} IN {self.type} {self.value}"


@dataclass(frozen=True)
class Remedy:
    """What cures a finding: a sentence, records to publish and to delete, commands to run.

    `text` stands alone where there is nothing to copy. A record that is to be changed is deleted and published.
    """

    text: str = ""
    publish: tuple[Record, ...] = ()
    delete: tuple[Record, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """All records that the remedy touches."""
        return self.publish + self.delete


def publish(*records: Record, text: str = "") -> Remedy:
    """Return the remedy "publish these records"."""
    return Remedy(text, publish=records)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `message` names the record; `severity` None means that of the check."""

    message: str
    where: str = ""
    found: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    remedy: Remedy = Remedy()
    severity: Severity | None = None


@dataclass(frozen=True)
class Check:
    """A rule of the catalogue: a pure function of facts that yields findings. `parameters` names these facts."""

    id: str
    severity: Severity
    references: tuple[str, ...]
    function: Callable[..., Iterable[Finding]]
    parameters: tuple[str, ...]
    title: str
    explanation: str

    @property
    def subject(self) -> str:
        """What it is about: the first word of its id, or "mail-from"."""
        return "mail-from" if self.id.startswith("mail-from-") else self.id.partition("-")[0]


@dataclass(frozen=True)
class Waiver:
    """A finding that the owner has decided to live with, until `expires` (an ISO date)."""

    check: str
    reason: str
    expires: str
    domain: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one check came to. `reason` says why there is no verdict, or why it was waived."""

    check: Check
    status: Status
    findings: tuple[Finding, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Role:
    """What the domain is for ("send", "receive", "bulk", "direct", "parked") and how that is known."""

    name: str
    because: str


@dataclass(frozen=True)
class Path:
    """One way in which the domain sends mail, as a receiver computes it (RFC 7208, 6376, 9989).

    `spf`, `dkim` and `dmarc` are results in the words of RFC 8601 ("pass", "fail", "none", …), or "unknown" where it could not
    be computed. `sender` is "ses:REGION", or the address of the sending host. Alignment is None where it
    could not be told. `policy_domain` is the domain whose DMARC record holds: the author's own, or one above it.
    """

    sender: str
    author: str
    mail_from: str
    spf: str
    spf_aligned: bool | None
    dkim: str
    dkim_domain: str
    dkim_aligned: bool | None
    dmarc: str
    policy: str
    disposition: str
    because: str
    spf_detail: str = ""
    dkim_detail: str = ""
    policy_domain: str = ""


@dataclass(frozen=True)
class Account:
    """What SES says of the account in one region. None or "": it did not say. `max_24h` -1 means without limit."""

    region: str
    sandbox: bool | None = None
    sending_enabled: bool | None = None
    enforcement: str = ""
    max_24h: float | None = None
    sent_24h: float | None = None
    max_per_second: float | None = None


@dataclass(frozen=True)
class Run:
    """How the audit went. `resolver` says who answered; `seconds` is wall time."""

    started: str
    seconds: float
    resolver: str
    questions: int
    asked_twice: int = 0
    aws: int = 0
    """How many questions beside them AWS was asked. `ses`: those of them that SES answers one a second in each region."""
    ses: int = 0


@dataclass(frozen=True)
class Report:
    """Everything that an audit says about one domain."""

    domain: str
    roles: tuple[Role, ...]
    regions: tuple[str, ...]
    regions_because: str
    paths: tuple[Path, ...]
    outcomes: tuple[Outcome, ...]
    run: Run
    accounts: tuple[Account, ...] = ()
    """The SES account of the domain, region by region; none where AWS was not asked, or knows no identity of it."""
    interrupted: bool = False
    undecided: dict[str, str] = field(default_factory=dict)
    """Why roles, regions or paths could not be told, by their names."""

    def count(self, status: Status) -> int:
        """Count the outcomes with a status."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def verdict(self) -> str:
        """ "fail", "incomplete" or "pass"."""
        if self.count(Status.FAIL):
            return "fail"
        judged = sum(map(self.count, (Status.PASS, Status.WARN, Status.NOTE, Status.WAIVED)))
        if self.count(Status.UNKNOWN) or self.count(Status.CRASH) or not judged or self.interrupted:
            return "incomplete"
        return "pass"
