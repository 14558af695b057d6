"""`DiffusersGenerator`: a text-to-video pipeline of diffusers on a local device.

Importing this imports neither torch nor diffusers. Weights are loaded with the first request, so that ``--check`` and
``--dry-run`` stay quick; what can be checked before is checked when the generator is made.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .batching import Batcher
from .pipelines import DeviceMemoryError, check_before_loading, is_out_of_memory, load_pipeline, what_helps
from .processes import Processes
from .recipes import DiffusersSettings, Offload, Recipe, Shape, fitted
from .request import GenerationRequest, Made

if TYPE_CHECKING:
    from ..video import Video

__all__ = ["DeviceMemoryError", "DiffusersGenerator", "DiffusersSettings", "Offload", "Recipe"]


class DiffusersGenerator:
    """Makes videos with a diffusers pipeline.

    A seed's noise is drawn on the CPU by a generator of its own, so it is the same on every device and in every batch.

    Args:
        settings: See `DiffusersSettings`; adapters use a subclass with their model's defaults.
        recipe: What is particular to the family.
        name: Shown in tables.

    Raises:
        InputError: a package, the path, the device or the memory it needs is missing; says what is needed.
    """

    def __init__(self, settings: DiffusersSettings, recipe: Recipe | None = None, name: str = "diffusers") -> None:
        self.settings, self.recipe, self.name = settings, recipe or Recipe(), name
        devices = [device.strip() for device in settings.device.split(",") if device.strip()]
        self.max_concurrency = settings.batch if len(devices) < 2 else len(devices)
        self._processes: Processes | None = None
        if len(devices) > 1:
            self._processes = self._one_process_each(devices)
            return
        self._device = check_before_loading(settings, self.recipe)
        self._pipeline: Any = None
        self._guard = threading.Lock()
        self._batcher: Batcher[GenerationRequest, Made] = Batcher(self.generate_batch, settings.batch, _alike)

    @property
    def pipeline(self) -> Any:
        """The loaded pipeline.

        Raises:
            RunStoppedError: it cannot be loaded.
        """
        with self._guard:
            if self._pipeline is None:
                self._pipeline = load_pipeline(self.settings, self.recipe, self._device)
            return self._pipeline

    def generate(self, request: GenerationRequest) -> Made:
        """One video, made together with other requests of the same shape where ``batch`` allows.

        Raises:
            DeviceMemoryError: memory ran out; says which setting helps.
            InputError: the model cannot make what was asked for.
        """
        if self._processes is not None:
            made: Made = self._processes(request)
            return made
        return self._batcher(request)

    __call__ = generate

    def keep_in(self, folder: Path) -> None:
        """Gets ready for a run; nothing is kept."""
        if self._processes is not None:
            self._processes.resume()

    def stop(self) -> None:
        """Ends the processes of several devices; a single device finishes its pass."""
        if self._processes is not None:
            self._processes.stop()

    def generate_batch(self, requests: Sequence[GenerationRequest]) -> list[Made]:
        """Videos of one shape in one pass, in the order of the requests; the same as one by one up to rounding.

        Raises:
            InputError: the requests differ in size, rate or duration.
        """
        shapes = [fitted(request, self.settings, self.recipe) for request in requests]
        shape = shapes[0][0]
        if any(other != shape for other, _ in shapes):
            raise InputError("the requests of one batch must have one size, rate and duration")
        pipeline = self.pipeline
        videos = self._sample(pipeline, requests, shape)
        return [
            Made(video, {**changed, **self._truncation(pipeline, request.prompt)})
            for video, request, (_, changed) in zip(videos, requests, shapes, strict=True)
        ]

    def _one_process_each(self, devices: list[str]) -> Processes:
        if self.settings.batch > 1:
            raise InputError(f"batch={self.settings.batch} goes with one device, got {', '.join(devices)}")
        for device in devices:
            check_before_loading(self.settings.model_copy(update={"device": device}), self.recipe)
        return Processes(functools.partial(_on_device, type(self), self.settings, self.recipe, self.name), devices)

    def _sample(self, pipeline: Any, requests: Sequence[GenerationRequest], shape: Shape) -> list[Video]:
        import torch

        from ..video import Video

        settings = self.settings
        arguments: dict[str, Any] = {
            "prompt": [_encodable(request.prompt) for request in requests],
            "width": shape.width,
            "height": shape.height,
            "num_frames": shape.frames,
            "num_inference_steps": settings.steps,
            "guidance_scale": settings.guidance,
            "generator": [torch.Generator("cpu").manual_seed(request.seed) for request in requests],
            "output_type": "np",
            **(self.recipe.arguments(settings) if self.recipe.arguments else {}),
        }
        if settings.negative_prompt and "negative_prompt" not in arguments:
            arguments["negative_prompt"] = [settings.negative_prompt] * len(requests)
        try:
            with torch.inference_mode():
                frames = pipeline(**arguments).frames
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            message = what_helps(settings, self._device)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            raise DeviceMemoryError(message) from None
        return [Video.from_frames(self._checked(clip), shape.fps) for clip in frames]

    def _checked(self, clip: Any) -> Any:
        import numpy as np

        if np.isfinite(clip).all():
            return clip
        raise InputError(
            f"the model's frames hold values that are not finite, as an overflow in dtype={self.settings.dtype} gives; "
            "use -g dtype=bfloat16 or float32"
        )

    def _truncation(self, pipeline: Any, prompt: str) -> dict[str, int]:
        """What the text encoder did not read, for the record."""
        limit = self.recipe.prompt_tokens
        if limit is None:
            return {}
        text = _encodable(prompt)
        if self.recipe.count_tokens is not None:
            count = self.recipe.count_tokens(pipeline, text)
        else:
            count = len(pipeline.tokenizer(text, verbose=False).input_ids)
        return {} if count <= limit else {"prompt_tokens": count, "prompt_tokens_read": limit}


def _on_device(
    kind: type[DiffusersGenerator], settings: DiffusersSettings, recipe: Recipe, name: str, device: str
) -> Callable[[GenerationRequest], Made]:
    """In a process of its own: the generator for one of several devices."""
    return kind(settings.model_copy(update={"device": device}), recipe, name).generate


def _alike(first: GenerationRequest, second: GenerationRequest) -> bool:
    """Whether two requests can share a pass."""
    same = {"width", "height", "fps", "duration_s"}
    return first.model_dump(include=same) == second.model_dump(include=same)


def _encodable(prompt: str) -> str:
    """`prompt` without lone surrogates, on which tokenizers fail."""
    return prompt.encode("utf-8", "replace").decode("utf-8")
