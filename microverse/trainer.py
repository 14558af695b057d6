"""Trains: reads samples, adds up gradients, steps, looks, saves. The order of things and nothing else."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from microworldbench.errors import MicroWorldBenchError, RunConflictError
from microworldbench.runs import package_versions

from . import costs, network, parallel, wan
from .cache.build import describe
from .cache.reading import Cache
from .checkpoints import Saver, State, load, published, stop_on_trouble
from .clips import Bucket
from .config import RunConfig
from .faults import non_finite
from .feed import Feed, Fetched
from .flow import Objective
from .launch import Processes
from .optimizer import MovingAverage, adamw, learning_rate
from .plan import Plan
from .runs import TrainingRun
from .step import accumulate
from .stopping import StopRequest
from .telemetry import StepRecord, peak_memory_gib


class Watcher(Protocol):
    """Is told what happens; only in the process that leads."""

    def begin(self, steps: int, done: int) -> None:
        """Training begins, `done` of `steps` were done before."""

    def stepped(self, record: StepRecord) -> None:
        """A step is done."""

    def note(self, text: str) -> None:
        """Something the user should read."""


class Silent:
    """A `Watcher` that shows nothing."""

    def begin(self, steps: int, done: int) -> None: ...

    def stepped(self, record: StepRecord) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        step: Steps done.
        loss: Of the last step; None where none was done now.
        signal: What asked it to end early; None where it is complete.
        resumed_at: The checkpoint it went on from; None where it began.
    """

    step: int
    loss: float | None
    signal: int | None
    resumed_at: int | None


