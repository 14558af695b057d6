"""A leaderboard as a pure function of a folder of submissions.

A submission is a folder: ``submission.yaml`` says whose it is, ``run/`` is the evidence (a run folder without videos),
and ``SHA256SUMS`` seals both. `check` computes every number again and says why a submission is not accepted; `build`
ranks what is there and writes a static site, the same bytes for the same submissions on any machine.
"""

from __future__ import annotations

from .again import look_again
from .build import build
from .check import Checked, check
from .proposed import Proposal, check_proposed
from .readme import refresh
from .submission import Access, Submission, SubmissionFolder, new_submission

__all__ = ["Access", "Checked", "Proposal", "Submission", "SubmissionFolder", "build", "check", "check_proposed"]
__all__ += ["look_again", "new_submission", "refresh"]
