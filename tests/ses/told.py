"""What a story says of AWS: its aws blocks, and the healthy account that lies under them.

    ```aws sesv2 GetEmailIdentity EmailIdentity=shop.example eu-west-1
    {"VerifiedForSendingStatus": true}
    ```

The region may be left out: it is us-east-1 then, or none for services that have none. The answer is JSON, checked against the
model of AWS, or `error CODE MESSAGE` (`error AccessDeniedException`), which is understood as the program understands it.
A story without such a block has no AWS credentials. What its blocks do not tell, `fixtures/world/account.aws` does, for every
region.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maildoctor.ask import Aws, AwsAnswer, Question, Result, Source, Unasked
from maildoctor.operations import allowed
from maildoctor.sources.aws_errors import NO_CREDENTIALS, absent, explained

WORLD = Path(__file__).parent.parent.parent / "fixtures" / "world" / "account.aws"
NOWHERE = ("configuration", "iam", "route53", "s3", "sts")
"""Services that are asked without a region."""

_BLOCK = re.compile(r"^```aws +(?P<line>.*)\n(?P<text>(?:(?!```).*\n)*)```$", re.MULTILINE)


@dataclass(frozen=True)
class Refused:
    """An error response: its code and message."""

    code: str
    message: str


Said = AwsAnswer | Refused


def block(line: str, text: str) -> tuple[Aws, Said]:
    """Read one aws block."""
    service, name, *words = shlex.split(line)
    operation = allowed().get((service, name))
    assert operation, f"AWS is never asked {service} {name}: see maildoctor/operations.py"
    given = dict(word.split("=", 1) for word in words if "=" in word)
    regions = [word for word in words if "=" not in word] or ["" if service in NOWHERE else "us-east-1"]
    assert len(regions) == 1, f"more than one region: {line}"
    said = _said(text.strip())
    if service == "configuration":
        return operation(regions[0]), said
    from tests.ses import shapes

    question = operation(regions[0], **shapes.typed(service, name, given))
    shape = shapes.operation(service, name).output_shape
    wrong = [] if isinstance(said, Refused) else list(shapes.complaints(shape, json.loads(text), request=False))
    assert not wrong, f"{line}: {'; '.join(wrong)}"
    return question, said


def _said(text: str) -> Said:
    if not text.startswith("error "):
        return AwsAnswer.of(json.loads(text))
    _, code, message = f"{text} ".split(" ", 2)
    return Refused(code, message.strip())


@cache
def world() -> Mapping[tuple[str, str], Said]:
    """What every account says, whatever is asked of it and in whichever region."""
    blocks = (block(match["line"], match["text"]) for match in _BLOCK.finditer(WORLD.read_text("utf-8")))
    return {(question.service, question.operation): said for question, said in blocks}


@dataclass(frozen=True)
class Told:
    """A source: what a story says of AWS, and `below` for all that is not AWS."""

    said: Mapping[Aws, Said]
    below: Source

    def ask(self, question: Question) -> Result | None:
        """Answer at once."""
        if not isinstance(question, Aws):
            return self.below.ask(question)
        if not self.said:
            return NO_CREDENTIALS
        return absent(question) or result(question, self.find(question))

    def find(self, question: Aws) -> Said | None:
        """Return what is told about a question, here or in every account."""
        return self.said.get(question) or world().get((question.service, question.operation))

    def answers(self) -> Mapping[Question, Result]:
        """Nothing is ever under way."""
        return {}


def result(question: Aws, said: Said | None) -> Result:
    """Return what the program makes of it."""
    if isinstance(said, Refused):
        return explained(question, said.code, said.message)
    return said or Unasked(f"the story does not tell: {question}")
