"""The tables of the paper as data, and what a reader finds by checking them against each other.

Source: "MicroVerse: A Preliminary Exploration Toward a Micro-World Simulation", ICLR 2026, arXiv 2603.00585. Scores are
in points as printed, one decimal. Nothing here is used to score anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from .rubric import Dimension, Level, Record

SOURCE = "MicroVerse (ICLR 2026), arXiv 2603.00585"
JUDGE = "GPT-5"
"""The judge the paper names; the released code defaults to gpt-4o."""
ODD = 0.1
"""Points by which a recomputed average may differ from the printed one: both sides are rounded to 0.1."""

LEVEL_COUNTS_IN_FILES: Mapping[Level, int] = MappingProxyType(
    {Level.ORGAN: 189, Level.CELLULAR: 238, Level.SUBCELLULAR: 32}
)
"""Tasks a level in the published files."""
LEVEL_COUNTS_IN_TEXT: Mapping[Level, int] = MappingProxyType(
    {Level.ORGAN: 238, Level.CELLULAR: 189, Level.SUBCELLULAR: 32}
)
"""Tasks a level as the paper's text has them."""


class PublishedRow(Record):
    """One model's printed scores."""

    model: str
    open_source: bool
    average: float
    by_level: dict[Level, float]
    """Table 1."""
    by_dimension: dict[Dimension, float]
    """Table 2."""


def _row(model: str, open_source: bool, average: float, levels: str, dimensions: str) -> PublishedRow:
    return PublishedRow(
        model=model,
        open_source=open_source,
        average=average,
        by_level=dict(zip(Level, map(float, levels.split()), strict=True)),
        by_dimension=dict(zip(Dimension, map(float, dimensions.split()), strict=True)),
    )


SCORES: tuple[PublishedRow, ...] = (
    _row("HunyuanVideo", True, 23.2, "23.1 23.8 19.4", "15.6 48.2 23.4"),
    _row("CogVideoX-5B", True, 43.5, "39.9 47.0 38.6", "37.4 64.1 38.6"),
    _row("Wan2.1-T2V-1.3B", True, 49.4, "45.9 51.7 52.4", "40.3 71.8 50.1"),
    _row("Wan2.2-TI2V-5B", True, 51.6, "46.6 53.9 49.5", "40.7 82.7 47.0"),
    _row("Wan2.1-T2V-14B", True, 54.8, "55.7 54.4 52.8", "42.7 86.0 53.8"),
    _row("Wan2.2-T2V-A14B", True, 53.8, "56.3 52.0 53.3", "37.8 92.8 55.4"),
    _row("MicroVerse-1.3B", True, 50.2, "47.6 51.7 53.3", "43.0 68.5 49.3"),
    _row("Sora", False, 50.7, "55.9 46.1 55.0", "35.3 96.4 37.9"),
    _row("Veo3", False, 77.2, "77.5 76.9 78.2", "65.7 97.0 77.0"),
)
"""Tables 1 (levels) and 2 (dimensions), in the paper's order; levels as organ, cellular, subcellular."""

OURS = "MicroVerse-1.3B"
"""The paper's own model."""


class RelevanceData(Record):
    """Clips of one class of the relevance classifier's data."""

    clips: int
    train: int
    test: int


RELEVANCE_DATA: tuple[RelevanceData, ...] = (
    RelevanceData(clips=1107, train=885, test=222),
    RelevanceData(clips=1473, train=1178, test=295),
)
"""Table 3, the two classes in the paper's order."""
RELEVANCE_ACCURACY = 0.92
"""Test accuracy stated with Table 3, as a share of 1."""

TRAINING: Mapping[str, str | int | float] = MappingProxyType(
    {
        "model": "Wan2.1-T2V-1.3B, all parameters",
        "batch_size": 8,
        "steps": 5000,
        "learning_rate": 1e-5,
        "precision": "bf16 mixed, fp32 DiT",
        "text_dropout": 0.1,
        "height": 480,
        "width": 832,
        "frames": 81,
        "weight_decay": 0.01,
        "gradient_checkpointing": "full",
        "gpus": "8 × H200",
    }
)
"""Table 4. Sizes in pixels."""
INFERENCE: Mapping[str, float] = MappingProxyType({"guidance": 5.0, "steps": 50})
"""Table 5."""
EXPERT_KAPPAS: tuple[float, ...] = (0.87, 0.83, 0.81)
"""Table 6: agreement of the three experts, pair by pair; the number of items is not stated."""
RUBRIC_WEIGHTS: Mapping[str, float] = MappingProxyType({"core": 1.0, "secondary": 0.5, "auxiliary": 0.2})
"""Table 7: the weight of a criterion by its importance."""


