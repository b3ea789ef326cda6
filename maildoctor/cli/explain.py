"""`maildoctor explain`: one check of the catalogue, in full. Offline."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(check: Annotated[str, typer.Argument(metavar="CHECK", show_default=False, help="The id of a check.")]) -> int:
    """Say what a check tests, why it matters, how to cure it. Offline."""
    from maildoctor.cli import explanation

    return explanation.show(check)
