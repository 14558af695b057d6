"""What a curation is told to do: one YAML file, checked before anything runs.

Settings that change a score are part of its contract (see `ledger`); those under `gates` are not, so that thresholds
move without computing anything again. The paper leaves the sampling rate, the OpenCLIP checkpoint and the thresholds of
borders and text open: each is a named setting here, and its default is ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from microworldbench.errors import InputError
from microworldbench.suites.document import read_document

Share = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """Base of every part of the configuration: frozen, strict about unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=())


class Limits(Settings):
    """What a source video may ask of the machine."""

    pixels: int = Field(default=7680 * 4320, ge=1)
    duration_s: float = Field(default=3600, gt=0)
    file_bytes: int = Field(default=4 << 30, ge=1)


class Split(Settings):
    """How videos are cut into shots."""

    method: Literal["similarity", "scenedetect", "fixed", "given"] = "similarity"
    """``similarity``: neighbouring samples that look too different, refined to the frame; ``scenedetect``:
    PySceneDetect's content detector; ``fixed``: pieces of `length_s`; ``given``: spans named in the manifest."""
    embedder: str = "histogram"
    """How alike two samples are: ``histogram`` (colours, built in) or ``clip:<folder or hub id>`` as in the paper."""
    threshold: float | None = None
    """``similarity``: cosine below which there is a cut; None is 0.85 (the paper's) for ``clip:`` and 0.9 for
    ``histogram``. ``scenedetect``: content value above which there is one; None is 27."""
    samples_per_s: float = Field(default=2.0, gt=0, le=30)
    """How densely neighbours are compared. The paper does not say."""
    length_s: float = Field(default=10.0, gt=0)
    """Of ``fixed`` pieces."""
    min_s: float = Field(default=5.0, ge=0)
    max_s: float = Field(default=60.0, gt=0)
    long_shots: Literal["cut", "trim", "drop"] = "cut"
    """What becomes of a shot longer than `max_s`: successive pieces, its beginning, or nothing."""
    evidence: int = Field(default=16, ge=8, le=64)
    """Frames of each clip that the scores are computed from, spread over its samples."""
    evidence_px: int = Field(default=1280, ge=64, le=4096)
    """Longest side of these frames. Shrinking a frame costs more than looking at it."""

    @model_validator(mode="after")
    def _lengths_fit(self) -> Split:
        if self.min_s >= self.max_s:
            raise ValueError(f"min_s must be below max_s, got {self.min_s:g} and {self.max_s:g}")
        return self


class Border(Settings):
    """How black borders are measured."""

    dark: int = Field(default=32, ge=0, le=255)
    """Brightness up to which the outermost pixels count as black."""
    share: Share = 0.98
    """Of a row or column that must be black, in every frame looked at."""
    frames: int = Field(default=8, ge=1)


class Text(Settings):
    """How drawn text is found."""

    backend: str = "rapidocr"
    """``rapidocr``, or ``module:attribute`` of a class that reads text (see `text.TextReader`)."""
    frames: int = Field(default=8, ge=2)
    score: Share = 0.6
    """Certainty below which a reading is ignored."""
    height: tuple[float, float] = (0.012, 0.2)
    """Of a line, as shares of the picture's height; others are ignored."""
    persistence: int = Field(default=2, ge=1)
    """Frames in which something must stand at the same place."""


class Relevance(Settings):
    """The trained classifier that tells micro-worlds from talking heads."""

    model: Path
    """A folder that ``microverse data relevance train`` wrote."""


class Fingerprint(Settings):
    """What duplicates are found by."""

    embedder: str = "picture"
    """``picture`` (built in), or ``clip:<folder or hub id>``."""


class Caption(Settings):
    """Who describes the clips, and how."""

    model: str
    """As the server knows it; ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` as the openai package defines them."""
    frames: int = Field(default=8, ge=1, le=64)
    max_side: int = Field(default=768, ge=64)
    jpeg_quality: int = Field(default=90, ge=30, le=100)
    words: int = Field(default=150, ge=20)
    """About how many words are asked for."""
    word_range: tuple[int, int] = (80, 250)
    """Captions outside are asked for again."""
    max_output_tokens: int = Field(default=1024, ge=64)
    temperature: float | None = None
    timeout_s: float = Field(default=180, gt=0)
    base_url: str | None = None
    prices: Path | None = None


class Cut(Settings):
    """How clips are written."""

    crf: int = Field(default=18, ge=0, le=51)
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow"] = "veryfast"


class Gates(Settings):
    """What a clip must pass. Changing these computes nothing again; null switches a gate off."""

    min_side: int | None = 720
    """Shorter side of the source, in pixels."""
    min_relevance: Share | None = 0.5
    max_border: Share | None = 0.02
    """Share of the picture that may be black border."""
    reject_text: tuple[Literal["subtitle", "watermark", "scale_bar", "label"], ...] = ("subtitle", "watermark")
    max_similarity: Share | None = None
    """To an earlier clip. Off by default: identical files are told apart anyway."""
    review: Literal["required", "where_given", "off"] = "where_given"
    """``required``: only what experts accepted; ``where_given``: all but what they rejected."""


class Curation(Settings):
    """A whole configuration."""

    sources: Path
    """A folder of videos, or a manifest (.jsonl or .csv) that names files and what is known about them."""
    out: Path
    """The work folder: results, decisions, clips."""
    collected: Path | None = None
    """What ``microverse data collect`` wrote; joined to files by the video id in the manifest or the file's name."""
    limits: Limits = Limits()
    split: Split = Split()
    border: Border | None = Border()
    text: Text | None = Text()
    relevance: Relevance | None = None
    fingerprint: Fingerprint | None = Fingerprint()
    caption: Caption | None = None
    levels: str | None = None
    """Who classifies clips by level: ``openai:<model>``, or ``module:attribute`` (see `levels.LevelClassifier`)."""
    cut: Cut = Cut()
    gates: Gates = Gates()


def read_config(path: Path) -> Curation:
    """Reads a configuration; relative paths in it are meant from its own folder.

    Raises:
        InputError: it cannot be read, or a setting is unknown or wrong; names file, line and setting.
    """
    document = read_document(path, str(path))
    if not isinstance(document.data, dict):
        raise InputError(f"{path} must be a mapping of settings, got {type(document.data).__name__}")
    try:
        config = Curation.model_validate(document.data)
    except ValidationError as error:
        raise document.invalid(error) from None
    return _anchored(config, path.resolve().parent)


def _anchored(config: Curation, base: Path) -> Curation:
    update: dict[str, Any] = {
        name: base / value for name in ("sources", "out", "collected") if (value := getattr(config, name)) is not None
    }
    if config.relevance is not None:
        update["relevance"] = config.relevance.model_copy(update={"model": base / config.relevance.model})
    if config.caption is not None and config.caption.prices is not None:
        update["caption"] = config.caption.model_copy(update={"prices": base / config.caption.prices})
    return config.model_copy(update=update)