class Trainer:
    """One run in one of its processes.

    Args:
        config: The run.
        here: This process.
        watcher: Told what happens.
        look: Called at the beginning, every `config.validation.every` steps and at the end, by every process.

    Raises:
        InputError: model, cache and configuration do not fit together.
    """

    def __init__(
        self, config: RunConfig, here: Processes, watcher: Watcher, look: Callable[[Trainer], None] | None = None
    ) -> None:
        self.config, self.here, self.watcher, self._look = config, here, watcher, look
        self.run_folder = TrainingRun(Path(config.out))
        self.model_folder = wan.locate(config.model)
        self.geometry = costs.Geometry.of(wan.geometry(self.model_folder))
        self.cache = Cache(Path(config.cache))
        self.cache.check_made_for(describe(config, self.model_folder, self.cache.info.latents))
        self.objective = Objective(config.objective, config.sigma)
        self.batch = config.batch * (here.count if config.batch_is == "per_process" else 1)
        self.shares = parallel.samples_of(self.batch, config.parallel.micro_batch, here.rank, here.count)
        self.buckets = [bucket for bucket, _ in self.cache.buckets("train")]
        self.plan = Plan(
            [len(clips) for _, clips in self.cache.buckets("train")], self.batch, config.seed, config.text.dropout
        )
        self.state = self._state()

    def _state(self) -> State:
        config = self.config
        torch.manual_seed(config.seed)  # of fresh adapters
        spread = parallel.spread(self._with_weights, self._without_weights, config.parallel, self.here)
        trained = network.trainable(parallel.plain(spread))
        average = MovingAverage(trained, config.ema.decay) if config.ema else None
        return State(spread, adamw(list(trained.values()), config.optimizer), average)

    def _with_weights(self) -> Any:
        made = wan.load_network(self.model_folder)
        network.prepare(made, self.config, self.here.device.type)
        return made

    def _without_weights(self) -> Any:
        from diffusers import WanTransformer3DModel

        with torch.device("meta"):
            made = WanTransformer3DModel.from_config(wan.geometry(self.model_folder))
            network.prepare(made, self.config, self.here.device.type)
        return made

    @property
    def network(self) -> Any:
        """The network itself, to call its methods and to sample with."""
        return parallel.plain(self.state.network)

    @property
    def trained(self) -> dict[str, Any]:
        """The trained parameters by name."""
        return network.trainable(self.network)

    def autocast(self) -> Any:
        """The context of a forward pass."""
        return network.autocast(self.config, self.here.device.type)

    def feed(self) -> Feed:
        """This process's samples."""
        is_zeros = self.config.text.dropped == "zeros"
        return Feed(self.cache, self.plan, self.objective, self.shares, self.here.device, dropped_as_zeros=is_zeros)

    def train(self) -> Ended:
        """Trains from the last checkpoint, or from the beginning, to the last step or until it is asked to stop.

        Raises:
            RunConflictError: the run was begun otherwise.
            NonFiniteError: loss or gradients are not finite.
            RunStoppedError: a checkpoint or the log cannot be written.
        """
        config, saves = self.config, self.config.save
        saver = Saver(self.run_folder.checkpoints, keep=saves.keep, asynchronous=saves.asynchronous, here=self.here)
        loss = signal = None
        with ExitStack() as alone, StopRequest() as stop:
            self._open(alone)
            resumed_at = self._resume()
            self.watcher.begin(config.steps, self.state.step)
            if self._has_yet_to_look():
                self._looked()
            for record, asked in self._steps(stop, saver):
                loss, signal = record.loss, asked
                is_last = self.state.step == config.steps or asked is not None
                if self.state.step % saves.every == 0 or is_last:
                    saver.save(self.state, self._about())
                if self._is_to_be_looked_at():
                    self._looked()
                saver.settle()
            saver.settle(wait=True)
        stop_on_trouble(self._anybodys(saver.trouble))
        return Ended(self.state.step, loss, signal, resumed_at)

    def _steps(self, stop: StopRequest, saver: Saver) -> Iterator[tuple[StepRecord, int | None]]:
        """Does step after step until the last one, or until any process was asked to stop or could not save.

        Yields each step's record, and the signal that all processes know of by now.
        """
        began = time.perf_counter()
        for fetched in self.feed().steps(self.state.step, self.config.steps):
            errors, norm, signal, is_in_trouble = self._gradients(fetched, stop, saver)
            self._check_finite(errors, norm)
            rate = self._update()
            ended = time.perf_counter()
            record = self._record(fetched, errors, norm, rate, ended - began)
            if self.here.leads:
                self.run_folder.log("log").append(record.as_json())
                self.watcher.stepped(record)
            yield record, signal or None
            if signal or is_in_trouble:
                return
            began = time.perf_counter()

    def _gradients(self, fetched: Fetched, stop: StopRequest, saver: Saver) -> tuple[list[float], float, int, bool]:
        """Adds up the step's gradients.

        Returns:
            The errors of the whole batch in the order of its samples, the gradients' norm, the signal that any process
            has received (0 for none), and whether any could not save.
        """
        mine = accumulate(self.state.network, fetched.batches, self.autocast)
        norm = parallel.clip_norm(list(self.trained.values()), self.config.optimizer.clip_norm)
        told = torch.tensor([stop.signal or 0, bool(saver.trouble), norm], dtype=torch.float64)
        everybodys = self.here.gathered(torch.cat([mine.double().cpu(), told]))
        errors = torch.empty(self.batch, dtype=torch.float64)
        for rank, values in enumerate(everybodys):
            share = parallel.samples_of(self.batch, self.config.parallel.micro_batch, rank, self.here.count)
            errors[[index for part in share for index in part]] = values[:-3]
        signal, trouble, largest = everybodys[:, -3:].amax(0).tolist()
        return errors.tolist(), largest, int(signal), bool(trouble)

    def _update(self) -> float:
        """Changes the weights; the rate it was done at."""
        rate = learning_rate(self.state.step, self.config.steps, self.config.optimizer)
        for group in self.state.optimizer.param_groups:
            group["lr"] = rate
        self.state.optimizer.step()
        self.state.optimizer.zero_grad(set_to_none=True)
        if self.state.average is not None:
            self.state.average.follow(self.trained, self.state.step)
        self.state.step += 1
        return rate

    def _check_finite(self, errors: list[float], norm: float) -> None:
        if all(map(math.isfinite, errors)) and math.isfinite(norm):
            return
        clips = [clips for _, clips in self.cache.buckets("train")]
        draws = self.plan.step(self.state.step)
        samples = [(clips[d.bucket][d.clip].id, self.objective.level(d.u)) for d in draws]
        raise non_finite(self.state.step + 1, samples, errors, published(self.run_folder.checkpoints))

    def _record(self, fetched: Fetched, errors: list[float], norm: float, rate: float, seconds: float) -> StepRecord:
        draws = self.plan.step(self.state.step - 1)
        bucket: Bucket = self.buckets[draws[0].bucket]
        flops = costs.training_flops(self.geometry, bucket, self.config.lora is not None) * self.batch
        peak = costs.peak_flops(torch.cuda.get_device_name()) if self.here.device.type == "cuda" else None
        return StepRecord(
            step=self.state.step,
            loss=sum(errors) / len(errors),
            learning_rate=rate,
            gradient_norm=norm,
            levels=[self.objective.level(draw.u) for draw in draws],
            errors=errors,
            seconds=seconds,
            waited_s=fetched.waited_s,
            samples_per_s=self.batch / seconds,
            tokens_per_s=self.batch * self.geometry.tokens(bucket) / seconds,
            mfu=None if peak is None else flops / seconds / (peak * self.here.count),
            memory_gib=peak_memory_gib(self.here),
        )

    def _open(self, stack: ExitStack) -> None:
        """Takes the run's folder and notes the configuration, or checks it against what was begun."""
        refusal = None
        if self.here.leads:
            try:
                stack.enter_context(self.run_folder.writing())
                self.run_folder.begin(self.config)
            except MicroWorldBenchError as error:
                refusal = error
        refusal = self.here.told(refusal)
        if refusal is not None:
            raise refusal

    def _resume(self) -> int | None:
        """Loads the newest checkpoint if there is one."""
        kept = self.here.told(published(self.run_folder.checkpoints) if self.here.leads else None)
        if kept:
            self._check_same(kept[-1].about)
            load(self.state, kept[-1])
        if self.here.leads:
            for name in ("log", "validation"):
                self.run_folder.log(name).cut_after(self.state.step)
        return self.state.step if kept else None

    def _about(self) -> dict[str, Any]:
        """What a checkpoint says of the run beside its tensors."""
        return {
            "format": 1,
            "config": self.config.digest,
            "model": self._model_fingerprint(),
            "cache": self.cache.digest,
            "batch": self.batch,
            "processes": self.here.count,
            "layout": self.config.parallel.layout,
            "packages": package_versions(),
        }

    def _model_fingerprint(self) -> str:
        return wan.fingerprint(self.model_folder, "transformer")

    def _check_same(self, about: dict[str, Any]) -> None:
        checks = {
            "cache": (self.cache.digest, "the clips in the cache have changed"),
            "model": (self._model_fingerprint(), "the model to start from is another"),
            "batch": (self.batch, f"a step had {about.get('batch')} samples and would have {self.batch}"),
        }
        for name, (now, told) in checks.items():
            if about.get(name) != now:
                raise RunConflictError(
                    f"the run at {str(self.run_folder.path)!r} cannot be continued: {told}, so the rest would not be "
                    "what it would have been. Restore it, or choose another out=FOLDER"
                )

    def _has_yet_to_look(self) -> bool:
        """Whether the step that training begins with was to be looked at and was not: the first, or before a kill."""
        if not self._is_to_be_looked_at():
            return False
        seen = self.here.leads and any(r["step"] == self.state.step for r in self.run_folder.log("validation").read())
        return not self.here.told(seen)

    def _is_to_be_looked_at(self) -> bool:
        return self.state.step % self.config.validation.every == 0 or self.state.step == self.config.steps

    def _looked(self) -> None:
        if self._look is not None:
            self._look(self)

    def _anybodys(self, trouble: str | None) -> str | None:
        return next((each for each in self.here.collected(trouble) if each), None)
