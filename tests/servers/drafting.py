"""What a scripted model drafts: well-behaved, and the same for the same words."""

from __future__ import annotations

import json
import re
from typing import Any

PROCESSES = ["mitosis", "phagocytosis", "peristalsis", "exocytosis", "chemotaxis", "gastrulation", "filtration", "gait"]


def drafted(request: dict[str, Any]) -> str:
    """The reply to a request's body."""
    said = request["messages"][-1]["content"]
    title = re.search(r"<title>(.*)</title>", said)
    if title is None:
        return json.dumps({"reason": "ready", "tasks": []})
    name = title[1]
    form = request.get("response_format", {}).get("json_schema", {}).get("name") or _asked_for(request)
    if form == "tasks":
        many = 0 if "advert" in name else 2 if "two" in name else 1
        tasks = [{"title": f"{name} {n}", "prompt": f"Show {name}, part {n}. {_filler(name, n)}"} for n in range(many)]
        return json.dumps({"reason": "a process", "tasks": tasks})
    if form == "level":
        level = "organ" if "organ" in name else "subcellular" if "vesicle" in name else "cellular"
        return json.dumps({"reason": "by scale", "level": level, "confidence": 0.3 if "unsure" in name else 0.9})
    return json.dumps({"requirement": f"The mechanism of {name} in order.", "criteria": criteria()})


def criteria() -> list[dict[str, Any]]:
    """Six criteria, two of them penalties."""
    kinds = [("scientific_fidelity", "reward"), ("scientific_fidelity", "penalty"), ("visual_quality", "reward")]
    kinds += [("instruction_following", "reward"), ("instruction_following", "penalty"), ("visual_quality", "reward")]
    return [
        {
            "dimension": dimension,
            "statement": f"Claim {n} holds of the {PROCESSES[n]} in the video from its first frame to its last.",
            "polarity": polarity,
            "weight": 0.5,
            "temporal": n % 2 == 0,
        }
        for n, (dimension, polarity) in enumerate(kinds)
    ]


def _filler(name: str, n: int) -> str:
    words = [f"{name.replace(' ', '')}{n}word{k}" for k in range(12)]
    return " ".join(words)


def _asked_for(request: dict[str, Any]) -> str:
    fixed = request["messages"][0]["content"]
    return "tasks" if "You draft tasks" in fixed else "level" if "You sort tasks" in fixed else "rubric"
