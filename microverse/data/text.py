"""Drawn text: subtitles, watermarks, labels, and the scale bars that good microscopy has.

A detector alone takes coloured discs for text (boxes over 99.9 % of the picture); only what was read as text, with
some certainty, of a sensible size and at the same place in several frames counts.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from microworldbench.errors import InputError, MissingExtraError

from .config import Text
from .evidence import Evidence, evenly
from .records import Clip

Kind = Literal["subtitle", "watermark", "scale_bar", "label"]

DETECTOR_PX = 960
"""Longest side the detector works at; its default enlarges small pictures and takes three times as long."""
MIN_ALPHANUMERICS = 3
UNIT = r"(?:nm|µm|μm|um|mm|cm|pm|Å|A|microns?|ms|s|sec|min|h|hr|hours?|days?|K|°C|mM|µM|nM|x|×)"
SCALE = re.compile(rf"^\W*(?:[a-zA-Z]\s?=\s?)?[+-]?\d+(?:[.,:]\d+)*\s?{UNIT}?\W*$", re.IGNORECASE)
"""A number with a unit, a clock, a magnification: ``10 µm``, ``t = 35 min``, ``00:12:30``, ``63×``."""
SUBTITLE_TOP, SUBTITLE_CENTRE, SUBTITLE_WIDTH = 0.66, 0.18, 0.12
"""Subtitles stand in the lower third, near the middle, and are not tiny: shares of height and width."""
WATERMARK_MARGIN = 0.2
"""Watermarks stand near an edge and stay in nearly every frame."""
WATERMARK_STAY = 0.75
OVERLAP = 0.3


@dataclass(frozen=True)
class Line:
    """One line of text in a picture."""

    text: str
    score: float
    """Certainty, 0 to 1."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom, as shares of width and height."""


class TextReader(Protocol):
    """Reads the text in a picture. A class named in ``text.backend`` is called without arguments."""

    identity: str
    """Name and version of everything its readings depend on."""

    def read(self, image: NDArray[np.uint8]) -> list[Line]:
        """Lines of text in an H×W×3 RGB picture."""


class RapidOcr:
    """The rapidocr package with the models its wheel ships: needs no network.

    Raises:
        MissingExtraError: it is not installed.
    """

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError:
            raise MissingExtraError(
                "text.backend: rapidocr", "rapidocr and onnxruntime", "pip install 'microworldbench[ocr]'"
            ) from None
        threads = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
        self._read: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,  # text in videos stands upright
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTOR_PX,
                **{f"EngineConfig.onnxruntime.{name}": value for name, value in threads.items()},
            }
        )
        self.identity = reader_identity("rapidocr")

    def read(self, image: NDArray[np.uint8]) -> list[Line]:
        """Lines of text, from the top down."""
        height, width = image.shape[:2]
        found = self._read(np.ascontiguousarray(image[:, :, ::-1]))
        if found.boxes is None:
            return []
        lines = []
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (left, top), (right, bottom) = np.min(box, axis=0), np.max(box, axis=0)
            place = (float(left / width), float(top / height), float(right / width), float(bottom / height))
            lines.append(Line(str(text), float(score), place))
        return lines


