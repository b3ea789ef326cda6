"""The live world: DNS and AWS side by side, and whoever answers first is heard first."""

from __future__ import annotations

import os

import pytest

from maildoctor.ask import AwsAnswer, DnsAnswer, Unasked
from maildoctor.operations import GET_ACCOUNT
from maildoctor.sources.aws import AwsSource
from maildoctor.sources.live import Live
from maildoctor.sources.zonefile import ZoneFiles
from tests.ses.server import Mood, environment, serving
from tests.ses.told import Told
from tests.sources.nameserver import serve
from tests.sources.test_dns import TXT, good, silent, source

HERE = GET_ACCOUNT("eu-west-1")


@pytest.fixture
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.mark.loopback
@pytest.mark.usefixtures("_only_loopback")
def test_dns_waits_for_no_answer_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(good) as server, serving(Told({}, ZoneFiles(())), Mood(delay=0.3)) as ses:
        for name, value in environment(ses.url).items():
            monkeypatch.setenv(name, value)
        with Live(source(server), AwsSource(timeout=8.0, pace=0.0)) as live:
            assert live.ask(HERE) is None
            assert live.ask(TXT) is None
            heard = [question.kind for _ in range(2) for question in live.answers()]
            assert heard == ["dns", "aws"]


@pytest.mark.loopback
@pytest.mark.usefixtures("_only_loopback")
def test_aws_is_heard_while_dns_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(silent) as server, serving(Told({}, ZoneFiles(()))) as ses:
        for name, value in environment(ses.url).items():
            monkeypatch.setenv(name, value)
        with Live(source(server, patience=8.0), AwsSource(timeout=8.0, pace=0.0)) as live:
            assert live.ask(TXT) is None
            assert live.ask(HERE) is None
            answers = live.answers()
            assert list(answers) == [HERE]
            assert isinstance(answers[HERE], AwsAnswer)


@pytest.mark.loopback
def test_without_aws_only_the_dns_is_asked() -> None:
    with serve(good) as server, Live(source(server)) as live:
        assert live.ask(HERE) == Unasked("AWS was not asked: --no-aws")
        assert live.ask(TXT) is None
        assert isinstance(live.answers()[TXT], DnsAnswer)
