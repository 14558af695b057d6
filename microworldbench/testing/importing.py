"""What importing a plugin module does, watched in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "tensorflow",
    "jax",
    "cv2",
    "av",
    "scipy",
    "openai",
    "google.genai",
)
"""Packages that listing generators must not import."""

_PROBE = """
import importlib, json, sys

touched = []

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}:
        touched.append(event)

sys.addaudithook(watch)
module = importlib.import_module(sys.argv[1])
hook = getattr(module, "microworldbench_generators", None)
names = None if hook is None else [spec.name for spec in hook()]
heavy = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print(json.dumps({"names": names, "heavy": heavy, "network": touched}))
"""


def import_alone(module: str, *, timeout_s: float = 120.0) -> dict[str, Any]:
    """Imports `module` in a new process and calls its ``microworldbench_generators``.

    Returns:
        ``names`` of the listed generators (None without such a hook), ``heavy`` packages imported on the way,
        ``network`` events seen; or only ``error``, a sentence.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    try:
        done = subprocess.run(  # noqa: S603 this interpreter, on a module the caller has imported already
            [sys.executable, "-c", _PROBE, module, json.dumps(HEAVY)],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"importing {module!r} takes longer than {timeout_s:g} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"error": f"importing {module!r} in a new process failed: {last}"}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
