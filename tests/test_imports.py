"""What importing costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["torch", "diffusers", "openai", "cv2", "av", "scipy", "numpy", "pydantic", "rich", "jinja2", "PIL"]


def loaded_after(code: str, suspects: list[str]) -> list[str]:
    probe = f"import sys\n{code}\nprint([m for m in {suspects!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return list(eval(done.stdout.splitlines()[-1]))


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert loaded_after("import microworldbench", HEAVY) == []


@pytest.mark.parametrize("command", [["--help"], ["generators", "--json"], ["plugins", "--json"], ["run", "--help"]])
def test_listing_and_help_load_nothing_heavy(command: list[str]) -> None:
    code = f"from microworldbench._cli import main\ntry:\n    main({command!r})\nexcept SystemExit:\n    pass"
    assert loaded_after(code, ["torch", "diffusers", "openai", "cv2", "av", "scipy", "jinja2", "PIL"]) == []


def test_every_public_name_can_be_imported() -> None:
    import microworldbench

    for name in microworldbench.__all__:
        assert getattr(microworldbench, name) is not None
    assert set(microworldbench.__all__) <= set(dir(microworldbench))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = microworldbench.nonsense
