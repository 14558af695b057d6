"""Runs as evidence: bundled into one archive, and checked by computing every number again.

```python
from microworldbench.verification import bundle, verify

file = bundle("runs/model-a")
verify(file).report.overall
```
What such checks find is corruption and contradiction: a changed byte, a score that its verdicts do not give, a verdict
that no call returned. They cannot find a log that was invented consistently from beginning to end.
"""

from __future__ import annotations

from .bundle import bundle
from .consistency import contradictions
from .verify import Verification, verify

__all__ = ["Verification", "bundle", "contradictions", "verify"]
"""`contradictions` checks a run folder, `verify` a bundle."""
