"""A small video classifier: is this clip a micro-world, or something else?

VideoMAE, trained on labelled clips and split by source video, so that clips of one video never stand on both sides.
"""

from __future__ import annotations
