"""The formats of a report, one file each: `def render(report: Report) -> str`."""
