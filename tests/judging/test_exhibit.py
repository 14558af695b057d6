"""Frame policies: which moments are shown, in which form, and that nothing is lost unnoticed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import ask, judge_of, make_question
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from microworldbench.errors import CallRefusedError, InputError, UnreadableReplyError, VideoError
from microworldbench.judging import exhibit as module
from microworldbench.judging.chat import chat_judge
from microworldbench.judging.exhibit import FramePolicy, contact_sheet, make_exhibit, planned_exhibit
from microworldbench.judging.footage import Footage
from microworldbench.video import Video, write

FRAMES, FPS = 16, 8


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 frames at 8 fps, each one shade brighter."""
    shades = np.linspace(0, 240, FRAMES, dtype=np.uint8)
    frames = np.broadcast_to(shades[:, None, None, None], (FRAMES, 64, 128, 3))
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    write(path, Video.from_frames(np.ascontiguousarray(frames), FPS))
    return path


def sources(path: Path, **policy: Any) -> list[int]:
    return [f.source_index for f in make_exhibit(path, FramePolicy(**policy)).frames]


def test_midpoints_are_the_middles_of_equal_parts(clip: Path) -> None:
    assert sources(clip, count=4) == [2, 6, 10, 14]


@pytest.mark.parametrize(("count", "expected"), [(2, [0, 15]), (4, [0, 5, 10, 15]), (16, list(range(16)))])
def test_endpoints_begin_with_the_first_frame_and_end_with_the_last(
    clip: Path, count: int, expected: list[int]
) -> None:
    assert sources(clip, count=count, spacing="endpoint") == expected


@pytest.mark.parametrize(("fps", "expected"), [(1, [4, 12]), (2, [2, 6, 10, 14]), (0.1, [8]), (8, list(range(16)))])
def test_frames_by_rate_follow_the_duration(clip: Path, fps: float, expected: list[int]) -> None:
    assert sources(clip, count=None, fps=fps) == expected


def test_a_rate_that_asks_for_too_many_frames_is_refused_not_thinned_out(clip: Path) -> None:
    policy = FramePolicy(count=None, fps=100)
    assert policy.count_for(2.56) == 256
    with pytest.raises(VideoError, match="are 300, more than 256; lower the judge setting fps"):
        policy.count_for(3.0)


def test_the_quality_of_the_policy_is_that_of_the_image(clip: Path) -> None:
    rough, fine = (make_exhibit(clip, FramePolicy(count=1, jpeg_quality=q)).pictures[0] for q in (30, 100))
    tables = [Image.open(io.BytesIO(p.data)).quantization for p in (rough, fine)]  # type: ignore[attr-defined]
    assert max(tables[1][0]) == 1 < max(tables[0][0])
    assert (rough.width, rough.height) == (fine.width, fine.height)


def test_a_sheet_is_one_image_with_every_frame_in_reading_order(clip: Path) -> None:
    exhibit = make_exhibit(clip, FramePolicy(count=6, form="sheet", jpeg_quality=100))
    (picture,) = exhibit.pictures
    image = Image.open(io.BytesIO(picture.data)).convert("L")
    assert image.size == (picture.width, picture.height) == (256, 240)  # 2 columns of 3 rows, 16 pixels for numbers
    shades = [image.getpixel((x * 128 + 64, y * 80 + 48)) for y in range(3) for x in range(2)]
    assert shades == sorted(shades)
    assert len(set(shades)) == 6
    assert {f.sha256 for f in exhibit.frames} == {hashlib.sha256(picture.data).hexdigest()}
    assert [f.number for f in exhibit.frames] == [1, 2, 3, 4, 5, 6]


def test_the_numbers_of_a_sheet_stand_beside_its_frames_never_on_them() -> None:
    blank = [Image.new("RGB", (128, 64), "black") for _ in range(4)]
    sheet = np.asarray(contact_sheet(blank).convert("L"))
    cells = sheet.reshape(2, 80, 2, 128).swapaxes(1, 2).reshape(4, 80, 128)
    assert all((cell[16:] == 0).all() for cell in cells)
    assert all((cell[:16] < 128).any() for cell in cells)
    assert len({cell[:16].tobytes() for cell in cells}) == 4


