"""A realistic scorecard with its evidence, made by the real scoring from made-up verdicts."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from microworldbench.rendering.evidence import CriterionEvidence, TaskEvidence, Thumbnail, VideoEvidence
from microworldbench.results import Reason, Verdict
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task
from microworldbench.scorecard import Named, Scorecard, SuiteReference, TotalUsage, ViewReference
from microworldbench.scoring import score

TITLES = [
    ("Laminar flow of red cells past a thrombus", Level.ORGAN),
    ("Mitosis of a human epithelial cell", Level.CELLULAR),
    ("Brownian motion of synaptic vesicles", Level.SUBCELLULAR),
    ("Peristalsis in the small intestine", Level.ORGAN),
    ("Neutrophil chemotaxis towards a bacterium", Level.CELLULAR),
    ("Kinesin walking along a microtubule", Level.SUBCELLULAR),
    ("Gas exchange at the alveolar wall", Level.ORGAN),
    ("Axon growth cone turning at a guidance cue", Level.CELLULAR),
    ("Rotation of ATP synthase in the inner membrane", Level.SUBCELLULAR),
]
PROMPT = (
    "{title}, seen as in a light microscope at high magnification. The structures keep their number and their size, "
    "move smoothly, and the whole process is visible from its beginning to its end without a cut."
)
REQUIREMENT = (
    "The video shows the process at its natural place and order. Structures that take part are recognisable "
    "throughout; nothing appears or vanishes without a cause. "
    "Speeds and sizes keep the proportions a textbook gives. " * 4
)
CRITERIA = [
    (Dimension.SCIENTIFIC_FIDELITY, "The number of structures is conserved over the whole video.", 1.0, 1, True),
    (Dimension.SCIENTIFIC_FIDELITY, "The phases follow one another in their natural order.", 1.0, 1, True),
    (Dimension.SCIENTIFIC_FIDELITY, "Velocities fall towards the wall, as in laminar flow.", 0.5, 1, True),
    (Dimension.SCIENTIFIC_FIDELITY, "Membranes stay closed.", 0.5, 1, False),
    (Dimension.SCIENTIFIC_FIDELITY, "Structures pass through each other or merge without a cause.", 0.5, -1, True),
    (Dimension.VISUAL_QUALITY, "Edges are sharp at the plane of focus.", 0.5, 1, False),
    (Dimension.VISUAL_QUALITY, "Brightness does not flicker.", 0.5, 1, True),
    (Dimension.VISUAL_QUALITY, "The motion is smooth, without jumps between frames.", 0.5, 1, True),
    (Dimension.VISUAL_QUALITY, "Colours are consistent with the staining described.", 0.2, 1, False),
    (Dimension.VISUAL_QUALITY, "Text, watermarks or user interface elements are visible.", 0.2, -1, False),
    (Dimension.INSTRUCTION_FOLLOWING, "The process is shown from its beginning to its end.", 1.0, 1, True),
    (Dimension.INSTRUCTION_FOLLOWING, "The scene is seen as through a light microscope.", 0.5, 1, False),
    (Dimension.INSTRUCTION_FOLLOWING, "The camera does not move.", 0.2, 1, True),
    (Dimension.INSTRUCTION_FOLLOWING, "There is no cut.", 0.5, 1, True),
    (Dimension.INSTRUCTION_FOLLOWING, "A scale or organism other than the one asked for is shown.", 0.5, -1, False),
]
OBSERVATIONS = [
    "Frames 2 to 5 show eleven discs in the lumen; frame 6 shows nine, and none left through the border.",
    "The outline is continuous in every frame, with a slight blur in frame 7 that does not open it.",
    (
        "Between frames 3 and 4 the position jumps by about a cell diameter. The other steps are even, and the "
        "direction of motion is the same throughout; each frame is plausible, but the sequence is not smooth."
    ),
    "The background grows darker from left to right but is the same in all frames.",
    "",
]
LONG = "At first the structures lie evenly over the field and do not touch. " * 30


@cache
def jpeg(task: int, number: int, width: int = 192, height: int = 108) -> bytes:
    """A frame that compresses as a real one does: soft bodies that move over an uneven, grainy ground."""
    chance = np.random.default_rng(task)
    y, x = np.mgrid[0:height, 0:width]
    ground = np.array([[225, 214, 205], [24, 34, 52], [198, 210, 216]][task % 3], dtype=float)
    ink = np.array([[170, 40, 52], [90, 200, 170], [70, 60, 140]][task % 3], dtype=float)
    image = ground + 14 * np.sin(x / 40 + task)[..., None] * np.ones(3)
    for _ in range(16):
        cx, cy, r, vx, vy = chance.uniform((0, 0, 5, -2, -1), (width, height, 14, 4, 1))
        distance = np.hypot(x - (cx + vx * number) % width, y - (cy + vy * number) % height)
        body = 1 / (1 + np.exp((distance - r) / 1.2)) * (0.45 + 0.4 * np.minimum(distance / r, 1))
        image = image * (1 - body[..., None]) + ink * body[..., None]
    image += np.random.default_rng((task, number)).normal(0, 5, image.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


@dataclass
class Example:
    """A run: `count` tasks, of which every 17th failed; set fields to make it another."""

    count: int = 9
    votes: int = 1
    frames: int = 8
    licensed: bool = True
    failing: bool = True
    missing_share: float = 0.0
    observation: str | None = None
    hostile: str = ""
    pictures: int = 9
    seeds: tuple[int, ...] = (0,)
    hrefs: dict[int, str] = field(default_factory=dict)

    @property
    def suite(self) -> Suite:
        return Suite(id="core", version="1-A", title="core", tasks=tuple(self._task(i) for i in range(self.count)))

    def _task(self, i: int) -> Task:
        title, level = TITLES[i % len(TITLES)]
        suffix = "" if i < len(TITLES) else f" ({i // len(TITLES) + 1})"
        title = title + suffix + self.hostile
        criteria = tuple(
            Criterion(
                id=f"c{n}",
                dimension=dimension,
                statement=statement + self.hostile,
                weight=weight,
                polarity=Polarity.REWARD if sign > 0 else Polarity.PENALTY,
                temporal=temporal,
            )
            for n, (dimension, statement, weight, sign, temporal) in enumerate(CRITERIA, start=1)
        )
        prompt = PROMPT.format(title=title)
        return Task(
            id=f"mwb-{i + 1:03}",
            level=level,
            title=title,
            prompt=prompt + self.hostile,
            requirement=REQUIREMENT + self.hostile,
            criteria=criteria,
        )

    @property
    def failed(self) -> set[tuple[str, int]]:
        return {(f"mwb-{i + 1:03}", 0) for i in range(4, self.count, 17)} if self.failing else set()

    def verdicts(self, task: Task, seed: int) -> tuple[Verdict, ...]:
        chance = random.Random(f"{task.id}/{seed}")
        skill = chance.uniform(0.25, 0.95)
        found = []
        for criterion in task.criteria:
            for vote in range(self.votes):
                draw, good = chance.random(), criterion.polarity is Polarity.REWARD
                met: bool | None = chance.random() < (skill if good else 0.55 * (1 - skill))
                reason = None
                if draw < self.missing_share:
                    met, reason = None, Reason.UNREADABLE
                elif draw > 0.95:
                    met, reason = None, Reason.CANNOT_TELL
                text = chance.choice([*OBSERVATIONS, LONG]) if self.observation is None else self.observation
                cited = () if met is None else tuple(sorted(chance.sample(range(1, 9), chance.choice((0, 1, 2, 3)))))
                found.append(
                    Verdict(
                        task=task.id,
                        seed=seed,
                        criterion=criterion.id,
                        criterion_digest=criterion.digest,
                        vote=vote,
                        judge="openai:gpt-5" + self.hostile,
                        met=met,
                        reason=reason,
                        observation="" if reason is Reason.UNREADABLE else text + self.hostile,
                        frames=cited,
                    )
                )
        return tuple(found)

    def card(self, name: str = "wan2.1-t2v-1.3b") -> Scorecard:
        suite = self.suite
        verdicts = [
            v
            for task in suite.tasks
            for seed in self.seeds
            if (task.id, seed) not in self.failed
            for v in self.verdicts(task, seed)
        ]
        scores = score(verdicts, suite, failed=self.failed, seeds=self.seeds)
        calls = 3 * self.votes * len(self.seeds) * self.count
        return Scorecard(
            **dict(scores),
            suite=SuiteReference(id=suite.id, version=suite.version, digest="3a" * 32),
            view=ViewReference(name="all criteria" + self.hostile, digest="5f" * 32),
            generator=Named(
                name=name + self.hostile,
                version="1.0.2" + self.hostile,
                settings={"guidance": 5.0, "steps": 50, "note": "as released" + self.hostile},
                digest="c1" * 32,
            ),
            judge=Named(
                name="openai:gpt-5" + self.hostile,
                settings={"mode": "dimension", "frames": {"count": 8, "spacing": "midpoint"}, "votes": self.votes},
                digest="9b" * 32,
            ),
            usage=TotalUsage(
                calls=calls,
                input_tokens=3050 * calls,
                cached_tokens=1980 * calls,
                output_tokens=412 * calls,
                cost_usd=0.0132 * calls,
            ),
        )

    def evidence(self) -> Iterator[TaskEvidence]:
        for i, task in enumerate(self.suite.tasks):
            yield TaskEvidence(
                id=task.id,
                title=task.title if self.licensed else None,
                level=task.level,
                prompt=task.prompt if self.licensed else None,
                requirement=task.requirement if self.licensed else None,
                criteria=tuple(CriterionEvidence.of(c, with_text=self.licensed) for c in task.criteria),
                videos=tuple(self._video(i, task, seed) for seed in self.seeds),
            )

    def _video(self, i: int, task: Task, seed: int) -> VideoEvidence:
        if (task.id, seed) in self.failed:
            return VideoEvidence(seed, "failed", error="the prompt was declined by the content filter" + self.hostile)
        frames = tuple(
            Thumbnail(n, (n - 0.5) * 5.0 / self.frames, jpeg(i % self.pictures, n), 192, 108)
            for n in range(1, self.frames + 1)
        )
        return VideoEvidence(seed, "ok", href=self.hrefs.get(i), frames=frames, verdicts=self.verdicts(task, seed))


@pytest.fixture
def examples() -> SimpleNamespace:
    """`examples.Example(...)` makes runs; `examples.jpeg(...)` makes frames."""
    return SimpleNamespace(Example=Example, jpeg=jpeg)
