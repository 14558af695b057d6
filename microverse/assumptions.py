"""What the paper and its release leave open, and how this run decides it: printed before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

from .config import RunConfig


@dataclass(frozen=True)
class Assumption:
    """One open question.

    Attributes:
        setting: Dotted name of what decides it.
        value: This run's answer.
        open_because: What the paper or the release says, and what it leaves out.
    """

    setting: str
    value: str
    open_because: str


def assumptions(config: RunConfig, processes: int = 1) -> list[Assumption]:
    """The open questions of the paper's recipe with the answers of `config`.

    Args:
        config: The run.
        processes: How many take part in it.
    """
    return [*_objective(config), *_data(config), *_steps(config, processes), *_sampling(config)]


def _objective(config: RunConfig) -> list[Assumption]:
    shift = "the density's own shift" if config.sigma.shift is None else f"shift {config.sigma.shift:g}"
    return [
        Assumption(
            "objective",
            config.objective,
            "Eq. 1 predicts the noise; Wan2.1 and the trainer whose flags Table 4 names predict the velocity",
        ),
        Assumption(
            "sigma.density",
            f"{config.sigma.density}, {shift}",
            "noise levels are not stated: FastVideo's default is uniform, Wan's authors used logit-normal with "
            "shift 2, the release weights a shifted grid",
        ),
        Assumption(
            "text.dropped",
            f"{config.text.dropped} for {config.text.dropout:.0%} of the samples",
            "the dropout rate is stated, not what stands in for the caption: FastVideo takes zeros, which the sampler "
            "never sees",
        ),
        Assumption(
            "text.encoder", config.text.encoder, "the paper says CLIP; Wan2.1 reads UMT5 and has no input for CLIP"
        ),
    ]


def _data(config: RunConfig) -> list[Assumption]:
    fps = "as they come" if config.clip.fps == "native" else f"{config.clip.fps:g} a second, by time"
    return [
        Assumption(
            "clip.frames",
            ", ".join(map(str, config.clip.frames)),
            "the paper says 480×832×81; FastVideo's shipped configurations of the time use 77",
        ),
        Assumption(
            "clip.fps",
            fps,
            "not stated; Wan2.1 is trained at 16, the release reads native frames and writes 15 a second",
        ),
        Assumption(
            "clip.window", config.clip.window, "not stated which 5 s of a longer clip; the release takes the first"
        ),
    ]


def _steps(config: RunConfig, processes: int) -> list[Assumption]:
    total = config.batch * (processes if config.batch_is == "per_process" else 1)
    optimizer = config.optimizer
    clipped = "not clipped" if optimizer.clip_norm is None else f"clipped at norm {optimizer.clip_norm:g}"
    return [
        Assumption(
            "batch_is",
            f"{config.batch_is}: {total} samples a step",
            "the paper says batch size 8 on 8 GPUs: in all, or each (64)?",
        ),
        Assumption(
            "optimizer",
            f"AdamW ({optimizer.beta1:g}, {optimizer.beta2:g}), {optimizer.schedule} after "
            f"{optimizer.warmup_steps} steps of warm-up, {clipped}",
            "rate and weight decay are stated, the schedule, the betas and clipping are not",
        ),
        Assumption("ema", "none" if config.ema is None else f"decay {config.ema.decay:g}", "not mentioned"),
        Assumption("seed", str(config.seed), "not stated"),
    ]


def _sampling(config: RunConfig) -> list[Assumption]:
    validation = config.validation
    negative = repr(validation.negative_prompt) if validation.negative_prompt else "the empty prompt"
    return [
        Assumption(
            "validation.flow_shift",
            f"{validation.flow_shift:g} with {validation.sampler}, against {negative}",
            "guidance 5 and 50 steps are stated; shift, sampler and negative prompt are not",
        )
    ]
