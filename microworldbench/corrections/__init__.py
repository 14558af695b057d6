"""Expert-corrected scores: the judge on all tasks, corrected by experts on a random sample of them.

The headline is task-level PPI++ (`stats.correction`): whatever the judge's errors, experts' scores on randomly drawn
tasks of the *same* generator make the mean right, and the judge's scores on all tasks make it precise. It stands or
falls with the draw, so every labelled task must come with the probability with which it was drawn. Rogan & Gladen's
correction assumes that the judge errs alike everywhere and is shown as a diagnostic only.

Tasks that the model failed on need no label: experts and judge agree that they score 0.
"""

from __future__ import annotations

from .correct import LEAST_LABELLED, correct_scores

__all__ = ["LEAST_LABELLED", "correct_scores"]
