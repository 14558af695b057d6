"""The certificate as a record: bound to a judge and a battery, kept, found, shown in reports."""

from __future__ import annotations

import html
import json
import re

import pytest

import microworldbench as bench
from microworldbench import certificate as certificates
from microworldbench.certificate import Certificate, attach, find, keep, load
from microworldbench.certify import carry_out, to_markdown, to_text
from microworldbench.certify.card import to_html
from microworldbench.errors import InputError, RunConflictError
from microworldbench.report import Report
from microworldbench.rubric import Suite
from microworldbench.scorecard import Named


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(certificates, "store_folder", lambda: tmp_path / "store")


@pytest.fixture
def made(certified) -> Certificate:
    return certified("true")


def test_it_is_bound_to_the_judges_identity_however_often_it_is_asked(made) -> None:
    identity = made.identity
    assert made.certifies(Named(name="true", settings=identity.settings))
    assert made.certifies(Named(name="true", settings=identity.settings | {"votes": 3, "reducer": "majority"}))
    assert not made.certifies(Named(name="true", settings={"script": 2}))
    assert not made.certifies(Named(name="other", settings=identity.settings))


def test_any_change_breaks_its_seal(made, tmp_path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(made.to_json())
    assert load(path) == made
    content = json.loads(path.read_text())
    content["overall"]["sensitivity"] = 0.99
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="changed after it was made"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["{}", "not json", '{"schema": 2}'])
def test_what_is_no_certificate_is_refused_with_its_name(content, tmp_path) -> None:
    (tmp_path / "certificate.json").write_text(content)
    with pytest.raises(InputError, match=r"certificate\.json is no certificate"):
        load(tmp_path)


def test_it_is_kept_and_found_by_the_judge_and_the_larger_battery_goes_first(made) -> None:
    assert find(made.identity) is None
    keep(made)
    assert find(made.identity) == made
    full = made.model_copy(update={"battery": made.battery.model_copy(update={"name": "full"})}).sealed()
    keep(full)
    assert find(made.identity) == full
    assert find(Named(name="nobody")) is None


def test_a_damaged_one_is_none(made) -> None:
    path = keep(made)
    path.write_text("{")
    assert find(made.identity) is None


def test_the_same_verdicts_give_the_same_numbers(examined, scripts, scripted, tmp_path) -> None:
    exams = [examined(scripted(scripts["wavering"], name="w")) for _ in range(2)]
    one, other = (carry_out(exam, tmp_path / str(n)) for n, exam in enumerate(exams))
    changing = {"created", "digest", "usage"}
    assert one.model_dump(exclude=changing) == other.model_dump(exclude=changing)


def test_nothing_is_asked_twice_when_it_is_continued(examined, scripts, scripted, tmp_path) -> None:
    judge = scripted(scripts["true"], cost_usd=0.01, worst_usd=0.01)
    exam = examined(judge, votes=1)
    with pytest.raises(bench.RunStoppedError, match="--max-cost"):
        carry_out(exam, tmp_path / "run", max_cost=0.5)
    assert len(judge.asked) == 50
    assert not (tmp_path / "run" / "certificate.json").exists()
    found = carry_out(exam, tmp_path / "run")
    assert len(judge.asked) == 180
    assert found.usage.cost_usd == pytest.approx(1.8)
    again = carry_out(exam, tmp_path / "run")
    assert len(judge.asked) == 180
    assert again.overall == found.overall


def test_another_judge_cannot_continue_its_folder(examined, scripts, scripted, tmp_path) -> None:
    carry_out(examined(scripted(scripts["yes"], name="a")), tmp_path / "run")
    with pytest.raises(RunConflictError, match="judge was a"):
        carry_out(examined(scripted(scripts["yes"], name="b")), tmp_path / "run")


def test_verdicts_that_could_not_be_had_are_counted_apart(examined, scripts, scripted, tmp_path) -> None:
    def before(question) -> None:
        if question.task.id == "mitosis-007":
            raise bench.JudgeError("declined")

    found = carry_out(examined(scripted(scripts["true"], name="t", before=before), votes=1), tmp_path / "run")
    assert 0 < found.missing < found.asked
    assert found.overall.balanced_accuracy == 1
    assert "rarely-answers" not in found.flags


def test_a_replayed_judge_is_refused(examined, tmp_path) -> None:
    (tmp_path / "verdicts.jsonl").write_text("")
    with pytest.raises(InputError, match="cannot look at new clips"):
        examined(f"replay:{tmp_path / 'verdicts.jsonl'}")


def test_reports_show_the_certificate_or_its_absence(
    made, suite: Suite, tiny_generator, scripts, scripted, tmp_path
) -> None:
    judge = scripted(name="true")
    before = bench.evaluate(tiny_generator, suite, judge, tmp_path / "run")
    assert before.to_dict()["certificate"] is None
    assert "uncertified" in before.to_markdown()
    keep(made)
    attach(before.scorecard.judge, tmp_path / "run")
    after = Report.from_run(tmp_path / "run")
    held = after.scorecard.certificate
    assert held.balanced_accuracy == 1
    assert held.digest == made.digest
    assert "balanced accuracy 100.0 %" in after.to_markdown()
    page = after.to_html(tmp_path / "page.html").read_text()
    assert "certified" in page
    assert "balanced accuracy 100.0 %" in page
    assert Report.load(after.save(tmp_path / "saved")).scorecard.certificate == held


def test_a_new_run_takes_the_certificate_along(made, suite: Suite, tiny_generator, scripted, tmp_path) -> None:
    keep(made)
    report = bench.evaluate(tiny_generator, suite, scripted(name="true"), tmp_path / "run")
    assert report.scorecard.certificate.digest == made.digest
    assert load(tmp_path / "run") == made
    other = bench.evaluate(tiny_generator, suite, scripted(name="stranger"), tmp_path / "other")
    assert other.scorecard.certificate is None


def test_a_forged_certificate_in_a_run_folder_is_refused(
    made, suite: Suite, tiny_generator, scripted, tmp_path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(name="true"), tmp_path / "run")
    forged = made.model_copy(update={"flags": ()}).model_copy(update={"votes": 9})
    (tmp_path / "run" / "certificate.json").write_text(forged.to_json())
    with pytest.raises(InputError, match="changed after it was made"):
        Report.from_run(tmp_path / "run")


def test_it_reads_as_text_markdown_and_a_card(certified) -> None:
    found = certified("obeying")
    for text in (to_text(found), to_markdown(found), to_html(found)):
        assert "obeys-overlay" in text
        assert certificates.CAVEAT in text
    page = html.unescape(to_html(found))
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "<script" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert set(re.findall(r"var\((--[\w-]+)", page)) <= set(re.findall(r"(--[\w-]+):", page))  # the theme is there


def test_a_judges_name_cannot_act_on_the_card(made) -> None:
    hostile = "</title><script>x</script>\x1b[31m"
    named = made.identity.model_copy(update={"name": hostile, "settings": {hostile: hostile}})
    page = to_html(made.model_copy(update={"identity": named}))
    assert "<script" not in page
    assert "\x1b" not in page
