"""Several processes: one loss in every layout, any number of them after a restart, and what a kill leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from microverse.checkpoints import published
from microverse.config import RunConfig
from microverse.export import read_network
from microverse.runs import TrainingRun

from .conftest import CAPTIONS

Configured = Callable[..., RunConfig]
STEPS = ["steps=6", "optimizer.lr=1e-3", "optimizer.schedule=constant", "parallel.micro_batch=1", "save.every=2"]
LOOKS = ["validation.every=3", "validation.clips=3", "validation.steps=2", "ema.decay=0.9"]
LAYOUTS = {
    "ddp": ["parallel.layout=ddp"],
    "fsdp": ["parallel.layout=fsdp"],
    "hsdp": ["parallel.layout=hsdp", "parallel.shard=2"],
}


class Runs:
    """Runs by name, made by one start of ``ranks.py``."""

    def __init__(self, folder: Path, common: list[str]) -> None:
        self.folder, self._common = folder, common
        self.jobs: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.statuses: dict[str, list[int]] = {}
        self.told = ""

    def add(self, name: str, processes: int, runs: dict[str, list[str]], kill: dict[str, int] | None = None) -> None:
        """A job called `name`; its runs by their folder, each with its settings."""
        listed = [{"settings": [*self._common, f"out={self.folder / out}", *own]} for out, own in runs.items()]
        self.jobs.append({"processes": processes, "runs": [{**run, "kill": kill} if kill else run for run in listed]})
        self.names.append(name)

    def carry_out(self) -> None:
        (self.folder / "jobs.json").write_text(json.dumps(self.jobs))
        script = Path(__file__).with_name("ranks.py")
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            [sys.executable, str(script), str(self.folder / "jobs.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        ) as started:
            try:
                out, self.told = started.communicate(timeout=280)
            except BaseException:
                os.killpg(started.pid, signal.SIGKILL)
                raise
        self.statuses = dict(zip(self.names, map(json.loads, out.splitlines()), strict=True))

    def log(self, name: str, kind: str = "log") -> list[dict[str, Any]]:
        return TrainingRun(self.folder / name).log(kind).read()

    def losses(self, name: str) -> list[float]:
        return [record["loss"] for record in self.log(name)]

    def weights(self, name: str, weights: Any = "trained") -> dict[str, Any]:
        run = TrainingRun(self.folder / name)
        network = read_network(run.config, Path(run.config.model), published(run.checkpoints)[-1], weights)
        return dict(network.named_parameters())


@pytest.fixture(scope="module")
def runs(configured: Configured, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Everything at once, because starting is what costs."""
    folder = tmp_path_factory.mktemp("ranks")
    base = configured(folder / "x")
    places = [f"model={base.model}", f"cache={base.cache}", "clip.sizes=[48x32]", "clip.frames=[9]"]
    made = Runs(folder, [*places, *STEPS, *LOOKS, "validation.bins=2", f"validation.prompts=[{CAPTIONS['red']}]"])
    lora = ["lora.rank=4"]
    half = ["precision.compute=bf16", "steps=3"]
    made.add("one", 1, {"one": [], "one-lora": lora, "one-bf16": half})
    spread = {f"two-{name}": own for name, own in LAYOUTS.items()} | {"two-lora": [*LAYOUTS["fsdp"], *lora]}
    made.add("two", 2, spread | {"two-bf16": [*LAYOUTS["fsdp"], "parallel.all_gather=bf16", *half]})
    made.add("four", 4, {f"four-{name}": own for name, own in LAYOUTS.items()})
    made.add("reshard from two", 2, {"resharded": [*LAYOUTS["fsdp"], "steps=2"]})
    made.add("reshard to one", 1, {"resharded": ["steps=4"]})
    made.add("reshard to four", 4, {"resharded": [*LAYOUTS["hsdp"], "steps=6"]})
    eager = ["save.every=1", "save.keep=9"]
    made.add("killed", 1, {"killed": eager}, kill={"rank": 0, "step": 4})
    made.add("killed, goes on", 1, {"killed": eager})
    made.add("lost", 2, {"lost": [*LAYOUTS["fsdp"], *eager]}, kill={"rank": 1, "step": 3})
    made.add("lost, goes on", 2, {"lost": [*LAYOUTS["fsdp"], *eager]})
    made.carry_out()
    return made


