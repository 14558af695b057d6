"""Words of the pages that depend on the kind of study or on the answer; what experts read first is a template."""

from __future__ import annotations

from ..studies.records import Kind

QUESTIONS: dict[Kind, str] = {
    Kind.RELEVANCE: "Is this task worth keeping?",
    Kind.PAIR: "Which video shows it better?",
    Kind.CLIP: "Does this clip belong in the training set?",
    Kind.CAPTION: "Does the caption say what the clip shows?",
}
LABELS: dict[str, str] = {
    "relevant": "Relevant",
    "not_relevant": "Not relevant",
    "unsure": "Unsure",
    "met": "Met",
    "not_met": "Not met",
    "cannot_tell": "Cannot tell",
    "left": "Left",
    "tie": "About equal",
    "right": "Right",
    "cannot_judge": "Cannot judge",
    "accept": "Accept",
    "reject": "Reject",
    "correct": "Correct it",
    "keep": "Keep",
    "weight": "Other weight",
    "modify": "Reword",
    "delete": "Delete",
    "drop": "Drop the task",
    "yes": "Add it",
    "no": "Leave it out",
    "current": "As it is now",
}
