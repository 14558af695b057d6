"""The exception tree. Messages state the fact with the received value, then the next step.

```
MicroWorldBenchError
├── InputError                what the user passed is wrong (exit status 2)
│   ├── SuiteError            a rubric file is malformed; names file, line and field
│   ├── UnknownNameError      no such generator, judge, suite, task …; names near matches
│   ├── MissingExtraError     an optional package is not installed; names the install line
│   └── RunConflictError      a run folder holds something else, or somebody else is writing
├── VideoError                a video cannot be opened, decoded or written
├── GenerationError           the *model* failed: refused, moderated, produced nothing
├── JudgeError                one judge call failed
│   ├── TransientJudgeError   worth another try (rate limit, 5xx, timeout, lost connection)
│   ├── UnreadableReplyError  the reply does not follow the form that was asked for
│   ├── CallRefusedError      the server refuses this request (400, 413, 422, content filter)
│   └── JudgeUnavailableError no call can succeed (wrong key, unknown model, exhausted quota)
└── RunStoppedError           the run ended early and can be continued by the same command
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MicroWorldBenchError(Exception):
    """Base of every error this library raises on purpose."""


class InputError(MicroWorldBenchError):
    """Something the user passed is wrong; nothing was spent."""


class SuiteError(InputError):
    """A suite is malformed.

    Args:
        message: What is wrong, with the received value.
        path: The file, as the user would name it.
        line: Line in that file, from 1.
        field: Dotted field, e.g. ``criteria[2].weight``.
    """

    def __init__(self, message: str, *, path: object = None, line: int | None = None, field: str | None = None) -> None:
        self.path, self.line, self.field = path, line, field
        place = ":".join(str(part) for part in (path, line) if part is not None)
        subject = f"{field} " if field else ""
        super().__init__(f"{place}: {subject}{message}" if place else f"{subject}{message}")


class UnknownNameError(InputError):
    """A name that nothing is registered under, with near matches.

    Args:
        kind: What was looked up, e.g. ``generator``.
        name: The name that was not found.
        known: Every name that exists.
        hint: Next step, e.g. ``'mwb generators' lists what is installed``.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(name, self.known, n=3, cutoff=0.5)
        text = f"unknown {kind} {name!r}"
        if near:
            text += "; did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif self.known and len(self.known) <= 12:
            text += "; known: " + ", ".join(self.known)
        if hint:
            text += f" {hint}" if text.endswith("?") else f". {hint}"
        super().__init__(text)


class MissingExtraError(InputError):
    """A feature needs an optional package.

    Args:
        feature: What the user wanted, e.g. ``report.to_frame()``.
        package: The distribution that is missing.
        install: The line that installs it.
    """

    def __init__(self, feature: str, package: str, install: str) -> None:
        super().__init__(f"{feature} needs {package}, which is not installed: {install}")


class RunConflictError(InputError):
    """A run folder belongs to another run, or another process is writing to it."""


class VideoError(MicroWorldBenchError):
    """A video cannot be opened, decoded or written."""


class GenerationError(MicroWorldBenchError):
    """The model failed on a task: it refused, was moderated, or produced nothing.

    Generators raise it (or a subclass) for failures of the *model*; they score 0. Every other exception is taken as
    a fault of the infrastructure: its task stays missing and the same command tries it again.

    Args:
        message: What happened, as the user should read it.
        kind: ``refused``, ``moderated`` or ``empty``.
    """

    def __init__(self, message: str, kind: str = "refused") -> None:
        self.kind = kind
        super().__init__(message)


class JudgeError(MicroWorldBenchError):
    """One call to a judge failed."""


class TransientJudgeError(JudgeError):
    """A failure worth another try.

    Args:
        message: What happened.
        retry_after_s: Seconds the server asked us to wait, if it did.
        answered: Whether the server replied at all. An unanswered call may have been billed.
        status: HTTP status, where there is one; 429 makes the caller ask less at once.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, answered: bool = True, status: int | None = None
    ) -> None:
        self.retry_after_s, self.answered, self.status = retry_after_s, answered, status
        super().__init__(message)


class UnreadableReplyError(JudgeError):
    """The reply does not follow the form that was asked for.

    Args:
        message: What is wrong with it.
        answer: What came back all the same (raw reply, usage, shown frames), for the record.
    """

    def __init__(self, message: str, answer: object = None) -> None:
        self.answer = answer
        super().__init__(message)


class CallRefusedError(JudgeError):
    """The server refuses this request; the same request will be refused again.

    Args:
        message: The server's words.
        status: HTTP status, where there is one.
        content: Whether the *content* was declined (content filter, refusal) rather than the request's form.
    """

    def __init__(self, message: str, *, status: int | None = None, content: bool = False) -> None:
        self.status, self.content = status, content
        super().__init__(message)


class JudgeUnavailableError(JudgeError):
    """No call can succeed: wrong key, unknown model, exhausted quota. Stops the run at once."""


class RunStoppedError(MicroWorldBenchError):
    """The run ended before it was complete; everything recorded is kept and the same command continues."""
