"""The whole `maildoctor check` process against the checkdmarc command line: the same domain, the same resolver, in turns."""

from __future__ import annotations

from tests.bench import stage
from tests.lab.relay import Weather

_RUNS = 7
_TARGETS = {50: 10.0, 20: 7.0, 0: 1.5}


def main() -> None:
    """Print the ratios, and how many questions each asks."""
    ours = (*stage.MAILDOCTOR, *stage.audit_of())
    theirs = (*stage.CHECKDMARC, stage.DOMAIN)
    with stage.Stage() as world:
        for command in (ours, theirs):
            first = stage.run(command)  # fills the resolver's cache
            print(f"{command[-1] if command is theirs else 'maildoctor'}: exit code {first.code}, {len(first.output)} characters")
            world.seen()
            stage.run(command)
            seen = world.seen()
            repeated = len(seen) - len(set(seen))
            print(f"  {len(seen)} questions, {repeated} of them repeated, {sum(each.over == 'tcp' for each in seen)} over TCP")
        for rtt, target in _TARGETS.items():
            world.seen(Weather(rtt=rtt / 1000))
            pairs = [(stage.run(ours), stage.run(theirs)) for _ in range(_RUNS)]
            mine, other = stage.median([pair[0] for pair in pairs]), stage.median([pair[1] for pair in pairs])
            words = f"{mine * 1000:.0f} / {other * 1000:.0f} ms = {other / mine:.1f}"
            stage.line(f"maildoctor / checkdmarc at {rtt} ms", words, f"at least {target:g}", met=other / mine >= target)


if __name__ == "__main__":
    stage.enter()
    main()
