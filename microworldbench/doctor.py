"""What is installed and what it can do: the facts a bug report needs, and what keeps a command from working.

Nothing secret is read further than whether it is there: a key is never shown, not even in part.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

DISTRIBUTION = "microworldbench"
State = Literal["ok", "absent", "problem"]
ENCODER, DECODERS = "libx264", ("h264", "hevc", "vp9", "av1", "mpeg4")
KEYS = {
    "OPENAI_API_KEY": "judges and video servers that speak OpenAI's forms",
    "OPENAI_BASE_URL": "another server than OpenAI's",
    "GOOGLE_API_KEY": "Veo",
    "GOOGLE_CLOUD_PROJECT": "Veo by Vertex AI",
    "HF_TOKEN": "gated weights",
    "YOUTUBE_API_KEY": "microverse data collect",
}
REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?(?:>=(?P<least>[\d.]+))?.*?extra\s*==\s*['\"](?P<extra>[\w-]+)"
)
NOT_FOR_USERS = frozenset({"dev", "docs"})


@dataclass(frozen=True)
class Finding:
    """One fact."""

    subject: str
    name: str
    state: State
    detail: str


def examine() -> Iterator[Finding]:
    """Everything, subject by subject. Nothing is installed, asked or written."""
    yield from _basics()
    yield from _extras()
    yield from _video()
    yield from _gpus()
    yield from _keys()
    yield from _plugins()
    yield from _folders()


def _basics() -> Iterator[Finding]:
    yield Finding("install", DISTRIBUTION, "ok", f"{metadata.version(DISTRIBUTION)} in {Path(__file__).parent}")
    yield Finding("install", "python", "ok", f"{platform.python_version()} in {sys.prefix}")
    yield Finding("install", "system", "ok", f"{platform.platform()}, {os.cpu_count()} processors")


def _extras() -> Iterator[Finding]:
    wanted: dict[str, list[tuple[str, str | None]]] = {}
    for line in metadata.requires(DISTRIBUTION) or ():
        if (found := REQUIREMENT.match(line)) and found["extra"] not in NOT_FOR_USERS:
            wanted.setdefault(found["extra"], []).append((found["name"], found["least"]))
    for extra, packages in sorted(wanted.items()):
        lacking = [lack for name, least in packages if (lack := lacking_of(name, least)) is not None]
        install = f"pip install '{DISTRIBUTION}[{extra}]'"
        detail = ", ".join(name for name, _ in packages) if not lacking else f"{', '.join(lacking)}: {install}"
        yield Finding("extras", extra, "absent" if lacking else "ok", detail)


def lacking_of(name: str, least: str | None) -> str | None:
    """What is wrong with a required package, in a few words; None where it is there and new enough."""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"no {name}"
    if least is not None and _numbers(version) < _numbers(least):
        return f"{name} {version} is older than {least}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    digits = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in digits[0].split(".")) if digits else ()


def _video() -> Iterator[Finding]:
    try:
        import av
        from av.codec import codecs_available
    except ImportError as error:
        yield Finding("video", "PyAV", "problem", f"cannot be imported: {error}")
        return
    libraries = [f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavcodec", "libavformat")]
    yield Finding("video", "PyAV", "ok", f"{av.__version__} ({', '.join(libraries)})")
    has_encoder = ENCODER in codecs_available
    told = "writes videos" if has_encoder else "not in this FFmpeg: no video can be written; install PyAV's own wheel"
    yield Finding("video", ENCODER, "ok" if has_encoder else "problem", told)
    lacking = [name for name in DECODERS if name not in codecs_available]
    told = f"no {', '.join(lacking)}" if lacking else ", ".join(DECODERS)
    yield Finding("video", "decoders", "absent" if lacking else "ok", told)


def _gpus() -> Iterator[Finding]:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 fixed words
        rows = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    except (OSError, subprocess.SubprocessError):
        rows = []
    for number, row in enumerate(rows):
        yield Finding("gpu", str(number), "ok", row)
    if not rows:
        yield Finding("gpu", "none", "absent", "no NVIDIA GPU; scoring needs none, generating with large models does")
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return
    blind = bool(rows) and torch.endswith("+cpu")
    told = f"{torch} cannot use the GPUs: install a CUDA build" if blind else torch
    yield Finding("gpu", "torch", "problem" if blind else "ok", told)


def _keys() -> Iterator[Finding]:
    for name, purpose in KEYS.items():
        value = os.environ.get(name, "").strip()
        if not value:
            yield Finding("keys", name, "absent", f"not set: {purpose}")
        elif name.endswith("_URL"):
            yield Finding("keys", name, "ok", f"set, to {_host(value)}")
        else:
            yield Finding("keys", name, "ok", f"set: {purpose}")


def _host(address: str) -> str:
    """The host of an address, without what may be a credential."""
    try:
        return urlsplit(address).hostname or "an address without a host"
    except ValueError:
        return "an address that cannot be read"


def _plugins() -> Iterator[Finding]:
    from .plugins import registry

    found = registry()
    for owner in found.plugins:
        yield Finding("plugins", owner.plugin, "ok", f"{owner.distribution} {owner.version}")
    for broken in found.broken:
        yield Finding("plugins", broken.owner.plugin, "problem", f"{broken.owner.distribution}: {broken.error}")
    for names in (found.generators, found.judges, found.suites):
        for sentence in names.conflicts:
            yield Finding("plugins", names.kind, "problem", sentence)


def _folders() -> Iterator[Finding]:
    from .certificate import store_folder

    certificates = store_folder()
    count = len(list(certificates.glob("*.json"))) if certificates.is_dir() else 0
    yield Finding("folders", "certificates", "ok" if count else "absent", f"{count} in {certificates}")
    here = Path.cwd()
    free = shutil.disk_usage(here).free / 1e9
    writable = os.access(here, os.W_OK)
    told = f"{free:.0f} GB free in {here}" if writable else f"{here} cannot be written to; give --out"
    yield Finding("folders", "runs", "ok" if writable else "problem", told)
