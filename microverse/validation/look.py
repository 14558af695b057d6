"""One look at a run: loss at fixed noise, samples, their scores, the page; and what the user should be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from microworldbench.errors import MicroWorldBenchError, VideoError
from microworldbench.video import read

from ..curve import loss_curve
from ..optimizer import averaged
from .decline import Looks, looks, signs_of_decline
from .losses import FixedNoiseLoss, fixed_noise_loss
from .samples import make_samples, sample_path
from .scoring import score_gain, scored, told
from .sheet import Sheet, step_folder, write_sheet, write_side_by_side

if TYPE_CHECKING:
    from ..prompts import Prompt
    from ..trainer import Trainer


class Look:
    """Looks at a run and writes what it sees into the run's folder.

    Args:
        score_with: A judge that scores the samples; None: they are not scored.
    """

    def __init__(self, score_with: str | None = None) -> None:
        self.score_with = score_with

    def __call__(self, trainer: Trainer) -> None:
        """Looks at the weights as they would be exported: averaged, where there is an average."""
        step, samples = trainer.state.step, trainer.run_folder.samples
        with averaged(trainer.trained, trainer.state.average if step else None):
            loss = fixed_noise_loss(trainer)
            jobs = make_samples(trainer, step_folder(samples, step))
        if trainer.here.leads:
            self._note(trainer, loss, jobs)
        trainer.here.wait()

    def _note(self, trainer: Trainer, loss: FixedNoiseLoss | None, jobs: list[tuple[Prompt, int]]) -> None:
        step, log = trainer.state.step, trainer.run_folder.log("validation")
        record: dict[str, Any] = {"step": step}
        if loss is not None:
            record |= {"loss": loss.mean, "levels": loss.levels, "losses": loss.losses, "clips": loss.clips}
            record["held_out"] = loss.held_out
        change = _change(log.read(), loss)
        record["warnings"] = self._warnings(trainer, jobs, change)
        record["scores"] = self._scores(trainer) if jobs and self.score_with else None
        log.append(record)
        for text in _sentences(record, change):
            trainer.watcher.note(f"step {step}: {text}")
        self._write(trainer, record, jobs)

    def _warnings(self, trainer: Trainer, jobs: list[tuple[Prompt, int]], change: float | None) -> list[str]:
        step, samples = trainer.state.step, trainer.run_folder.samples
        if step == 0:
            return []
        before: list[Looks] = []
        now: list[Looks] = []
        for job in jobs:
            base, tuned = (sample_path(step_folder(samples, s), *job) for s in (0, step))
            try:
                pair = looks(read(base).frames), looks(read(tuned).frames)
            except VideoError:  # a prompt that was added after the base's samples were made
                continue
            before.append(pair[0])
            now.append(pair[1])
        return signs_of_decline(before, now, change)

    def _scores(self, trainer: Trainer) -> Any:
        step, folder, wanted = trainer.state.step, trainer.run_folder, trainer.config.validation
        assert self.score_with is not None
        try:
            base = scored(folder.samples / "base", folder.path / "scores" / "base", "base", self.score_with, wanted)
            if step == 0:
                return None
            name = step_folder(folder.samples, step).name
            tuned = scored(folder.samples / name, folder.path / "scores" / name, name, self.score_with, wanted)
        except MicroWorldBenchError as error:
            trainer.watcher.note(f"step {step}: the samples could not be scored: {error}")
            return None
        return score_gain(base, tuned)

    def _write(self, trainer: Trainer, record: dict[str, Any], jobs: list[tuple[Prompt, int]]) -> None:
        folder = trainer.run_folder
        curve = loss_curve(folder.log("log").read(), folder.log("validation").read(), folder.path.name)
        folder.write("loss.svg", curve.encode())
        if not jobs:
            return
        steps = sorted({0, *(each["step"] for each in folder.log("validation").read())})
        facts = [("steps", f"{trainer.state.step:,} of {trainer.config.steps:,}")]
        if "loss" in record:
            where = "held-out" if record["held_out"] else "training"
            facts.append((f"loss at fixed noise, {record['clips']} {where} clips", f"{record['loss']:.4g}"))
        if record["scores"]:
            facts += [(f"{name}, by {self.score_with}", words) for name, words in told(record["scores"])]
        sheet = Sheet(folder.path.name, steps, jobs, facts, record["warnings"], curve)
        if trainer.state.step:
            write_side_by_side(folder.samples, trainer.state.step, jobs)
        write_sheet(folder.samples, sheet)


def _change(records: list[dict[str, Any]], loss: FixedNoiseLoss | None) -> float | None:
    """By how much the fixed-noise loss has changed since the first look."""
    first = next((record["loss"] for record in records if "loss" in record), None)
    return None if loss is None or first is None else loss.mean - first


def _sentences(record: dict[str, Any], change: float | None) -> list[str]:
    found = []
    if "loss" in record:
        since = "" if change is None else f" ({change:+.4g} since the beginning)"
        found.append(f"loss at fixed noise {record['loss']:.4g}{since}")
    if record["scores"]:
        found.append(", ".join(f"{name} {words}" for name, words in told(record["scores"])))
    return found + [f"warning: {text}" for text in record["warnings"]]
