"""Custom MAIL FROM: whether there is a name to judge at all."""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor.ask import ExplainedBy, NotAsked
from maildoctor.registry import fact
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.mail_from import MailFrom, MailFromName


@dataclass(frozen=True)
class MailFromFound:
    """There is a MAIL FROM name to judge: it was told, or found."""

    names: tuple[MailFromName, ...]


@fact
def mail_from_found(mail_from: MailFrom, ses_sending: Applies) -> MailFromFound:
    """The MAIL FROM names, of a domain that sends through SES."""
    if not mail_from.names:
        if mail_from.unset:
            raise ExplainedBy("mail-from-not-set")
        tried = ", ".join(name.partition(".")[0] for name in mail_from.tried)
        raise NotAsked(f"no MAIL FROM name is known (--mail-from); none was found under the usual names: {tried}")
    return MailFromFound(mail_from.names)
