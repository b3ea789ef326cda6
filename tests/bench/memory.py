"""How much memory one audit takes at its peak."""

from __future__ import annotations

from tests.bench import stage


def main() -> None:
    """Print the largest of three runs, for a usual domain and for one with 60 kB of TXT."""
    with stage.Stage():
        for domain in (stage.DOMAIN, "depot.example"):
            peak = max(stage.run((*stage.MAILDOCTOR, *stage.audit_of(domain))).memory for _ in range(3))
            stage.line(f"memory of one audit, {domain}", f"{peak:.0f} MiB", "at most 80", met=peak <= 80)


if __name__ == "__main__":
    stage.enter()
    main()
