"""Scores clips of a work folder by a trained classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..config import Relevance
from ..evidence import Evidence
from ..records import Clip
from .model import classifier_digest, load_classifier


class RelevanceScorer:
    """How likely a clip shows a micro-world."""

    name = "relevance"
    version = 1

    def __init__(self, settings: Relevance, device: str | None = None) -> None:
        self.settings, self._device = settings, device

    def identity(self) -> dict[str, Any]:
        """The weights."""
        return {"model": classifier_digest(self.settings.model)}

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """``score``, 0 to 1."""
        classifier = load_classifier(self.settings.model, self._device)
        return {"score": round(classifier.score([frame.image for frame in evidence]), 6)}
