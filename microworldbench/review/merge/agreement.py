"""How far the experts of a study agree on what they answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...concordance.measure import coefficient, pair_kappa
from ...stats import agreement
from ..revision.docket import TaskDocket
from ..sheets.simple import CAPTION, CLIP, MET, RELEVANCE
from ..store.board import Board
from ..studies.folder import StudyFolder
from ..studies.records import Kind
from .majority import winner_of
from .records import ActionAgreement

Unit = tuple[str, str]
"""(task, what was asked about it)."""
Ratings = Mapping[Unit, Mapping[str, str]]
"""By unit and expert."""
ACTIONS = ("keep", "weight", "modify", "delete")
FIRST, SECOND = "first", "second"
PAIR = (FIRST, "tie", SECOND, "cannot_judge")


def agreement_of(ratings: Ratings, labels: Iterable[str]) -> ActionAgreement | None:
    """Agreement over all units, clustered by task; None with fewer than two experts or nothing in common.

    Args:
        ratings: Who said what.
        labels: Every answer there is.
    """
    labels = tuple(labels)
    experts = sorted({expert for said in ratings.values() for expert in said})
    shared = [unit for unit, said in ratings.items() if len(said) >= 2]
    if len(experts) < 2 or not shared:
        return None
    place = {label: float(i) for i, label in enumerate(labels)}
    rows = [[place[said[e]] if e in (said := ratings[unit]) else None for unit in shared] for e in experts]
    found = agreement.summarize(
        rows, labels=tuple(place.values()), raters=experts, clusters=[task for task, _ in shared]
    )
    return ActionAgreement(
        units=found.units,
        tasks=found.clusters,
        labels=labels,
        observed=coefficient(found.observed),
        prevalence={label: coefficient(found.prevalence[place[label]]) for label in labels},
        cohen=tuple(pair_kappa(str(a), str(b), made) for (a, b), made in found.cohen.items()),
        fleiss=coefficient(found.fleiss),
        krippendorff=coefficient(found.alpha),
        ac1=coefficient(found.ac1),
    )


def action_ratings(dockets: Iterable[TaskDocket]) -> Ratings:
    """Actions of the first round of a revision, by criterion."""
    return {
        (docket.task.id, criterion.id): {p.expert: p.action for p in docket.said_about(criterion.id)}
        for docket in dockets
        for criterion in docket.task.criteria
    }


def answer_ratings(folder: StudyFolder, board: Board) -> tuple[Ratings, tuple[str, ...]]:
    """Answers of a study of one round, and all that could be answered."""
    kind = folder.study.kind
    found: dict[Unit, dict[str, str]] = {}
    for given in board.answers(1):
        if not given.complete or given.event.repeat:
            continue
        item = folder.by_id[given.item]
        task = item.task or item.id
        if kind is Kind.VERDICT:
            for claim in item.claims:
                found.setdefault((task, f"{item.id}/{claim.id}"), {})[given.expert] = given.fields[f"met.{claim.id}"]
        elif kind is Kind.PAIR:
            winner = winner_of(item, given)
            sides = {str(item.films[0].run): FIRST, str(item.films[1].run): SECOND}
            found.setdefault((task, item.id), {})[given.expert] = sides.get(winner, winner)
        else:
            field = "answer" if kind is Kind.RELEVANCE else "decision"
            found.setdefault((task, item.id), {})[given.expert] = given.fields[field]
    labels = {Kind.VERDICT: MET, Kind.PAIR: PAIR, Kind.RELEVANCE: RELEVANCE, Kind.CLIP: CLIP, Kind.CAPTION: CAPTION}
    return found, labels[kind]
