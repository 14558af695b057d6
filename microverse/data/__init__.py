"""From videos to a training set: collect, cut into shots, score, review, caption, export.

The unit of work and of recovery is one source video: every stage writes one result file for it, whole or not at all.
Filters record a score and never delete; decisions are made from the scores, so that thresholds can move afterwards.
"""

from __future__ import annotations
