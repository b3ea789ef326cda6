"""`maildoctor aws-policy`: what the AWS credentials must permit."""

from __future__ import annotations

from maildoctor.cli import options


def aws_policy(select: options.Select = None, ignore: options.Ignore = None) -> int:
    """Print the least IAM policy with which AWS tells all that the checks look at, as JSON. Offline."""
    import sys
    from json import dumps

    from maildoctor.cli import output
    from maildoctor.cli.refused import Refused
    from maildoctor.cli.told import words
    from maildoctor.policy import actions, policy
    from maildoctor.registry import choose

    checks = choose(words(select or ()), words(ignore or ()))
    if not actions(checks):
        raise Refused("these checks ask AWS nothing, so they need no policy")
    output.Standard(sys.stdout).write(dumps(policy(checks), indent=2) + "\n")
    return 0
