"""What the library itself registers, through the same hooks as everybody else."""

from __future__ import annotations

from typing import Any

from .generation.diffusers import DiffusersSettings
from .generation.videos_api import VideosApiSettings
from .hookspecs import GeneratorSpec, JudgeSpec, hookimpl
from .simulators.generator import SimulatorSettings

TWIN = "default"


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """The simulator of known truth and its deliberately broken twin."""
    return [
        GeneratorSpec(
            name="simulator",
            load=_load_simulator,
            settings=SimulatorSettings,
            summary="mechanistic simulations rendered to video: right by construction",
            license="Apache-2.0",
            needs=("numpy", "scipy"),
        ),
        GeneratorSpec(
            name="simulator-violated",
            load=_load_twin,
            settings=SimulatorSettings,
            summary="the same simulations with one mechanism broken on purpose",
            license="Apache-2.0",
            needs=("numpy", "scipy"),
        ),
        GeneratorSpec(
            name="videos-api",
            load=_load_videos_api,
            settings=VideosApiSettings,
            summary="any server, or fleet of servers, that speaks /v1/videos (vLLM-Omni, SGLang Diffusion, gateways)",
            license="as the served model's",
            needs=("a server", "OPENAI_API_KEY where it asks for one"),
            deterministic=False,
        ),
        GeneratorSpec(
            name="diffusers",
            load=_load_diffusers,
            settings=DiffusersSettings,
            summary="any text-to-video pipeline of diffusers, by id or path",
            license="as the loaded model's",
            needs=("microworldbench[diffusers]", "a GPU for models of useful size"),
        ),
    ]


@hookimpl
def microworldbench_judges() -> list[JudgeSpec]:
    """The deterministic judge that measures pixels."""
    return [
        JudgeSpec(
            name="measured",
            load=_load_measured,
            summary="deterministic measurements on pixels; answers only criteria that carry a measurement",
            license="Apache-2.0",
        )
    ]


def _load_simulator(settings: SimulatorSettings) -> Any:
    from .simulators.generator import Simulator

    return Simulator(settings)


def _load_twin(settings: SimulatorSettings) -> Any:
    from .simulators.generator import Simulator

    return Simulator(settings.model_copy(update={"violation": TWIN}), name="simulator-violated")


def _load_videos_api(settings: VideosApiSettings) -> Any:
    from .generation.videos_api import VideosApiGenerator

    return VideosApiGenerator(settings, "videos-api")


def _load_diffusers(settings: DiffusersSettings) -> Any:
    from .generation.diffusers import DiffusersGenerator

    return DiffusersGenerator(settings, name="diffusers")


def _load_measured(_settings: Any) -> Any:
    from .measure.judge import MeasuredJudge

    return MeasuredJudge()