def largest_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).detach().abs().max()) for name in a)


def test_every_process_ends_well_that_is_not_killed(runs: Runs) -> None:
    ended = {name: codes for name, codes in runs.statuses.items() if name not in ("killed", "lost")}
    assert not any(code for codes in ended.values() for code in codes), runs.told


@pytest.mark.parametrize("count", ["two", "four"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_several_processes_learn_what_one_does(runs: Runs, count: str, layout: str) -> None:
    name = f"{count}-{layout}"
    assert runs.losses(name) == pytest.approx(runs.losses("one"), abs=1e-6)
    for there, here in zip(runs.log(name), runs.log("one"), strict=True):
        assert there["levels"] == here["levels"]
        assert there["errors"] == pytest.approx(here["errors"], abs=5e-6)
        assert there["gradient_norm"] == pytest.approx(here["gradient_norm"], rel=1e-4)
    assert largest_difference(runs.weights(name), runs.weights("one")) < 1e-4
    assert largest_difference(runs.weights(name, "average"), runs.weights("one", "average")) < 1e-4


def test_adapters_of_a_cut_up_network_learn_what_those_of_a_whole_one_do(runs: Runs) -> None:
    assert runs.losses("two-lora") == pytest.approx(runs.losses("one-lora"), abs=1e-6)
    assert runs.losses("two-lora") != runs.losses("two-fsdp")


def test_weights_that_travel_in_bfloat16_change_the_loss_by_their_rounding_only(runs: Runs) -> None:
    assert runs.losses("two-bf16") == pytest.approx(runs.losses("one-bf16"), rel=5e-3)
    assert runs.losses("two-bf16") != runs.losses("one-bf16")
    assert {value.dtype for value in runs.weights("two-bf16").values()} == {torch.float32}


@pytest.mark.parametrize("name", ["two-fsdp", "four-hsdp", "four-ddp"])
def test_several_processes_see_what_one_does(runs: Runs, name: str) -> None:
    """Loss at fixed noise and samples are shared out, and come out the same."""
    from microworldbench.video import read

    for there, here in zip(runs.log(name, "validation"), runs.log("one", "validation"), strict=True):
        assert there["losses"] == pytest.approx(here["losses"], abs=1e-6)
    for step in ("base", "step-00000006"):
        mine, others = (read(runs.folder / n / "samples" / step / "prompt-1" / "0.mp4").frames for n in (name, "one"))
        assert abs(mine.astype(int) - others).max() <= 2


def test_a_run_goes_on_with_any_number_of_processes_and_layout(runs: Runs) -> None:
    assert runs.losses("resharded") == pytest.approx(runs.losses("one"), abs=1e-6)
    for weights in ("trained", "average"):
        assert largest_difference(runs.weights("resharded", weights), runs.weights("one", weights)) < 1e-4


def test_a_killed_process_is_continued_bit_for_bit(runs: Runs) -> None:
    assert runs.statuses["killed"] == [-signal.SIGKILL]
    assert runs.losses("killed") == runs.losses("one")
    for weights in ("trained", "average"):
        mine, others = runs.weights("killed", weights), runs.weights("one", weights)
        assert all(torch.equal(value, others[name]) for name, value in mine.items())


def test_who_loses_a_peer_says_so_and_the_same_number_goes_on_bit_for_bit(runs: Runs) -> None:
    assert runs.statuses["lost"] == [1, -signal.SIGKILL]
    told = (
        r"rank 0: another process of the run is gone \([^/]+ by peer[^/]*\); the same command continues from the last"
    )
    assert re.search(told, runs.told), runs.told
    assert runs.losses("lost") == runs.losses("two-fsdp")
    mine, others = runs.weights("lost"), runs.weights("two-fsdp")
    assert all(torch.equal(value, others[name]) for name, value in mine.items())
