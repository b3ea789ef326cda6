"""The configuration set that an identity sends with, and who hears of bounces and complaints.

Only the set that the identity names is looked at: senders may name another one with each message, and nobody but they know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import names
from maildoctor.ask import Ask, DoesNotApply, Reply, each, sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.operations import (
    GET_CONFIGURATION_SET,
    GET_DEDICATED_IPS,
    GET_EVENT_DESTINATIONS,
    GET_IDENTITY_NOTIFICATION_ATTRIBUTES,
)
from maildoctor.registry import check, fact
from maildoctor.subjects.ses import Identities, Identity
from maildoctor.subjects.ses_account import ENFORCEMENT, REASONS, command

GET_SET = "SES API v2: GetConfigurationSet"


@dataclass(frozen=True)
class ConfigurationSet:
    """A configuration set that an identity names. `reply`: GetConfigurationSet; `destinations`: of its events."""

    region: str
    name: str
    reply: Reply
    destinations: Reply

    @property
    def place(self) -> str:
        """The set and where it is."""
        return f"the configuration set {self.name} in {self.region}"

    def command(self, verb: str, *words: str) -> str:
        """Return a command of the AWS CLI about this set."""
        return command(self.region, verb, "--configuration-set-name", self.name, *words)

    def options(self, kind: str) -> Mapping[str, Any]:
        """Return one group of its options, empty where it has none."""
        return self.reply.data.get(f"{kind}Options") or {}

    @property
    def events(self) -> frozenset[str]:
        """The kinds of events that are told to somebody."""
        rows = self.destinations.data.get("EventDestinations") or ()
        return frozenset(kind for row in rows if row.get("Enabled", True) for kind in row.get("MatchingEventTypes") or ())


@fact
def configuration_sets(ask: Ask, identities: Identities) -> tuple[ConfigurationSet, ...]:
    """The configuration sets that the identities of the domain name; often there is none."""
    named = [(identity.region, str(identity.data.get("ConfigurationSetName") or "")) for identity in identities.found]
    return tuple(
        ConfigurationSet(
            region,
            name,
            ask(GET_CONFIGURATION_SET(region, ConfigurationSetName=name)),
            ask(GET_EVENT_DESTINATIONS(region, ConfigurationSetName=name)),
        )
        for region, name in dict.fromkeys(named)
        if name
    )


def _used(configuration_sets: tuple[ConfigurationSet, ...]) -> tuple[ConfigurationSet, ...]:
    if not configuration_sets:
        raise DoesNotApply("no SES identity of the domain names a configuration set")
    return configuration_sets


@check("ses-configuration-set-off", Severity.FAIL, GET_SET)
def ses_configuration_set_off(configuration_sets: tuple[ConfigurationSet, ...]) -> Iterator[Finding]:
    """The configuration set that the identity sends with is allowed to send.

    Sending can be switched off for one configuration set alone. The account and the identity look well then, and SES refuses the
    mail that names this set or takes it by default.
    """
    for one in sift(lambda one: one.options("Sending").get("SendingEnabled") is False, _used(configuration_sets)):
        yield Finding(
            f"sending is switched off for {one.place}",
            where=one.region,
            found=("SendingEnabled: false",),
            expected=("SendingEnabled: true",),
            remedy=Remedy(
                "When the reason is mended, switch it on:",
                commands=(one.command("put-configuration-set-sending-options", "--sending-enabled"),),
            ),
        )


@check("ses-tls-policy", Severity.NOTE, "SES developer guide: security-protocols", GET_SET)
def ses_tls_policy(configuration_sets: tuple[ConfigurationSet, ...]) -> Iterator[Finding]:
    """The configuration set does not drop mail to hosts without TLS.

    SES encrypts wherever the receiving host can. With the policy REQUIRE it drops what it could only send in clear text, which is
    right for confidential mail, and a loss without a trace for all other.
    """
    for one in sift(lambda one: one.options("Delivery").get("TlsPolicy") == "REQUIRE", _used(configuration_sets)):
        yield Finding(
            f"{one.place} drops mail to hosts without TLS",
            where=one.region,
            found=("TlsPolicy: REQUIRE",),
            expected=("TlsPolicy: OPTIONAL, unless mail had better be lost than read",),
            remedy=Remedy("If that is not intended, set the TLS policy of the configuration set to Optional."),
            severity=Severity.WARN,
        )


@check("ses-tracking-domain-shared", Severity.WARN, "SES developer guide: configure-custom-open-click-domains", GET_SET)
def ses_tracking_domain_shared(configuration_sets: tuple[ConfigurationSet, ...]) -> Iterator[Finding]:
    """Links and pixels for tracking use a domain of the sender's, over HTTPS.

    To count openings and clicks, SES rewrites links. Without a domain of one's own they lead to one that all customers of SES
    share, spammers among them; and by default the pixel is fetched without encryption, which mail programs warn of.
    """
    for one in sift(lambda one: not one.events.isdisjoint(("OPEN", "CLICK")), _used(configuration_sets)):
        options = one.options("Tracking")
        domain, policy = str(options.get("CustomRedirectDomain") or ""), str(options.get("HttpsPolicy") or "OPTIONAL")
        if not domain:
            yield Finding(
                f"{one.place} counts openings or clicks with links to a domain that all customers of SES share",
                where=one.region,
                found=(f"no CustomRedirectDomain; events: {', '.join(sorted(one.events))}",),
                expected=("a CustomRedirectDomain of your own, with HttpsPolicy REQUIRE",),
                remedy=Remedy(
                    "Give the configuration set a redirect domain of your own, served over HTTPS, or count no openings and clicks."
                ),
            )
        elif policy != "REQUIRE":
            words = ("--custom-redirect-domain", domain, "--https-policy", "REQUIRE")
            yield Finding(
                f"{one.place} does not fetch its tracking pixel, or not all its links, over HTTPS",
                where=one.region,
                found=(f"HttpsPolicy: {policy}",),
                expected=("HttpsPolicy: REQUIRE",),
                remedy=Remedy(
                    "Once a certificate for the redirect domain is in place:",
                    commands=(one.command("put-configuration-set-tracking-options", *words),),
                ),
            )


@dataclass(frozen=True)
class Pool:
    """The dedicated addresses that a configuration set sends from."""

    used_by: ConfigurationSet
    name: str
    reply: Reply


@fact
def dedicated_pools(ask: Ask, configuration_sets: tuple[ConfigurationSet, ...]) -> tuple[Pool, ...]:
    """The pools that configuration sets name: only they call for a look at dedicated addresses."""
    pools = tuple(pool for pool in each(lambda one: _pool(ask, one), configuration_sets) if pool)
    if not pools:
        raise DoesNotApply("no configuration set of the domain names a pool of dedicated addresses")
    return pools


def _pool(ask: Ask, one: ConfigurationSet) -> Pool | None:
    name = str(one.options("Delivery").get("SendingPoolName") or "")
    return Pool(one, name, ask(GET_DEDICATED_IPS(one.region, PoolName=name))) if name else None


@check("ses-dedicated-ip-cold", Severity.NOTE, "SES developer guide: dedicated-ip-warming", "SES API v2: GetDedicatedIps")
def ses_dedicated_ip_cold(dedicated_pools: tuple[Pool, ...]) -> Iterator[Finding]:
    """The dedicated addresses that send the mail are warmed up.

    Mailbox providers know nothing of a new address, and limit or refuse what comes from it in bulk. Its volume has to grow over
    some weeks.
    """
    for pool in dedicated_pools:
        cold = [row for row in pool.reply.data.get("DedicatedIps") or () if row.get("WarmupStatus") == "IN_PROGRESS"]
        if cold:
            yield Finding(
                f"{len(cold)} dedicated address{'es' if len(cold) > 1 else ''} of the pool {pool.name}, from which "
                f"{pool.used_by.place} sends, {'are' if len(cold) > 1 else 'is'} not warmed up yet",
                where=pool.used_by.region,
                found=tuple(f"{row.get('Ip', '')}: {row.get('WarmupPercentage', 0)} %" for row in cold),
                expected=("WarmupStatus: DONE",),
                remedy=Remedy("Let the volume grow slowly until the warm-up is done, and begin with the recipients who read most."),
            )


@dataclass(frozen=True)
class Feedback:
    """Who hears of bounces and complaints about an identity. `topics` is None where SES forwards them by e-mail."""

    identity: Identity
    topics: Reply | None

    @property
    def heard(self) -> frozenset[str]:
        """What reaches a topic of SNS."""
        if self.topics is None:
            return frozenset(REASONS)
        attributes = self.topics.data.get("NotificationAttributes") or {}
        topics = attributes.get(names.bare(self.identity.name)) or {}
        return frozenset(kind for kind in REASONS if topics.get(f"{kind.title()}Topic"))


@fact
def feedback(ask: Ask, identities: Identities) -> tuple[Feedback, ...]:
    """Look for topics, but only where feedback is not forwarded by e-mail, which alone is enough."""
    return tuple(_feedback(ask, identity) for identity in identities.found)


def _feedback(ask: Ask, identity: Identity) -> Feedback:
    if identity.data.get("FeedbackForwardingStatus") is not False:
        return Feedback(identity, None)
    question = GET_IDENTITY_NOTIFICATION_ATTRIBUTES(identity.region, Identities=[names.bare(identity.name)])
    return Feedback(identity, ask(question))


_FORWARD = "--email-forwarding-enabled"


@check("ses-feedback-unheard", Severity.WARN, ENFORCEMENT, "SES developer guide: monitor-sending-activity-using-notifications")
def ses_feedback_unheard(feedback: tuple[Feedback, ...], configuration_sets: tuple[ConfigurationSet, ...]) -> Iterator[Finding]:
    """Bounces and complaints reach somebody.

    AWS expects that whoever bounces or complains is written to no more. If SES neither forwards such feedback by e-mail nor hands
    it to a topic or an event destination, nobody learns of it before AWS puts the account under review.
    """
    for one in feedback:
        events = {kind for other in configuration_sets if other.region == one.identity.region for kind in other.events}
        missing = [kind for kind in REASONS if kind not in one.heard and kind not in events]
        if not missing:
            continue
        name, region = names.bare(one.identity.name), one.identity.region
        yield Finding(
            f"nobody hears of the {' and '.join(kind.lower() + 's' for kind in missing)} of mail from {name} in {region}",
            where=one.identity.name,
            found=(f"FeedbackForwardingStatus: false; no topic and no event destination for {', '.join(missing)}",),
            expected=("forwarding by e-mail, or an SNS topic or event destination for BOUNCE and COMPLAINT",),
            remedy=Remedy(
                "Let SES forward them to the sender's address, or set up a topic or an event destination:",
                commands=(command(region, "put-email-identity-feedback-attributes", "--email-identity", name, _FORWARD),),
            ),
            severity=Severity.FAIL if len(missing) == len(REASONS) else None,
        )
