"""The same verdicts under the rules of the released evaluator and under ours, and what each difference is worth."""

from __future__ import annotations

from .as_released import ReleasedNumbers, score_as_released
from .models import Audit, Corrected, ModelAudit, Numbers, Rank, audit_results
from .waterfall import STEPS, Step

__all__ = [
    "STEPS",
    "Audit",
    "Corrected",
    "ModelAudit",
    "Numbers",
    "Rank",
    "ReleasedNumbers",
    "Step",
    "audit_results",
    "score_as_released",
]
