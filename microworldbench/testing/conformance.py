"""`check_generator`: runs the checks and says what came of each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import InputError, UnknownNameError
from ..generation.request import GenerationRequest
from ..hookspecs import GeneratorSpec
from .checks import CHECKS, LIVE_CHECKS, Check
from .subject import CheckFailedError, CheckSkippedError, Subject

Status = Literal["passed", "failed", "skipped", "expected"]


@dataclass(frozen=True)
class CheckResult:
    """What came of one check.

    Attributes:
        check: Its name.
        status: ``expected``: it failed as ``expected_failures`` says it does.
        detail: Why it failed or was skipped; empty where it passed.
        claim: What it checks, in a sentence.
    """

    check: str
    status: Status
    detail: str = ""
    claim: str = ""


@dataclass(frozen=True)
class Conformance:
    """What came of all checks of one generator."""

    generator: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed unexpectedly."""
        return not self.failures

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The results with status ``failed``."""
        return tuple(result for result in self.results if result.status == "failed")

    def lines(self) -> list[str]:
        """For people, one line a check."""
        return [f"{r.status:8}  {r.check}" + (f": {r.detail}" if r.detail else "") for r in self.results]

    def raise_if_failed(self) -> None:
        """Raises AssertionError naming every failure."""
        if self.failures:
            told = "\n".join(f"  {r.check}: {r.detail}" for r in self.failures)
            raise AssertionError(f"{self.generator} does not conform:\n{told}")


def check_generator(
    spec: GeneratorSpec,
    live: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    *,
    settings: Mapping[str, object] | None = None,
    request: GenerationRequest | None = None,
    refused: GenerationRequest | None = None,
) -> Conformance:
    """Checks whether a generator can be scored like every other.

    Args:
        spec: What the adapter registers.
        live: Load the generator and ask it for some 20 videos too: give tiny weights or a local server by `settings`,
            or accept what the real model costs.
        expected_failures: Reason by check name. Such a check must fail; one that passes is reported as failed, so that
            the list stays true.
        settings: As ``-g key=value`` would give them.
        request: The request the checks vary; small and short keeps them quick.
        refused: A request the model must fail on, for ``failures_are_generation_errors``.

    Raises:
        UnknownNameError: `expected_failures` names no check.
        InputError: an expected failure has no reason.
    """
    expected = dict(expected_failures or {})
    for name, reason in expected.items():
        if name not in CHECKS | LIVE_CHECKS:
            raise UnknownNameError("check", name, CHECKS | LIVE_CHECKS)
        if not reason.strip():
            raise InputError(f"expected_failures[{name!r}] must say why the check fails")
    with tempfile.TemporaryDirectory(prefix="mwb-check-") as folder:
        subject = Subject(spec, settings or {}, request, refused, Path(folder))
        results = [run_check(check, subject, expected.get(name)) for name, check in CHECKS.items()]
        for name, check in LIVE_CHECKS.items():
            if live:
                results.append(run_check(check, subject, expected.get(name)))
            else:
                results.append(CheckResult(name, "skipped", "not asked for: live=True loads the model", _claim(check)))
    return Conformance(spec.name, tuple(results))


def run_check(check: Check, subject: Subject, expected: str | None = None) -> CheckResult:
    """Runs one check, whatever it or the generator raises.

    Args:
        check: One of `CHECKS` or `LIVE_CHECKS`.
        subject: The generator under test.
        expected: Why the check is known to fail, if it is.
    """
    name, claim = check.__name__, _claim(check)
    try:
        check(subject)
    except CheckSkippedError as error:
        return CheckResult(name, "skipped", str(error), claim)
    except Exception as error:  # noqa: BLE001 a stranger's load() or settings may raise anything
        detail = str(error) if isinstance(error, CheckFailedError) else f"{type(error).__name__}: {error}"
        return CheckResult(name, "failed" if expected is None else "expected", expected or detail, claim)
    if expected is not None:
        detail = f"it passes, though expected_failures says {expected!r}: take it out of the list"
        return CheckResult(name, "failed", detail, claim)
    return CheckResult(name, "passed", claim=claim)


def _claim(check: Check) -> str:
    return (check.__doc__ or "").strip().splitlines()[0]
