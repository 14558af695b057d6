"""What experts look at: a page of strips, a sheet to fill in, and a list for the experts' workbench."""

from __future__ import annotations
