"""A conformance kit for adapter authors: what a generator must do to be scored like every other.

Plain functions, usable without pytest::

    from microworldbench.testing import check_generator

    check_generator(spec).raise_if_failed()                                  # offline: nothing is loaded
    check_generator(spec, live=True, settings={"model": "tiny"}).raise_if_failed()

or, in a test module, a class that runs each check as a test of its own::

    from microworldbench.testing import GeneratorConformance

    class TestMyModel(GeneratorConformance):
        spec = spec
        live = True

Checks may be added in any release; pin microworldbench in your CI if a new one must not stop it.
"""

from __future__ import annotations

from .checks import CHECKS, LIVE_CHECKS
from .conformance import CheckResult, Conformance, check_generator
from .pytest_class import GeneratorConformance

__all__ = ["CHECKS", "LIVE_CHECKS", "CheckResult", "Conformance", "GeneratorConformance", "check_generator"]
