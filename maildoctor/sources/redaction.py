"""Keeps what AWS says about an account from leaving it: account ids, keys, and what nobody needs for a verdict.

It is done where answers come in. So no report, bundle or log holds what a report must not hold, and no format has to think of it.
An account id becomes 000000000001, the next one 000000000002, everywhere alike: a policy that names the account still does.
Questions that carry such an id, as part of a name that AWS gave, are asked with the true one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_KEY = re.compile(r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA|ABIA|ACCA|AGPA|ANPA)[A-Z0-9]{12,}\b")
_UNNEEDED = frozenset({"AdditionalContactEmailAddresses", "UseCaseDescription", "Tags", "UserId", "IngressPointAuthConfiguration"})


class Redaction:
    """The ids that were seen so far, and what stands for them."""

    def __init__(self) -> None:
        self.stand_ins: dict[str, str] = {}
        self.true: dict[str, str] = {}
        self._lock = Lock()

    def data(self, value: Any) -> Any:
        """Return what AWS said without what must not be kept."""
        if isinstance(value, Mapping):
            return {self.text(name): self.data(item) for name, item in value.items() if name not in _UNNEEDED}
        return self._each(value, self.data, self.text)

    def text(self, text: str) -> str:
        """Return a text with stand-ins for account ids and without key ids."""
        return _KEY.sub("KEY", _ACCOUNT.sub(self._stand_in, text))

    def restored(self, value: Any) -> Any:
        """Return the parameters of a question with the true ids in place of stand-ins."""
        if isinstance(value, Mapping):
            return {name: self.restored(item) for name, item in value.items()}
        return self._each(value, self.restored, lambda text: _ACCOUNT.sub(lambda found: self.true.get(found[0], found[0]), text))

    @staticmethod
    def _each(value: Any, inner: Callable[[Any], Any], text: Callable[[str], str]) -> Any:
        if isinstance(value, (list, tuple)):
            return [inner(item) for item in value]
        return text(value) if isinstance(value, str) else value

    def _stand_in(self, found: re.Match[str]) -> str:
        with self._lock:
            if found[0] not in self.stand_ins:
                self.stand_ins[found[0]] = f"{len(self.stand_ins) + 1:012}"
                self.true[self.stand_ins[found[0]]] = found[0]
            return self.stand_ins[found[0]]
