"""MicroVerse: builds the training data and fine-tunes Wan2.1 into a model of micro-worlds.

Importing this loads no framework; the command line is ``microverse``.
"""

from __future__ import annotations
