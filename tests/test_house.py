"""Who may import whom. The linter guards single names (sockets, boto3); this guards the direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "maildoctor"

MAY_IMPORT: dict[str, set[str]] = {
    "names": set(),
    "rdata": set(),
    "model": set(),
    "regions": {"names", "data"},
    "settings": {"names", "model"},
    "registry": {"ask", "model", "operations", "subjects"},
    "ask": {"names", "rdata"},
    "operations": {"ask"},
    "records": {"names", "rdata", "records"},
    "sources": {"ask", "model", "names", "operations", "rdata", "regions", "settings", "sources"},
    "engines": {"ask", "engines", "names", "rdata", "records", "regions"},
    "subjects": {
        "ask",
        "engines",
        "model",
        "names",
        "operations",
        "rdata",
        "records",
        "regions",
        "registry",
        "settings",
        "subjects",
    },
    "head_start": {"ask", "names", "settings"},
    "learning": {"ask", "names", "registry"},
    "policy": {"audit", "model", "operations", "registry"},
    "judge": {"ask", "learning", "model", "names", "settings"},
    "proof": {"ask", "judge", "learning", "model", "registry", "sources"},
    "audit": {"ask", "judge", "learning", "model", "operations", "proof", "registry", "settings"},
    "formats": {"formats", "model", "names", "rdata", "maildoctor"},
}
"""Each part of the program, and the parts that it may know. `cli`, `config` and `__main__` may know everything."""

FREE = {"cli", "config", "__main__", "__init__", "data"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def part(module: str) -> str:
    """The part of the program that a module belongs to: `maildoctor.subjects.dkim` is in `subjects`."""
    words = module.split(".")
    return words[1] if len(words) > 1 else words[0]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "maildoctor":
            yield from (f"maildoctor.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    home = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if home in FREE:
        return
    known = {part(module) for module in imports(path) if module.split(".")[0] == "maildoctor"}
    known -= {"__version__"}
    assert known <= MAY_IMPORT[home]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400
