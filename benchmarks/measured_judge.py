"""How often is the measured judge right about clips whose truth is known, and does it stay silent off topic?

The full control battery: seeds 51 and 52 (or others, given with --seeds) and parameters drawn from them, on which no
threshold was set (those are below 30), every violation of every mechanism, two of them a mechanism held out from
tuning, and every violation of finished clips on both sides of its threshold. Targets: balanced accuracy of 90 % while
answering 80 % of the claims a pixel measurement could answer, and no ``met`` about a process on natural textures, noise
or another simulator's clips.

    python benchmarks/measured_judge.py [--battery quick] [--mechanism NAME]… [--seeds A B] [--workers N] [--wrong]
                                        [--answers FILE]

With --answers, what the judge says is kept in a file and not asked again, so that a long run can be split by mechanism
and counted in one last call. The file is of one judge: delete it when a measurement changes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from microworldbench.certificate import Accuracy
from microworldbench.certify import Films, compose
from microworldbench.certify import battery as batteries
from microworldbench.certify.accuracy import accuracy
from microworldbench.certify.claims import Claim
from microworldbench.judging.footage import Footage
from microworldbench.judging.protocol import Question
from microworldbench.measure.clip import Clip
from microworldbench.measure.judge import MeasuredJudge, measure, specified
from microworldbench.rubric import Task
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.canvas import clouds
from microworldbench.suites.packaged import load_packaged
from microworldbench.violations import aspects_of
from microworldbench.violations.aspects import ABOUT_THE_FILM

HELD_OUT = {
    "cardiac": ("shut_valves", "lifting_apex"),
    "alveoli": ("held_breath", "slow_breath"),
    "vessel": ("fast_walls", "slow_throat"),
    "peristalsis": ("racing_wave", "appearing_chyme"),
    "excitation": ("single_round", "dead_half"),
    "mitosis": ("unequal_sets", "fusing_again"),
    "chemotaxis": ("circling", "dividing"),
    "phagocytosis": ("extra_prey", "vanishing_prey"),
    "wound": ("stalled", "one_sided"),
    "bacteria": ("scattering", "unequal_division"),
    "vesicles": ("caged", "multiplying"),
    "kinesin": ("falls_off", "short_strides"),
    "calcium": ("one_wave", "uneven_speeds"),
    "microtubule": ("frozen_tips", "lasting_comets"),
    "exocytosis": ("wide_at_once", "buds_again"),
}
"""Violations no threshold was set on. Those of cardiac, phagocytosis, wound, bacteria and calcium were held out from
the beginning; the others were written after the last threshold was set, and first judged with seeds 71 and 72."""
OFF_TOPIC = ("blank", "static", "wrong_subject", "wrong_mechanism", "missing_element")
Said = dict[str, tuple[bool | None, str]]


def ask(job: tuple[Task, Path]) -> Said:
    """What the judge says of one clip, by criterion."""
    task, path = job
    judge = MeasuredJudge()
    groups = judge.groups(task, task.criteria)
    if not groups:
        return {}
    answer = judge.ask(Question(task, 0, groups[0].criteria, 0, "all", path, Footage(path)))
    return {j.criterion: (j.met, j.observation) for j in answer.judgements}


def answered(jobs: Sequence[tuple[Task, Path]], workers: int, kept: Path | None) -> list[Said]:
    """What the judge says of every clip: what is `kept`, and of the others what it answers now."""
    lines = kept.read_text("utf-8").splitlines() if kept is not None and kept.exists() else []
    known: dict[str, Said] = dict(map(json.loads, lines))
    names = [f"{task.id}/{path.stem}" for task, path in jobs]
    missing = [(name, job) for name, job in zip(names, jobs, strict=True) if name not in known]
    with ProcessPoolExecutor(max_workers=workers) as pool:
        for (name, _), said in zip(missing, pool.map(ask, [job for _, job in missing], chunksize=4), strict=True):
            known[name] = said
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, said]) + "\n")
    return [known[name] for name in names]


def textures() -> Iterator[tuple[str, Clip]]:
    """Natural textures that pan, drift apart, breathe and morph."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        wide = np.stack([clouds(rng, 420, 240, (4, 8, 16, 32, 64, 128), 0.7) for _ in range(3)], axis=-1) * 255
        other = np.stack([clouds(rng, 420, 240, (4, 8, 16, 32, 64, 128), 0.7) for _ in range(3)], axis=-1) * 255
        steps = np.linspace(0, 1, 60)
        pans = [wide[i // 2 : i // 2 + 144, 2 * i : 2 * i + 256] for i in range(60)]
        breaths = [wide[:144, :256] * (1 + 0.3 * np.sin(2 * np.pi * 3 * s)) for s in steps]
        morphs = [wide[:144, :256] * (1 - s) + other[:144, :256] * s for s in steps]
        for name, frames in (("pan", pans), ("breath", breaths), ("morph", morphs)):
            yield f"{name} {seed}", Clip(np.clip(np.stack(frames), 0, 255).astype(np.uint8), 16.0)


def false_met_on_textures(tasks: Iterable[Task]) -> list[str]:
    """Every claim about a process that is called met on a texture."""
    found = []
    clips = list(textures())
    for task in tasks:
        places = aspects_of(task)
        for criterion in task.criteria:
            if criterion.measurement is None or places[criterion.id].aspect in ABOUT_THE_FILM:
                continue
            spec, params = specified(task, criterion)
            found += [f"{task.id}/{criterion.id} on {name}" for name, clip in clips if measure(spec, clip, params).met]
    return found


def row(label: str, part: Accuracy) -> str:
    def percent(value: float | None) -> str:
        return "—" if value is None else f"{100 * value:.1f}"

    numbers = (part.sensitivity, part.specificity, part.balanced_accuracy, part.answered)
    cells = [percent(number) for number in numbers] + [percent(part.unanswered_as_wrong.balanced_accuracy)]
    return f"{label[:34]:<34}" + "".join(f"{cell:>9}" for cell in cells) + f"{part.n:>8}"


def is_held_out(claim: Claim) -> bool:
    """Whether a claim is about a clip whose mechanism was broken as no threshold was set on."""
    return claim.clip.recipe.broken in HELD_OUT[claim.clip.recipe.mechanism]


def report(claims: Sequence[Claim], wrong: bool, said: dict[tuple[str, str], str]) -> None:
    off = [c for c in claims if c.clip.recipe.label in OFF_TOPIC]
    on = [c for c in claims if c.clip.recipe.label not in OFF_TOPIC]
    print(f"{'':<34}{'sens.':>9}{'spec.':>9}{'balanced':>9}{'answered':>9}{'strict':>9}{'claims':>8}")
    print(row("on topic", accuracy(on)))
    print(row("off topic included", accuracy(claims)))
    print(row("held-out violations, on topic", accuracy([c for c in on if is_held_out(c)])))
    for title, key in (
        ("level", lambda c: c.task.level.value),
        ("dimension", lambda c: c.criterion.dimension.value),
        ("polarity", lambda c: c.criterion.polarity.value),
        ("task", lambda c: c.task.id),
        ("measurement", lambda c: c.criterion.measurement.name),
        ("held-out violation", lambda c: c.clip.recipe.broken if is_held_out(c) else "(all others)"),
    ):
        print(f"-- by {title}, on topic")
        parts: dict[str, list[Claim]] = defaultdict(list)
        for claim in on:
            parts[key(claim)].append(claim)
        for name in sorted(parts):
            print(row(name, accuracy(parts[name])))
    false = [
        f"{c.clip.id}/{c.criterion.id} ({c.clip.recipe.mechanism}, {c.clip.recipe.label})"
        for c in off
        if c.met and aspects_of(c.task)[c.criterion.id].aspect not in ABOUT_THE_FILM
    ]
    print(
        f"\nmet about a process on other simulators' clips, noise and blanks: {len(false)} of {len(off)}",
        *false,
        sep="\n  ",
    )
    if wrong:
        print("\nwrong")
        for c in on:
            if c.truth is not None and c.met is not None and bool(c.met) is not c.truth:
                print(
                    f"  {c.clip.id} {c.clip.recipe.mechanism}/{c.clip.recipe.seed}/{c.clip.recipe.broken} "
                    f"{[s.violation for s in c.clip.recipe.steps]} {c.criterion.id}: truth {c.truth}; "
                    f"{said[c.clip.id, c.criterion.id]}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--battery", choices=["quick", "full"], default="full")
    parser.add_argument("--mechanism", action="append", choices=list(MECHANISMS), help="only this one; repeatable")
    parser.add_argument("--off-topic", action="store_true", help="only clips that show something else")
    parser.add_argument("--seeds", nargs=2, type=int, help="of the full battery's scenes, in place of its own")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that measure")
    parser.add_argument("--wrong", action="store_true", help="list every wrong answer")
    parser.add_argument("--answers", type=Path, help="file to keep the judge's answers in, and to take them from")
    options = parser.parse_args()
    core, began = load_packaged("core"), time.perf_counter()
    if options.seeds:
        batteries.FULL_SEEDS = tuple(options.seeds)
    battery: Any = compose(options.battery, core)
    if options.mechanism:
        wanted = {MECHANISMS[name].task_id for name in options.mechanism}
        battery = battery.model_copy(update={"clips": tuple(c for c in battery.clips if c.recipe.task_id in wanted)})
    if options.off_topic:
        off = tuple(c for c in battery.clips if c.recipe.label in OFF_TOPIC)
        battery = battery.model_copy(update={"clips": off})
    films = Films(battery)
    films.make()
    filmed, truths = time.perf_counter(), films.truths(core.by_id)
    jobs = [(core.by_id[clip.recipe.task_id], films.path(clip)) for clip in battery.clips]
    answers = answered(jobs, options.workers, options.answers)
    claims, said = [], {}
    for clip, (task, _), answer in zip(battery.clips, jobs, answers, strict=True):
        for criterion in task.criteria:
            if criterion.id in answer:
                met, observation = answer[criterion.id]
                said[clip.id, criterion.id] = observation
                truth = truths[clip.id][criterion.id].met
                share = None if met is None else float(met)
                claims.append(Claim(clip, task, criterion, truth, float(met is not None), share))
    asked = time.perf_counter()
    print(
        f"{len(battery.clips)} clips of {battery.scenes} scenes; filmed in {filmed - began:.0f} s, measured in "
        f"{asked - filmed:.0f} s ({(asked - filmed) / len(jobs):.2f} s a clip)"
    )
    report(claims, options.wrong, said)
    tasks = [core.by_id[m.task_id] for m in MECHANISMS.values() if not options.mechanism or m.name in options.mechanism]
    found = false_met_on_textures(tasks)
    print(f"\nmet about a process on natural textures: {len(found)}", *found, sep="\n  ")


if __name__ == "__main__":
    main()
