"""Experts are certified like any judge: on the clips of a certificate's run, by the labels of a study of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from microworldbench.certify import carry_out
from microworldbench.review.desk import Desk, Visit
from microworldbench.review.merge.merging import merge
from microworldbench.review.merge.writing import write_merge
from microworldbench.review.studies.making import Plan, make_study
from microworldbench.review.studies.records import Kind


def test_labels_of_experts_make_their_certificate(
    examined: Any, scripts: Any, scripted: Any, truths: Any, tmp_path: Path
) -> None:
    carry_out(examined(scripted(scripts["true"], name="t"), votes=1), tmp_path / "run")
    plan = Plan(
        kind=Kind.VERDICT,
        runs=[tmp_path / "run"],
        tasks={clip for clip in truths if clip.startswith("vessel")},
        rules={"evaluators": 1},
    )
    folder = make_study(tmp_path / "study", plan)
    with Desk(folder) as desk:
        expert = desk.access.invite("Ann")[0].pseudonym
        desk.sync()
        for slot in desk.order.slots(expert, 1):
            item = folder.by_id[slot.item]
            true = {claim.id: truths[item.task][claim.id].met is not False for claim in item.claims}
            said = {f"met.{name}": "met" if is_true else "not_met" for name, is_true in true.items()}
            desk.answer(expert, slot, 0, said, Visit({}))
        desk.hand_in(expert, 1)
    write_merge(merge(folder.path), tmp_path / "merged")
    labels = tmp_path / "merged" / "labels.jsonl"
    found = carry_out(examined(f"labels:{labels}"), tmp_path / "experts")
    assert 0 < found.missing < found.asked  # experts were shown the clips of one mechanism
    assert found.overall.balanced_accuracy == 1
    assert found.identity.name == "labels:e1"
