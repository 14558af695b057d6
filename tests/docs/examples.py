"""The examples of a page of documentation, and how a reader would run them: top to bottom, in a folder of their own.

- A ``console`` block holds commands after ``$ `` (continued by a backslash) and what they print. Numbers, bars and
  widths may differ from the page, words may not; a line of three dots stands for any lines. Without output nothing is
  compared but the exit status, which is 0 unless the last line is ``[exit status N]``.
- A ``python`` block runs in the page's namespace, a ``pycon`` block is a doctest in the same.
- A block whose first line is ``# name.py`` (or another file name) is that file.
- ``<!-- console …`` and ``<!-- python …`` are blocks the reader does not see; ``<!-- serve ADDRESS KIND -->`` lets
  commands that name ADDRESS reach a scripted server (ADDRESS ``openai``: those that name none);
  ``<!-- needs MODULE -->`` skips the page without it; ``<!-- not run: REASON -->`` leaves the next block out.
- ``sh`` blocks are for what cannot be run here (a GPU, a cluster, a key): only their options are checked.
"""

from __future__ import annotations

import doctest
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

FILE_LINE = re.compile(r"\A(?:#|//) (?P<path>[\w./-]+\.\w+|Dockerfile|Caddyfile)\s*\n")
HIDDEN = re.compile(r"\A<!-- (?P<kind>console|python)\n(?P<code>.*?)-->", re.DOTALL)
SERVE = re.compile(r"\A<!-- serve (?P<address>\S+) (?P<kind>\S+) -->")
NEEDS = re.compile(r"\A<!-- needs (?P<module>\w+) -->")
NOT_RUN = re.compile(r"\A<!-- not run: (?P<reason>\S.*?) -->", re.DOTALL)
STATUS = re.compile(r"\A\[exit status (\d+)\]\Z")
RUNNABLE = ("console", "python", "pycon")


@dataclass(frozen=True)
class Example:
    """One block of a page."""

    kind: str
    code: str
    line: int
    reason: str | None = None
    """Why it is not run."""
    is_hidden: bool = False
    """The reader does not see it."""

    @property
    def file(self) -> str | None:
        """The file it is, where it says so."""
        found = FILE_LINE.match(self.code)
        return found["path"] if found else None


def examples_of(text: str) -> Iterator[Example]:
    """The blocks of a page of Markdown, in order, those in lists and comments too."""
    reason: str | None = None
    for token in MarkdownIt("commonmark").parse(text):
        line = (token.map or [0])[0] + 1
        if token.type == "html_block":
            if found := HIDDEN.match(token.content):
                yield Example(found["kind"], found["code"], line, is_hidden=True)
            elif found := SERVE.match(token.content):
                yield Example("serve", f"{found['address']} {found['kind']}", line)
            elif found := NEEDS.match(token.content):
                yield Example("needs", found["module"], line)
            elif found := NOT_RUN.match(token.content):
                reason = found["reason"]
        elif token.type == "fence":
            yield Example(token.info.split(" ")[0], token.content, line, reason)
            reason = None


@dataclass
class Reader:
    """Somebody who follows a page in `folder`, with this process's environment."""

    page: Path
    folder: Path
    served: dict[str, str] = field(default_factory=dict)
    """Address on the page to the address that answers."""
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})

    def follow(self, example: Example) -> None:
        """Runs one block; raises AssertionError, with page and line, where it does not do what the page says."""
        if example.reason is not None:
            return
        if example.file is not None:
            self.write(example.file, example.code)
        elif example.kind == "python":
            source = "\n" * example.line + self.answered(example.code)
            exec(compile(source, str(self.page), "exec"), self.names)
        elif example.kind == "pycon":
            self.interact(example)
        elif example.kind == "console":
            for command, expected in commands_of(example.code):
                self.type(command, expected, example.line)

    def write(self, name: str, text: str) -> None:
        """Saves a block as the file it is."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.answered(text), encoding="utf-8")
        if path.suffix == ".py":
            compile(text, name, "exec")

    def answered(self, text: str) -> str:
        """`text` with the addresses that answer here."""
        for address, real in self.served.items():
            text = text.replace(address, real)
        return text

    def interact(self, example: Example) -> None:
        """Runs a doctest."""
        test = doctest.DocTestParser().get_doctest(example.code, {}, str(self.page), str(self.page), example.line)
        test.globs = self.names
        told: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        assert not runner.run(test, out=told.append, clear_globs=False).failed, "".join(told)

    def type(self, command: str, expected: str, line: int) -> None:
        """Runs one command of a console block and compares what it prints."""
        lines = expected.splitlines()
        status = STATUS.match(lines[-1]) if lines else None
        wanted = int(status[1]) if status else 0
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.answered(command)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=280,
        )
        place = f"{self.page}:{line}: $ {command}"
        assert done.returncode == wanted, f"{place}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
        said = done.stdout if wanted == 0 else done.stdout + done.stderr
        told = "\n".join(lines[:-1] if status else lines)
        assert is_as_told(told, said), f"{place}\nthe page says\n{told}\nit printed\n{said}"


def commands_of(code: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what the page says it prints."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        last = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[: last + 1]), "\n".join(lines[last + 1 :]).strip("\n")


def is_as_told(told: str, said: str) -> bool:
    """Whether `said` is what the page tells, up to numbers, bars and widths. A page that tells nothing is right."""
    if not told:
        return True
    parts = [re.escape(_shape(part)) for part in re.split(r"^\s*\.\.\.$", told, flags=re.MULTILINE)]
    return re.fullmatch(r"\s*" + r".*?".join(parts) + r"\s*", _shape(said), flags=re.DOTALL) is not None


def _shape(text: str) -> str:
    text = re.sub(r"[─━●·█▏▎▍▌▋▊▉░]+", "~", text)
    text = re.sub(r"\b[0-9a-f]{12,}\b", "#", text)
    text = re.sub(r"(?<![\w-])[-−]?\d[\d,]*(?:\.\d+)?", "#", text)
    return " ".join(text.replace("—", "#").split())
