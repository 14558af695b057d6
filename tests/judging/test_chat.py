"""The chat judge against a scripted server: what it sends, what it makes of the answer, what it costs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from asking import StillFootage, ask, judge_of, make_criterion, make_question, run

from microworldbench.errors import InputError, UnknownNameError, UnreadableReplyError
from microworldbench.judging import order
from microworldbench.judging.chat import ChatJudge, ChatJudgeSettings, chat_judge
from microworldbench.judging.prompt import prompt_digest
from microworldbench.judging.protocol import Judge
from microworldbench.results import Reason
from microworldbench.rubric import Dimension

MIXED = (
    make_criterion(1, dimension=Dimension.VISUAL_QUALITY),
    make_criterion(2),
    make_criterion(3, dimension=Dimension.VISUAL_QUALITY),
)


def test_an_answer_has_a_judgement_for_every_criterion_and_its_evidence(serve):
    answer = ask(judge_of(serve("first:2")), make_question(3))
    assert [(j.criterion, j.met) for j in answer.judgements] == [("c-1", True), ("c-2", True), ("c-3", False)]
    assert answer.judgements[0].frames == (1, 8)
    assert answer.judgements[0].observation.startswith("scripted")
    assert [f.number for f in answer.frames] == list(range(1, 9))
    assert answer.finish_reason == "stop"
    assert json.loads(answer.reply)["C1"]["verdict"] == "met"


def test_cannot_tell_is_an_answer(serve):
    answer = ask(judge_of(serve("cannot_tell")))
    assert {(j.met, j.reason) for j in answer.judgements} == {(None, Reason.CANNOT_TELL)}


def test_a_request_sends_only_what_was_set(serve):
    server = serve()
    ask(judge_of(server))
    assert set(server.requests[0].parameters) == {"model", "max_completion_tokens", "response_format"}
    assert server.requests[0].parameters["max_completion_tokens"] == 8192


def test_sampling_settings_are_sent_under_their_names(serve):
    server = serve()
    settings = {"temperature": 0.5, "seed": 100, "reasoning_effort": "low", "output_limit_field": "max_tokens"}
    ask(judge_of(server, max_output_tokens=500, **settings), make_question(vote=3))
    sent = server.requests[0].parameters
    assert sent.pop("response_format")["json_schema"]["strict"] is True
    assert sent == {"model": "gpt-5", "temperature": 0.5, "seed": 103, "reasoning_effort": "low", "max_tokens": 500}


def test_instruction_mode_sends_no_schema_and_takes_a_fence(serve):
    server = serve(faults={0: "fence"})
    assert ask(judge_of(server, structured="instruction")).judgements
    assert not server.requests[0].has_schema


def test_a_fence_under_a_schema_is_unreadable(serve):
    with pytest.raises(UnreadableReplyError):
        ask(judge_of(serve(faults={0: "fence"})))


def test_calls_about_one_video_share_their_prefix_on_the_wire(serve):
    server = serve()
    judge = judge_of(server)
    footage = StillFootage()
    questions = [make_question((make_criterion(n),), footage=footage) for n in (1, 2, 3)]

    async def all_of_them():
        for question in questions:
            await judge.ask(question)

    run(judge, all_of_them)
    assert footage.decoded == 1
    first, *others = [json.dumps(seen.messages).encode() for seen in server.requests]
    for other in others:
        shared = next(i for i, (a, b) in enumerate(zip(first, other, strict=False)) if a != b)
        assert shared > first.index(b"<claims>")
    assert server.requests[1].repeated >= 0.6 * server.requests[1].size


def test_cached_tokens_and_their_price_are_recorded(serve):
    server = serve()
    judge = judge_of(server)
    questions = [make_question((make_criterion(n),)) for n in (1, 2)]

    async def both():
        return [await judge.ask(q) for q in questions]

    first, second = run(judge, both)
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens > 4000
    usage = second.usage
    fresh = usage.input_tokens - usage.cached_tokens
    expected = (fresh * 1.25 + usage.cached_tokens * 0.125 + usage.output_tokens * 10) / 1e6
    assert usage.cost_usd == pytest.approx(expected, abs=1e-9)


def test_a_cost_the_server_reports_comes_first(serve):
    assert ask(judge_of(serve(cost_usd=0.125))).usage.cost_usd == 0.125


def test_a_model_without_a_price_costs_an_unknown_amount(serve):
    server = serve()
    judge = judge_of(server, model="my-model")
    answer = ask(judge)
    assert answer.usage.cost_usd is None
    assert answer.usage.input_tokens
    assert judge.worst_case_usd(make_question()) is None


@pytest.mark.parametrize("fault", ["no-usage", "absurd-usage"])
def test_usage_that_is_absent_or_absurd_is_unknown(serve, fault):
    answer = ask(judge_of(serve(faults={0: fault})))
    assert answer.judgements
    assert set(answer.usage.model_dump().values()) == {None}


@pytest.mark.parametrize("fault", ["gzip", "parts", "surrogate", "long", "latin1"])
def test_unusual_but_whole_replies_are_read(serve, fault):
    answer = ask(judge_of(serve(faults={0: fault})))
    assert len(answer.judgements) == 3
    repr(answer.reply).encode()
    answer.judgements[0].model_dump_json().encode()


def test_the_worst_case_is_no_less_than_what_a_call_costs(serve):
    judge = judge_of(serve())
    question = make_question(15)
    assert ask(judge, question).usage.cost_usd <= judge.worst_case_usd(question)


def test_the_worst_case_of_a_free_model_is_nothing():
    settings = {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}
    assert ChatJudge(ChatJudgeSettings(model="local", **settings)).worst_case_usd(make_question()) == 0.0


def test_dimension_mode_asks_one_question_a_dimension():
    groups = ChatJudge(ChatJudgeSettings(model="m")).groups(make_question(MIXED).task, MIXED)
    assert [(g.name, [c.id for c in g.criteria]) for g in groups] == [
        ("scientific_fidelity", ["c-2"]),
        ("visual_quality", ["c-1", "c-3"]),
    ]


def test_criterion_mode_asks_one_question_a_criterion():
    groups = ChatJudge(ChatJudgeSettings(model="m", mode="criterion")).groups(make_question(MIXED).task, MIXED)
    assert [(g.name, len(g.criteria)) for g in groups] == [("c-1", 1), ("c-2", 1), ("c-3", 1)]


def test_task_mode_asks_everything_at_once():
    judge = ChatJudge(ChatJudgeSettings(model="m", mode="task"))
    (group,) = judge.groups(make_question(MIXED).task, MIXED)
    assert (group.name, group.criteria) == ("all", MIXED)
    assert judge.groups(make_question(MIXED).task, ()) == []


def test_the_identity_names_what_changes_answers():
    identity = ChatJudge(ChatJudgeSettings(model="gpt-5", frames=4, seed=1)).identity
    assert identity.name == "openai:gpt-5"
    assert identity.settings["model"] == "gpt-5"
    assert identity.settings["prompt"] == prompt_digest()
    assert identity.settings["order"] == order.POLICY
    assert identity.settings["frame_policy"]["count"] == 4
    assert identity.settings["seed"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://elsewhere/v1"},
        {"timeout_s": 5},
        {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1},
        {"output_limit_field": "max_tokens"},
    ],
)
def test_the_identity_leaves_out_what_changes_no_answer(changes):
    plain, changed = (ChatJudge(ChatJudgeSettings(model="m", **c)).identity for c in ({}, changes))
    assert plain.digest == changed.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "n"},
        {"mode": "task"},
        {"frames": 9},
        {"max_side": 512},
        {"jpeg_quality": 50},
        {"detail": "low"},
        {"temperature": 0},
        {"seed": 0},
        {"reasoning_effort": "low"},
        {"max_output_tokens": 100},
        {"structured": "schema"},
    ],
)
def test_the_identity_changes_with_what_may_change_an_answer(changes):
    plain, changed = (ChatJudge(ChatJudgeSettings(**{"model": "m"} | c)).identity for c in ({}, changes))
    assert plain.digest != changed.digest


def test_the_request_digest_follows_the_request_and_needs_no_images(serve):
    judge = judge_of(serve())
    one, same, other = (ask(judge, make_question(n)).request_sha256 for n in (2, 2, 3))
    assert one == same != other
    darker = ask(judge, make_question(2, footage=StillFootage(shade=7))).request_sha256
    assert darker != one


def test_frames_prefetched_are_decoded_once(serve):
    judge = judge_of(serve())
    question = make_question()
    judge.prefetch(question)
    judge.worst_case_usd(question)
    ask(judge, question)
    assert question.footage.decoded == 1


def test_one_judge_serves_several_event_loops_one_after_another(serve):
    judge = judge_of(serve())
    assert ask(judge).judgements == ask(judge).judgements


def test_many_calls_are_in_flight_at_once(serve):
    server = serve(latency_s=0.2)
    judge = judge_of(server)

    async def eight():
        return await asyncio.gather(*(judge.ask(make_question()) for _ in range(8)))

    assert len(run(judge, eight)) == 8
    assert server.stats()["most_in_flight"] == 8


def test_a_chat_judge_is_a_judge():
    assert isinstance(chat_judge("m", {}), Judge)


def test_settings_come_as_text_from_the_command_line():
    judge = chat_judge("m", {"temperature": "0.5", "max_side": "512", "seed": "3"}, frames=4)
    assert (judge.settings.temperature, judge.settings.max_side, judge.settings.seed) == (0.5, 512, 3)
    assert judge.settings.frames == 4


def test_an_unknown_setting_names_near_matches():
    with pytest.raises(UnknownNameError, match="did you mean 'temperature'"):
        chat_judge("m", {"temprature": "0"})


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "video"},
        {"frames": "0"},
        {"temperature": "3"},
        {"input_usd_per_mtok": "1"},
        {"cached_usd_per_mtok": "1"},
        {"timeout_s": "nan"},
        {"model": "other"},
    ],
)
def test_a_wrong_setting_is_an_input_error(settings):
    with pytest.raises(InputError):
        chat_judge("m", settings)


def test_the_modules_import_no_client_and_no_decoder():
    code = (
        "import sys, microworldbench.judging.chat;"
        "print([m for m in ('openai', 'httpx2', 'httpx', 'av', 'PIL', 'torch', 'cv2', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_question_repeated_in_another_order_is_another_request(serve):
    judge = judge_of(serve())
    question = make_question(3)
    turned = replace(question, criteria=question.criteria[::-1])
    assert ask(judge, question).request_sha256 != ask(judge, turned).request_sha256
