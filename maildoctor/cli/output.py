"""Where reports go: standard output as the terminal there wants it, and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from maildoctor import formats
from maildoctor.cli.refused import Refused, near
from maildoctor.formats import View
from maildoctor.model import Report

COLORS = ("auto", "always", "never")
_WIDTH = 76
_DIGITS = 4  # of COLUMNS: no terminal is wider


@dataclass
class Standard:
    """Standard output. A reader that has gone away ends the output, not the program."""

    stream: TextIO

    def write(self, text: str) -> None:
        """Print, with escapes for what the terminal cannot show."""
        encoding = self.stream.encoding or "utf-8"
        try:
            self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self.stream.flush()
        except BrokenPipeError:
            silence(self.stream)
        except OSError as error:
            silence(self.stream)
            raise Refused(f"cannot write standard output: {error.strerror}") from error


def silence(stream: TextIO) -> None:
    """Send what is still to come nowhere: nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@dataclass(frozen=True)
class Output:
    """The formats that were asked for, each with the file it goes to, or None for standard output."""

    wanted: tuple[tuple[str, Path | None], ...]

    def write(self, report: Report, view: View, *, first: bool = True) -> None:
        """Put one report out in every format. Files are appended to: `parse` has emptied them."""
        for name, path in self.wanted:
            if path is None:
                between = "\n" if name == "text" and not first and not view.quiet else ""
                Standard(sys.stdout).write(between + formats.render(name, report, view))
                continue
            plain = replace(view, color=False, ascii=False, width=_WIDTH)
            _append(path, formats.render(name, report, plain))


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error


def parse(words: Iterable[str]) -> Output:
    """Read `FORMAT[=FILE]` options. Where all go to files, the text is still printed. Raises `Refused`."""
    known = formats.names()
    wanted: list[tuple[str, Path | None]] = []
    for word in words:
        name, equals, file = word.partition("=")
        if name not in known:
            raise Refused(f"no format is called {name!r}{near(name, known)}")
        if equals and not file:
            raise Refused(f"--format {word} names no file")
        wanted.append((name, Path(file) if file and file != "-" else None))
    printed = [name for name, path in wanted if path is None]
    if len(printed) > 1:
        raise Refused(f"only one format can go to standard output; write --format {printed[1]}=FILE for the other")
    if not printed:
        wanted.append(("text", None))
    files = [path for _, path in wanted if path is not None]
    for path in files:
        if files.count(path) > 1:
            raise Refused(f"{path} can hold one format")
        empty(path)
    return Output(tuple(wanted))


def empty(path: Path) -> None:
    """Empty a file before anything is asked, so that one that cannot be written is no surprise at the end. Raises `Refused`."""
    try:
        path.write_text("")
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error


def surroundings(color: str = "auto", environment: Mapping[str, str] = os.environ) -> View:
    """Return the view that standard output wants: its width, colours and signs."""
    if color not in COLORS:
        raise Refused(f"--color {color!r} is not known{near(color, COLORS)}")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "")
    return View(width=_width(environment), color=_colored(color, environment), ascii=not encoding.startswith("utf"))


def _colored(color: str, environment: Mapping[str, str]) -> bool:
    if color != "auto":
        return color == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] not in ("0", "false")
    return sys.stdout.isatty() and environment.get("TERM") != "dumb"


def _width(environment: Mapping[str, str]) -> int:
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns[:_DIGITS]):
        return max(int(columns[:_DIGITS]), 40)
    try:
        return max(min(os.get_terminal_size(sys.stdout.fileno()).columns, _WIDTH), 40)
    except (OSError, ValueError):
        return _WIDTH