def test_a_sheet_too_large_to_make_is_refused_not_shrunk(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SHEET_PIXELS", 60_000)
    with pytest.raises(VideoError, match="256×240 pixels; set the judge setting max_side"):
        make_exhibit(clip, FramePolicy(count=6, form="sheet"))


def test_a_whole_video_is_sent_byte_for_byte_with_moments_to_cite(clip: Path) -> None:
    exhibit = make_exhibit(clip, FramePolicy(count=4, form="video"))
    (picture,) = exhibit.pictures
    assert picture.data == clip.read_bytes()
    assert picture.media_type == "video/mp4"
    assert [(f.number, f.source_index) for f in exhibit.frames] == [(1, 2), (2, 6), (3, 10), (4, 14)]
    assert len(exhibit.image_sizes) == FRAMES


def test_a_video_too_large_to_send_is_refused_not_re_encoded(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VIDEO_BYTES", 100)
    with pytest.raises(VideoError, match="form=frames or form=sheet"):
        make_exhibit(clip, FramePolicy(form="video"))


def test_the_kind_of_a_file_is_read_from_its_bytes(clip: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "clip.exe"
    renamed.write_bytes(clip.read_bytes())
    assert make_exhibit(renamed, FramePolicy(form="video")).pictures[0].media_type == "video/mp4"
    with pytest.raises(VideoError, match="MP4, MOV, WebM and MKV"):
        module._media_type(b"RIFF....AVI ")


@given(
    st.integers(1, 40),
    st.sampled_from(["frames", "sheet", "video"]),
    st.sampled_from([None, 64, 100, 4000]),
    st.booleans(),
)
def test_a_planned_exhibit_has_the_sizes_of_a_real_one(
    clip: Path, count: int, form: Any, max_side: int | None, by_rate: bool
) -> None:
    number: dict[str, Any] = {"count": None, "fps": count / 2} if by_rate else {"count": count}
    policy = FramePolicy(form=form, max_side=max_side, **number)
    planned = planned_exhibit(policy, width=128, height=64, frames=FRAMES, duration_s=FRAMES / FPS)
    real = make_exhibit(clip, policy)
    assert planned.image_sizes == real.image_sizes
    assert len(planned.frames) == len(real.frames)


@pytest.mark.parametrize(
    "settings",
    [
        {"fps": "2", "frames": "8"},
        {"spacing": "endpoint", "frames": "1"},
        {"form": "video", "max_side": "512"},
        {"form": "video", "jpeg_quality": "90"},
        {"form": "gif"},
        {"fps": "0"},
        {"fps": "nan"},
        {"spacing": "random"},
        {"frames": "257"},
    ],
)
def test_settings_that_contradict_each_other_are_an_input_error(settings: dict[str, str]) -> None:
    with pytest.raises(InputError):
        chat_judge("m", settings)


@pytest.mark.parametrize("changes", [{"fps": 2}, {"spacing": "endpoint"}, {"form": "sheet"}, {"form": "video"}])
def test_each_part_of_the_policy_is_part_of_the_identity(changes: dict[str, Any]) -> None:
    plain, changed = (chat_judge("m", c).identity for c in ({}, changes))
    assert plain.settings["frame_policy"] != changed.settings["frame_policy"]
    assert plain.digest != changed.digest


@pytest.mark.parametrize(
    ("form", "kinds"), [("frames", ["image_url"] * 8), ("sheet", ["image_url"]), ("video", ["video_url"])]
)
def test_each_form_is_sent_as_what_it_is(serve: Callable[..., Any], clip: Path, form: str, kinds: list[str]) -> None:
    server = serve("yes")
    answer = ask(judge_of(server, form=form), make_question(footage=Footage(clip)))
    content = server.requests[0].messages[1]["content"]
    assert [part["type"] for part in content if part["type"] != "text"] == kinds
    assert [f.number for f in answer.frames] == list(range(1, 9))
    assert len(answer.judgements) == 3


@pytest.mark.parametrize("form", ["sheet", "video"])
def test_times_of_all_frames_are_told_in_every_form(serve: Callable[..., Any], clip: Path, form: str) -> None:
    server = serve("yes")
    ask(judge_of(server, form=form, frames=4), make_question(footage=Footage(clip)))
    text = " ".join(p["text"] for p in server.requests[0].messages[1]["content"] if p["type"] == "text")
    assert all(f"{time:.2f} s" in text for time in (0.25, 0.75, 1.25, 1.75))


@pytest.mark.parametrize("form", ["frames", "sheet", "video"])
def test_a_citation_beyond_what_was_shown_is_an_error_in_every_form(
    serve: Callable[..., Any], clip: Path, form: str
) -> None:
    server = serve("yes", faults={0: "unseen-frame"})
    with pytest.raises(UnreadableReplyError, match="frames 1 to 8 were shown"):
        ask(judge_of(server, form=form), make_question(footage=Footage(clip)))


@pytest.mark.parametrize("form", ["frames", "sheet", "video"])
def test_the_request_digest_follows_what_is_shown(
    serve: Callable[..., Any], clip: Path, tmp_path: Path, form: str
) -> None:
    other = tmp_path / "other.mp4"
    write(other, Video.from_frames(np.full((FRAMES, 64, 128, 3), 90, np.uint8), FPS))
    judge = judge_of(serve("yes"), form=form)
    digests = [ask(judge, make_question(footage=Footage(path))).request_sha256 for path in (clip, clip, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("fault", ["413", "400-context", "400-images"])
def test_what_is_too_large_is_refused_once_and_never_sent_again_smaller(
    serve: Callable[..., Any], clip: Path, fault: str
) -> None:
    server = serve("yes", faults={0: fault})
    with pytest.raises(CallRefusedError, match=r"Show fewer frames .* nothing is made smaller unasked"):
        ask(judge_of(server), make_question(footage=Footage(clip)))
    assert len(server.requests) == 1


def test_a_whole_video_has_a_price_of_at_most_every_frame_as_an_image(clip: Path) -> None:
    question = make_question(footage=Footage(clip))
    shown, whole = (chat_judge("gpt-5", c).worst_case_usd(question) for c in ({"frames": 16}, {"form": "video"}))
    assert shown is not None
    assert whole == pytest.approx(shown, rel=0.02)
