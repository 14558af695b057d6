"""Whether a command continues the run it finds, and what it must not change."""

from __future__ import annotations

from .errors import RunConflictError
from .rubric import digest_of
from .runs import Manifest
from .scorecard import Named
from .suites.snapshot import Snapshot


def continued(path: object, old: Manifest, new: Manifest, held: Snapshot, wanted: Snapshot) -> Manifest:
    """The manifest of a continued run.

    More tasks, seeds, votes or budget continue; a different suite, generator, judge or prompt, or fewer tasks or
    seeds, do not.

    Args:
        path: The run folder, for messages.
        old: What the folder holds.
        new: What the command describes.
        held: The old view.
        wanted: The new view.

    Raises:
        RunConflictError: names what differs and how to proceed.
    """
    differences = [
        *_changed("suite", _suite(old), _suite(new)),
        *_changed("prompt field", old.selection.get("prompt_field"), new.selection.get("prompt_field")),
        *_changed("generator", _describe(old.generator), _describe(new.generator)),
    ]
    if old.judge is not None and new.judge is not None:
        differences += _changed("judge", _describe(_once(old.judge)), _describe(_once(new.judge)))
        if old.votes > 1:
            differences += _changed("reducer", old.reducer, new.reducer)
        if new.votes < old.votes:
            differences.append(f"{old.votes} votes are stored, {new.votes} asked for")
    if dropped := sorted(set(old.seeds) - set(new.seeds)):
        differences.append(f"seeds {dropped} are stored but not asked for")
    if lost := _lost(held, wanted, new, by_task=old.judge is None or new.judge is None):
        differences.append(
            f"{len(lost)} of its {'tasks' if old.judge is None else 'criteria'} are not asked for ({lost[0]} …)"
        )
    if differences:
        raise RunConflictError(
            f"{str(path)!r} holds another run: {'; '.join(differences)}. Give the same options to continue it, "
            "or choose another --out"
        )
    kept: dict[str, object] = {"created": old.created}
    if new.judge is None and old.judge is not None:  # videos join a graded run: its rules stay
        kept |= {name: getattr(old, name) for name in ("judge", "votes", "reducer", "max_missing")}
    return new.model_copy(update=kept)


def _suite(manifest: Manifest) -> str:
    suite = manifest.suite
    return f"{suite.id} {suite.version} ({suite.digest[:12]})"


def _describe(named: Named) -> str:
    version = f" {named.version}" if named.version else ""
    return f"{named.name}{version} ({digest_of(named.model_dump(mode='json'))[:12]})"


def _once(judge: Named) -> Named:
    """A judge without how often it is asked: more votes continue a run."""
    settings = {name: value for name, value in judge.settings.items() if name not in ("votes", "reducer")}
    return judge.model_copy(update={"settings": settings, "digest": None})


def _changed(what: str, old: object, new: object) -> list[str]:
    return [] if old == new else [f"{what} was {old}, now {new}"]


def _lost(held: Snapshot, wanted: Snapshot, new: Manifest, *, by_task: bool) -> list[str]:
    only_measured = new.selection.get("criteria") == "measured"

    def places(snapshot: Snapshot) -> set[str]:
        if by_task:  # videos of a task without measured criteria may stay unjudged
            return {t.id for t in snapshot.tasks if not only_measured or any(c.measurement for c in t.criteria)}
        return {f"{task.id}/{criterion.id}" for task in snapshot.tasks for criterion in task.criteria}

    return sorted(places(held) - places(wanted))
