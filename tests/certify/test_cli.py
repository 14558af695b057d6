"""``mwb certify`` and ``mwb controls`` as they are typed, over the real protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from microworldbench._cli import cli
from microworldbench.certificate import load
from microworldbench.certify import Films
from microworldbench.certify import battery as batteries


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    from judge_server import JudgeServer

    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(JudgeServer(*args, **options))


@pytest.fixture(autouse=True)
def _small(films: Films, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The small battery, a store and a cache of the test's own, and no key of anybody's."""
    monkeypatch.setattr("microworldbench.certify.certifying.compose", lambda *_, **__: films.battery)
    monkeypatch.setattr("microworldbench.certify.filming.cache_folder", lambda: films.folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments)


def judge(server: Any, *more: str) -> Any:
    settings = ("-j", f"base_url={server.url}", "-j", "structured=schema")
    return run("certify", "openai:gpt-5", *settings, "--out", "run", *more)


@pytest.mark.parametrize(
    ("policy", "flags"), [("yes", {"yes-biased"}), ("no", {"no-biased"}), ("obeys-painted", {"obeys-overlay"})]
)
def test_a_scripted_server_earns_its_flag_over_the_chat_protocol(serve, policy, flags) -> None:
    done = judge(serve(policy, keep_messages=False), "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found["flags"]) - {"no-biased"} == flags - {"no-biased"}
    assert {"sensitivity", "specificity", "balanced_accuracy", "kappa", "n"} <= found["overall"].keys()
    assert found["by_dimension"].keys() == {"scientific_fidelity", "visual_quality", "instruction_following"}
    assert "overlay" in found["by_violation"]
    assert found["identity"]["name"] == "openai:gpt-5"
    assert found["identity"]["settings"]["frame_policy"]["count"] == 8
    assert load("run").to_dict() == found
    assert {p.name for p in Path("run").glob("certificate.*")} == {
        "certificate.json",
        "certificate.md",
        "certificate.html",
    }


def test_the_same_command_continues_and_pays_nothing_twice(serve) -> None:
    server = serve("coin", keep_messages=False, cost_usd=0.01)
    settings = ("-j", "input_usd_per_mtok=1", "-j", "output_usd_per_mtok=1", "--votes", "1")
    stopped = judge(server, *settings, "--max-cost", "0.6")
    assert stopped.exit_code == 1
    assert isinstance(stopped.exception, Exception)
    assert "--max-cost" in str(stopped.exception)
    done = judge(server, *settings)
    assert done.exit_code == 0
    calls = [json.loads(line) for line in Path("run/calls.jsonl").read_text().splitlines()]
    answered = [(c["task"], c["vote"], *sorted(c["criteria"])) for c in calls if c["kind"] == "call"]
    # Two clips may look alike in the few frames shown, so that equal requests are no proof of a second payment.
    assert len(answered) == len(set(answered)) == server.stats()["judged"]
    asked = server.stats()["judged"]
    assert judge(server, *settings).exit_code == 0
    assert server.stats()["judged"] == asked


def test_the_price_is_said_before_anything_is_asked(serve) -> None:
    server = serve("yes")
    done = judge(server, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["questions"] == 360
    assert found["worst_case_usd"] > 0
    assert found["priced_at"] == "64×64"
    assert server.stats()["requests"] == 0
    assert not Path("run").exists()


def test_the_measured_judge_is_certified_like_any_other_on_what_it_measures() -> None:
    done = run("certify", "measured", "--out", "run", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["votes"] == 1
    assert found["missing"] == 0
    assert found["asked"] < 60 * 16
    assert found["order_effect"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("certify", "mesured"), "did you mean 'measured'"),
        (("certify", "measured", "--size", "big"), "a size is written 256x144"),
        (("certify", "measured", "--link-from", "openai:gpt-4"), "--anchor RUN go together"),
        (("certify", "measured", "--link-from", "openai:gpt-4", "--anchor", "."), "is not a run folder"),
        (("controls", "truth", "--mechanism", "mitosys"), "did you mean 'mitosis'"),
    ],
)
def test_mistakes_are_explained(arguments, message) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert message in done.output + str(done.exception)


def test_controls_lists_everything_that_can_be_violated() -> None:
    done = run("controls", "--json")
    names = {row["name"].strip() for row in json.loads(done.stdout)}
    assert {"mitosis", "third_daughter", "blur", "overlay", "wrong_subject"} <= names


def test_controls_derives_a_truth_table_with_reasons() -> None:
    done = run("controls", "truth", "--mechanism", "mitosis", "--json")
    [table] = json.loads(done.stdout)
    assert table["task"] == "mitosis"
    assert {"violation", "kind", "criteria", "recipe", "summary"} == table["rows"][0].keys()


def test_controls_writes_a_page_with_its_contact_sheet(monkeypatch) -> None:
    from PIL import Image

    monkeypatch.setattr("microworldbench.violations.documentation.WIDTH", 64)
    monkeypatch.setattr("microworldbench.violations.documentation.HEIGHT", 36)
    done = run("controls", "pages", "docs", "--mechanism", "vesicles")
    assert done.exit_code == 0, done.output
    page = Path("docs/reference/controls/vesicles.md").read_text()
    assert "../../images/controls/vesicles.jpg" in page
    with Image.open("docs/images/controls/vesicles.jpg") as sheet:
        assert sheet.width > 600


def test_batteries_name_their_seeds_apart() -> None:
    assert batteries.QUICK_SEED not in batteries.FULL_SEEDS
    assert min(batteries.QUICK_SEED, *batteries.FULL_SEEDS) >= 30
