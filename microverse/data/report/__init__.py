"""One HTML page about a curation: funnel, distributions, and clips behind every decision, to judge thresholds."""

from __future__ import annotations