@dataclass(frozen=True)
class Standing:
    """Lines at about the same place in several frames."""

    lines: tuple[Line, ...]
    frames: frozenset[int]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Around all of them."""
        boxes = np.array([line.box for line in self.lines])
        left, top = boxes[:, :2].min(axis=0)
        right, bottom = boxes[:, 2:].max(axis=0)
        return float(left), float(top), float(right), float(bottom)


class TextScorer:
    """Reads the text of a clip and says of what kind it is."""

    name = "text"
    version = 1

    def __init__(self, settings: Text) -> None:
        self.settings = settings

    def identity(self) -> dict[str, Any]:
        """What the score depends on."""
        return {**self.settings.model_dump(mode="json"), "reader": reader_identity(self.settings.backend)}

    def score(self, clip: Clip, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """``kinds`` found, with their ``texts``, and the ``share`` of the picture they cover at most."""
        reader = make_reader(self.settings.backend)
        frames = evenly(evidence, self.settings.frames)
        seen = [[line for line in reader.read(frame.image) if self._counts(line)] for frame in frames]
        least = min(self.settings.persistence, len(frames))
        standing = [group for group in _standing(seen) if len(group.frames) >= least]
        found = [(kind_of(group, len(frames)), group) for group in standing]
        return {
            "kinds": sorted({kind for kind, _ in found}),
            "texts": {
                kind: sorted({line.text for k, group in found if k == kind for line in group.lines})[:8]
                for kind in sorted({kind for kind, _ in found})
            },
            "share": round(min(1.0, sum(_area(group.box) for _, group in found)), 6),
        }

    def _counts(self, line: Line) -> bool:
        least, most = self.settings.height
        height = line.box[3] - line.box[1]
        is_text = sum(c.isalnum() for c in line.text) >= MIN_ALPHANUMERICS or SCALE.match(line.text)
        return bool(line.score >= self.settings.score and least <= height <= most and is_text)


def kind_of(group: Standing, frames: int) -> Kind:
    """What a standing text is, by pattern and place.

    Args:
        group: Lines at one place.
        frames: Frames looked at.
    """
    left, top, right, bottom = group.box
    if all(SCALE.match(line.text) for line in group.lines):
        return "scale_bar"
    is_centred = abs((left + right) / 2 - 0.5) <= SUBTITLE_CENTRE and right - left >= SUBTITLE_WIDTH
    if top >= SUBTITLE_TOP and is_centred:
        return "subtitle"
    near = min(left, top, 1 - right, 1 - bottom) <= WATERMARK_MARGIN
    stays = len(group.frames) >= WATERMARK_STAY * frames and len({line.text for line in group.lines}) <= 2
    at_corner = (left < 0.35 or right > 0.65) and (top < 0.25 or bottom > 0.75)
    return "watermark" if near and stays and at_corner else "label"


def _standing(seen: list[list[Line]]) -> list[Standing]:
    """Groups lines of different frames that overlap."""
    groups: list[tuple[list[Line], set[int]]] = []
    for number, lines in enumerate(seen):
        for line in lines:
            for members, frames in groups:
                if _overlap(line.box, members[-1].box) >= OVERLAP:
                    members.append(line)
                    frames.add(number)
                    break
            else:
                groups.append(([line], {number}))
    return [Standing(tuple(members), frozenset(frames)) for members, frames in groups]


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Of the smaller of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min(_area(a), _area(b))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0


def _area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def reader_identity(backend: str) -> str:
    """What its readings depend on; rapidocr's models are told by its version, without loading them.

    Raises:
        InputError, MissingExtraError: there is no such reader.
    """
    if backend != "rapidocr":
        return make_reader(backend).identity
    try:
        return f"rapidocr-{metadata.version('rapidocr')}"
    except metadata.PackageNotFoundError:
        raise MissingExtraError(
            "text.backend: rapidocr", "rapidocr and onnxruntime", "pip install 'microworldbench[ocr]'"
        ) from None


@cache
def make_reader(backend: str) -> TextReader:
    """The reader of that name; made once in a process.

    Raises:
        InputError: there is none, or it cannot be made.
        MissingExtraError: rapidocr is not installed.
    """
    if backend == "rapidocr":
        return RapidOcr()
    module, colon, attribute = backend.partition(":")
    if not colon:
        raise InputError(f"text.backend must be rapidocr or module:attribute, got {backend!r}")
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise InputError(f"text.backend {backend!r} cannot be loaded: {error}") from None
    if not isinstance(getattr(made, "identity", None), str) or not callable(getattr(made, "read", None)):
        raise InputError(f"text.backend {backend!r} must have an identity (text) and a method read(image)")
    reader: TextReader = made
    return reader