class AverageCheck(Record):
    """One row's Average, recomputed from its level columns."""

    model: str
    printed: float
    by_files: float
    """Weighted by the level counts of the published files."""
    by_text: float
    """Weighted by the level counts in the paper's text."""

    @property
    def files_agree(self) -> bool:
        """True where the files' counts reproduce the printed average."""
        return abs(self.by_files - self.printed) <= ODD + 1e-9

    @property
    def text_agrees(self) -> bool:
        """True where the text's counts reproduce the printed average."""
        return abs(self.by_text - self.printed) <= ODD + 1e-9


class Disagreement(Record):
    """A place where the prose, the tables and the files do not say the same."""

    topic: Literal["level counts", "average", "comparison", "range", "weights", "judge"]
    stated: str
    """What one place says."""
    found: str
    """What another one shows."""


def check_averages() -> tuple[AverageCheck, ...]:
    """Every row's Average, recomputed as the mean over tasks under both sets of level counts (points, 2 decimals)."""
    return tuple(
        AverageCheck(
            model=row.model,
            printed=row.average,
            by_files=_weighted(row, LEVEL_COUNTS_IN_FILES),
            by_text=_weighted(row, LEVEL_COUNTS_IN_TEXT),
        )
        for row in SCORES
    )


def disagreements() -> tuple[Disagreement, ...]:
    """Where the paper's prose, its tables and the published files disagree, worked out from the data above."""
    return (_level_counts(), *_odd_averages(), *_subcellular_tie(), _visual_range(), *_fixed_disagreements())


def _weighted(row: PublishedRow, counts: Mapping[Level, int]) -> float:
    return round(math.fsum(row.by_level[level] * n for level, n in counts.items()) / sum(counts.values()), 2)


def _level_counts() -> Disagreement:
    checks = check_averages()
    files, text = sum(c.files_agree for c in checks), sum(c.text_agrees for c in checks)
    return Disagreement(
        topic="level counts",
        stated="the text has 238 organ and 189 cellular tasks",
        found=f"the files have 189 and 238; they reproduce {files} of {len(checks)} averages, the text's counts {text}",
    )


def _odd_averages() -> list[Disagreement]:
    return [
        Disagreement(
            topic="average",
            stated=f"{check.model} has the average {check.printed}",
            found=f"its level columns give {check.by_files:.1f} by the files' counts",
        )
        for check in check_averages()
        if not check.files_agree
    ]


def _subcellular_tie() -> list[Disagreement]:
    scores = {row.model: row.by_level[Level.SUBCELLULAR] for row in SCORES if row.open_source}
    equal = [model for model, value in scores.items() if model != OURS and value >= scores[OURS]]
    return [
        Disagreement(
            topic="comparison",
            stated=f"{OURS} surpasses all open-source models at the subcellular level with {scores[OURS]}",
            found=f"{model} has {scores[model]}",
        )
        for model in equal
    ]


def _visual_range() -> Disagreement:
    values = [row.by_dimension[Dimension.VISUAL_QUALITY] for row in SCORES]
    inside = sum(80 <= value <= 97 for value in values)
    return Disagreement(
        topic="range",
        stated="visual quality is between 80 and 97 for nearly all models",
        found=f"it is for {inside} of {len(values)}; the lowest is {min(values)}",
    )


def _fixed_disagreements() -> tuple[Disagreement, ...]:
    return (
        Disagreement(
            topic="weights",
            stated="weights lie in (0, 1]",
            found="884 of 6,884 tiered weights in the files are 0, and raw weights reach 3",
        ),
        Disagreement(topic="judge", stated=f"the judge is {JUDGE}", found="the released code defaults to gpt-4o"),
    )
