"""What must not leave an account is taken out where it comes in, and alike everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from maildoctor.sources.redaction import Redaction

OWN, OTHER = "481516234201", "481516234202"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"Account": OWN}, {"Account": "000000000001"}),
        ({"Arn": f"arn:aws:iam::{OWN}:user/x"}, {"Arn": "arn:aws:iam::000000000001:user/x"}),
        ([f"inbox-{OWN}", OTHER, OWN], ["inbox-000000000001", "000000000002", "000000000001"]),
        ({"Policy": f'{{"aws:Referer": "{OWN}"}}'}, {"Policy": '{"aws:Referer": "000000000001"}'}),
        ({f"policy-{OWN}": 1}, {"policy-000000000001": 1}),
        ({"SerialNumber": 481516234201, "Serial": "4815162342010"}, {"SerialNumber": 481516234201, "Serial": "4815162342010"}),
        ({"RoleId": "AROAPLANTEDROLEID001", "Text": "key AKIAPLANTEDKEYID0001."}, {"RoleId": "KEY", "Text": "key KEY."}),
        (
            {"Details": {"AdditionalContactEmailAddresses": ["a@owner.example"], "MailType": "MARKETING"}},
            {"Details": {"MailType": "MARKETING"}},
        ),
        ({"Tags": [{"Key": "owner", "Value": "Ann"}], "Ok": True, "Rate": 0.5, "No": None}, {"Ok": True, "Rate": 0.5, "No": None}),
    ],
)
def test_what_is_kept_of_an_answer(said: Any, kept: Any) -> None:
    assert Redaction().data(said) == kept


def test_a_question_goes_out_with_the_true_id() -> None:
    redaction = Redaction()
    arn = f"arn:aws:lambda:eu-west-1:{OWN}:function:inbox"
    shown = redaction.data({"FunctionArn": arn, "Names": [arn]})
    assert OWN not in str(shown)
    assert redaction.restored(shown) == {"FunctionArn": arn, "Names": [arn]}
    assert redaction.restored({"Name": "000000000009"}) == {"Name": "000000000009"}
