"""What a submission must be to stand in a table beside others. Each rule yields what is wrong, and how to go on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from ..certificate import FILE as CERTIFICATE
from ..certificate import load as load_certificate
from ..errors import InputError
from ..rubric import Suite
from ..runs import Manifest, RunFolder
from ..scorecard import Scorecard
from ..scoring import MAX_MISSING
from ..suites.snapshot import Snapshot, snapshot
from ..suites.view import View
from ..verification.consistency import rebuilt_suite
from .submission import Submission


def naming(about: Submission, manifest: Manifest) -> Iterator[str]:
    """The model is the one that the run names, and its name cannot be mistaken for another."""
    recorded = manifest.generator.name
    if skeleton(about.model) != skeleton(recorded):
        yield (
            f"the model is called {about.model!r}, but the run's generator {recorded!r}; a row bears the name of what "
            "was run. Name it at the run: mwb run --name"
        )
    for name in (about.model, about.version):
        if len(scripts := _scripts(name)) > 1:
            yield f"{name!r} mixes {' and '.join(sorted(scripts))} letters, which look alike; write it in one script"


def comparability(manifest: Manifest, kept: Snapshot) -> Iterator[str]:
    """Seeds from 0, by a judge that judged, on every criterion unless the judge measures."""
    if manifest.judge is None:
        yield "the run has no verdicts; 'mwb grade' judges its videos"
        return
    if kept.view.selection.get("criteria") != "all" and manifest.judge.name != "measured":
        yield f"the view is {kept.view.name!r}; only the measured judge may leave the unmeasured criteria out"
    if manifest.judge.name.startswith("replay:"):
        yield f"the judge is {manifest.judge.name!r}; submit the run whose verdicts were replayed"
    if manifest.seeds != tuple(range(len(manifest.seeds))):
        yield f"the seeds are {', '.join(map(str, manifest.seeds))}; they must be 0 to K-1, so that none were chosen"


def full_view(kept: Snapshot, known: Suite | None) -> Iterator[str]:
    """Every task of the suite; on the measured criteria, every task that has any."""
    selection: dict[str, Any] = {**kept.view.selection}
    whole = selection.pop("tasks", None) is None
    if not whole and selection.get("criteria") == "measured" and known is not None:
        whole = View.of(known, **selection).digest == kept.view.digest
    if not whole:
        yield f"the view is {kept.view.name!r}; only views with every task of the suite are ranked"


def coverage(card: Scorecard) -> Iterator[str]:
    """Hardly anything is missing, whatever the run itself allowed."""
    cover = card.coverage
    if cover.missing > MAX_MISSING * cover.criteria:
        share = 100 * cover.missing / cover.criteria
        yield (
            f"{cover.missing:,} of {cover.criteria:,} criteria are missing ({share:.1f} %); above "
            f"{100 * MAX_MISSING:g} % a score is bounds only and cannot be ranked. The run's own command tries again"
        )
    elif card.overall is None or card.overall.value is None:
        yield "there is no overall score; the run's own command tries what is missing again"


def suite_content(kept: Snapshot, known: Suite | None, *, is_ours: bool) -> Iterator[str]:
    """Tasks, criteria and weights are those of the suite.

    Args:
        kept: What the run kept of it.
        known: The suite, if it is at hand.
        is_ours: Whether suites of this name are installed here, so that no other content may bear it.
    """
    stated = kept.suite
    selection: dict[str, Any] = kept.view.selection
    if known is not None and known.digest == stated.digest:
        try:
            true = snapshot(View.of(known, **selection))
        except (InputError, TypeError):
            yield "the view cannot be made of the suite it names"
            return
        if true != kept:
            yield f"suite.json is not {stated.id} {stated.version} as published: tasks, criteria or weights differ"
    elif is_ours or rebuilt_suite(kept) is None:
        yield (
            f"suite {stated.id} {stated.version} with this content ({stated.digest[:12]}) is not at hand, so its "
            "weights cannot be checked; say where it is with --suite, or run the model on the present one"
        )


def certificate(run: RunFolder, manifest: Manifest) -> Iterator[str]:
    """A certificate, if there is one, is whole and about the run's judge."""
    if not (run.path / CERTIFICATE).exists():
        return
    try:
        found = load_certificate(run.path)
    except InputError as error:
        yield str(error)
        return
    if manifest.judge is not None and not found.certifies(manifest.judge):
        yield f"{CERTIFICATE} is about {found.identity.name!r} with other settings than the run's judge; leave it out"


def skeleton(name: str) -> str:
    """What is left of a name when spelling is set aside: small letters and digits."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def _scripts(name: str) -> set[str]:
    """The alphabets of a name that hold letters which look like each other's."""
    words = {unicodedata.name(c, "").split(" ")[0] for c in unicodedata.normalize("NFKC", name) if c.isalpha()}
    return {word.capitalize() for word in words & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}}
