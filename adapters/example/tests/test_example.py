"""The template conforms; four lines are all an adapter needs to check itself."""

from __future__ import annotations

from microworldbench_example import microworldbench_generators

from microworldbench.generation.request import GenerationRequest
from microworldbench.testing import GeneratorConformance


class TestExample(GeneratorConformance):
    spec = microworldbench_generators()[0]
    live = True
    refused = GenerationRequest(task_id="conformance", prompt=" ")
