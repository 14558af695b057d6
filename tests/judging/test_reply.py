"""A reply is read strictly: what departs from the form in any way is not an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.chat.json_reply import MAX_REPLY_CHARACTERS
from microworldbench.errors import UnreadableReplyError
from microworldbench.judging.reply import labels, parse_reply, reply_schema
from microworldbench.results import Reason

GOOD = {"observation": "seen", "frames": [2, 1], "verdict": "met"}


def reply(**changes):
    return json.dumps({"C1": GOOD | changes})


def read(text, criteria=("a",), frames_shown=4, structured="schema"):
    return parse_reply(text, criteria, frames_shown=frames_shown, structured=structured)


@pytest.mark.parametrize(
    ("verdict", "met", "reason"),
    [("met", True, None), ("not_met", False, None), ("cannot_tell", None, Reason.CANNOT_TELL)],
)
def test_each_verdict_has_one_meaning(verdict, met, reason):
    (judgement,) = read(reply(verdict=verdict))
    assert (judgement.met, judgement.reason) == (met, reason)


@given(st.permutations(["a", "b", "c", "d"]), st.permutations(["C1", "C2", "C3", "C4"]))
def test_labels_follow_the_shown_order_whatever_the_order_of_keys(criteria, keys):
    text = json.dumps({key: GOOD | {"observation": key} for key in keys})
    assert [(j.criterion, j.observation) for j in read(text, criteria)] == list(zip(criteria, labels(4), strict=True))


@given(st.integers(0, 6).filter(lambda n: n != 3))
def test_a_reply_of_another_length_is_never_read(count):
    text = json.dumps(dict.fromkeys(labels(count), GOOD))
    with pytest.raises(UnreadableReplyError):
        read(text, ("a", "b", "c"))


@given(st.integers(1, 400))
def test_a_reply_cut_anywhere_is_never_read(cut):
    text = json.dumps(dict.fromkeys(labels(3), GOOD), indent=1)
    with pytest.raises(UnreadableReplyError):
        read(text[: min(cut, len(text) - 1)], ("a", "b", "c"))


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    with pytest.raises(UnreadableReplyError):
        read(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@given(st.sampled_from(["observation", "frames", "verdict"]), json_values)
def test_a_wrong_value_is_refused_without_any_other_error(field, value):
    is_right = (
        (field == "observation" and isinstance(value, str))
        or (field == "frames" and isinstance(value, list) and all(type(n) is int and 1 <= n <= 4 for n in value))
        or (field == "verdict" and value in ("met", "not_met", "cannot_tell"))
    )
    if is_right:
        read(reply(**{field: value}))
        return
    with pytest.raises(UnreadableReplyError):
        read(reply(**{field: value}))


@pytest.mark.parametrize("frames", [[True], [1.0], ["1"], [0], [-1], [5], [10**30], "1", None, {"1": 1}])
def test_frames_are_integers_that_were_shown(frames):
    with pytest.raises(UnreadableReplyError, match=r"C1\.frames"):
        read(reply(frames=frames))


def test_a_frame_cited_twice_counts_once():
    assert read(reply(frames=[3, 1, 3]))[0].frames == (3, 1)


@pytest.mark.parametrize("verdict", ["Met", "yes", "", "met ", None, 1, True, ["met"]])
def test_only_the_three_words_are_verdicts(verdict):
    with pytest.raises(UnreadableReplyError, match=r"C1\.verdict must be met, not_met or cannot_tell"):
        read(reply(verdict=verdict))


@pytest.mark.parametrize("inner", ['"verdict": "met", "verdict": "not_met"', '"note": 1, "verdict": "met"'])
def test_a_key_twice_or_too_many_inside_an_answer_is_refused(inner):
    with pytest.raises(UnreadableReplyError, match=r"twice|not asked for"):
        read('{"C1": {"observation": "", "frames": [], ' + inner + "}}")


@pytest.mark.parametrize("text", ["[]", '"C1"', "3", "null", "{}", '{"C1": []}', '{"C1": null}', '{"c1": {}}'])
def test_other_shapes_are_refused(text):
    with pytest.raises(UnreadableReplyError):
        read(text)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_are_not_json_are_refused(constant):
    with pytest.raises(UnreadableReplyError, match="which is not JSON"):
        read('{"C1": {"observation": ' + constant + ', "frames": [], "verdict": "met"}}')


@pytest.mark.parametrize("text", ["[" * 200_000, '{"C1":' * 200_000, '{"C1": ' + "9" * 10_000 + "}"])
def test_a_reply_made_to_break_the_parser_is_only_refused(text):
    with pytest.raises(UnreadableReplyError):
        read(text)


def test_a_reply_beyond_the_cap_is_refused_before_it_is_parsed():
    with pytest.raises(UnreadableReplyError, match="more than 2,000,000"):
        read(reply(observation="x" * MAX_REPLY_CHARACTERS))


def test_an_observation_of_a_hundred_thousand_characters_survives():
    assert len(read(reply(observation="x" * 100_000))[0].observation) == 100_000


def test_lone_surrogates_become_replacement_characters():
    assert read(reply(observation="a\ud800b"))[0].observation == "a\ufffdb"


@pytest.mark.parametrize("opening", ["```json\n", "```\n", "```JSON \n"])
def test_one_fence_is_tolerated_where_words_alone_ask_for_the_form(opening):
    text = f"\n{opening}{reply()}\n```  \n"
    assert read(text, structured="instruction")[0].met
    with pytest.raises(UnreadableReplyError):
        read(text, structured="schema")


@pytest.mark.parametrize(
    "text", ["Here it is:\n```json\n{}\n```", "```json\n{}\n```\nDone.", "```json\n```json\n{}\n```\n```"]
)
def test_a_fence_with_anything_around_it_is_refused(text):
    with pytest.raises(UnreadableReplyError):
        read(text.replace("{}", reply()), structured="instruction")


def test_a_message_quotes_little_of_what_the_model_wrote():
    with pytest.raises(UnreadableReplyError) as caught:
        read(reply(verdict="\x1b[31m" + "evil " * 1000))
    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)


def test_the_schema_asks_for_every_label_and_nothing_else():
    schema = reply_schema(12)
    assert tuple(schema["properties"]) == tuple(schema["required"]) == labels(12)
    assert schema["additionalProperties"] is False
    for answer in schema["properties"].values():
        assert tuple(answer["properties"]) == tuple(answer["required"]) == ("observation", "frames", "verdict")
        assert answer["additionalProperties"] is False
