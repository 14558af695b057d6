"""How far raters agree beyond chance: coefficients with standard errors and clustered intervals.

`ratings` are raters × units, None (or NaN) where a rater gave none. Where all ratings are alike no coefficient can
tell skill from habit: its value is None with `no_variation`, and raw agreement (`observed`) stays.

Without `clusters` units count as independent and the interval is Student's around the linearised error. Criteria of
one video hang together: name the video (or task, or prompt family) of each unit in `clusters`, and whole clusters are
resampled (Student's below 30 clusters, none below 5).
"""

from __future__ import annotations

from .alpha import krippendorff_alpha
from .ceiling import AltTest, Ceiling, alt_test, expert_ceiling
from .clustering import Options
from .icc import icc
from .judged import JudgeQuality, judge_quality, judge_quality_by
from .kappas import Agreement, brennan_prediger, cohen_kappa, conger_kappa, fleiss_kappa, gwet_ac1
from .summary import AgreementSummary, kappa_difference, label_share, specific_agreement, summarize

__all__ = [
    "Agreement",
    "AgreementSummary",
    "AltTest",
    "Ceiling",
    "JudgeQuality",
    "Options",
    "alt_test",
    "brennan_prediger",
    "cohen_kappa",
    "conger_kappa",
    "expert_ceiling",
    "fleiss_kappa",
    "gwet_ac1",
    "icc",
    "judge_quality",
    "judge_quality_by",
    "kappa_difference",
    "krippendorff_alpha",
    "label_share",
    "specific_agreement",
    "summarize",
]
