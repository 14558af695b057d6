"""The cache: what is encoded, how it resumes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from microverse import wan
from microverse.cache import build, shards
from microverse.cache.command import fill
from microverse.cache.encode import ClipEncoder, TextEncoder, caption_key, padded
from microverse.cache.reading import Cache
from microverse.clips import read_clip
from microverse.config import RunConfig
from microverse.sources import read_sources
from microworldbench.errors import InputError, RunConflictError, RunStoppedError
from microworldbench.video import Video, write

from .conftest import CAPTIONS, moving_square

Configured = Callable[..., RunConfig]


def filled(
    configured: Configured, clips: Path, place: Path, here: Any, *settings: str, **options: Any
) -> build.Outcome:
    config = configured(place, f"cache={place}", *settings)
    return fill(config, *read_sources(clips), here=here, workers=1, **options)


@pytest.fixture
def own_clips(clips: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clips, tmp_path / "own clips"))


def test_latents_are_what_the_pipeline_would_denoise_to(
    configured: Configured, clips: Path, tmp_path: Path, tiny: Path
) -> None:
    """Mode of the posterior, normalised by mean and deviation: decoding as diffusers does gives the pixels back."""
    config = configured(tmp_path)
    cache = Cache(Path(config.cache))
    (clip,) = [c for c in cache.clips if c.id == "red"]
    latents = cache.latents(clip)
    assert latents.shape == (16, 3, 4, 6)
    decoder = wan.load_decoder(tiny, "cpu")
    pixels = read_clip(clips / "videos/red.mp4", config.clip)[2]
    raw = decoder.encode(pixels[None]).latent_dist.mode()[0]
    mean, std = (
        torch.tensor(getattr(decoder.config, name))[:, None, None, None] for name in ("latents_mean", "latents_std")
    )
    assert torch.allclose(latents, (raw - mean) / std, atol=1e-5)
    assert len(set(decoder.config.latents_std)) > 1  # or the test would not see a wrong order
    with torch.no_grad():
        shown = decoder.decode((latents * std + mean)[None]).sample[0]
    assert float((shown - pixels).abs().mean()) < 0.15


def test_captions_are_what_the_pipeline_would_be_given(configured: Configured, tmp_path: Path, tiny: Path) -> None:
    cache = Cache(Path(configured(tmp_path).cache))
    from diffusers import WanPipeline

    pipeline = WanPipeline.from_pretrained(tiny)
    for text in (CAPTIONS["red"], ""):
        given, _ = pipeline.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=512)
        mine = cache.prompt(text)
        assert mine.shape == (512, 32)
        assert torch.equal(mine, given[0].to(torch.bfloat16))
    assert int(cache.prompt("").any(1).sum()) == 1  # the empty prompt is one row, not zeros


def test_long_captions_are_cut_where_the_pipeline_cuts_them(tiny: Path) -> None:
    (rows,) = TextEncoder(tiny, "cpu")(["mitosis " * 200])
    assert rows.shape == (512, 32)
    assert torch.equal(padded(rows), rows)


def test_captions_that_are_cut_are_counted(configured: Configured, own_clips: Path, tmp_path: Path, here: Any) -> None:
    rows = json.loads((own_clips / "metadata.json").read_text())
    (own_clips / "metadata.json").write_text(json.dumps([{**rows[0], "prompt": "mitosis " * 200}, *rows[1:]]))
    assert filled(configured, own_clips, tmp_path / "c", here).full_captions == 1


def test_a_second_call_encodes_nothing_and_changes_nothing(
    configured: Configured, clips: Path, tmp_path: Path, here: Any
) -> None:
    first = filled(configured, clips, tmp_path / "c", here)
    before = {p.name: p.read_bytes() for p in (tmp_path / "c").glob("*.*")}
    again = filled(configured, clips, tmp_path / "c", here)
    assert (first.encoded, again.encoded) == (4, 0)
    assert {p.name: p.read_bytes() for p in (tmp_path / "c").glob("*.*")} == before


def test_after_a_kill_only_what_no_shard_holds_is_encoded(
    configured: Configured, clips: Path, tmp_path: Path, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SHARD_BYTES", 1)  # a shard a clip
    calls = 0
    encode = ClipEncoder.__call__

    def dying(self: ClipEncoder, pixels: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise MemoryError("killed")
        return encode(self, pixels)

    monkeypatch.setattr(ClipEncoder, "__call__", dying)
    with pytest.raises(MemoryError):
        filled(configured, clips, tmp_path / "c", here)
    with pytest.raises(InputError, match="lists no clip to train on"):
        Cache(tmp_path / "c")
    assert filled(configured, clips, tmp_path / "c", here).encoded == 2
    whole = Cache(tmp_path / "c")
    assert {c.id for c in whole.clips} == set(CAPTIONS)
    assert not list((tmp_path / "c").glob("*.tmp"))


def test_new_captions_do_not_encode_videos_again(
    configured: Configured, own_clips: Path, tmp_path: Path, here: Any
) -> None:
    filled(configured, own_clips, tmp_path / "c", here)
    rows = json.loads((own_clips / "metadata.json").read_text())
    (own_clips / "metadata.json").write_text(json.dumps([{**row, "prompt": "Other."} for row in rows]))
    before = Cache(tmp_path / "c").digest
    assert filled(configured, own_clips, tmp_path / "c", here).encoded == 0
    cache = Cache(tmp_path / "c")
    assert {clip.caption for clip in cache.clips} == {caption_key("Other.")}
    assert cache.digest != before


def test_bad_clips_are_listed_and_the_rest_is_usable(
    configured: Configured, own_clips: Path, tmp_path: Path, here: Any
) -> None:
    videos = own_clips / "videos"
    videos.joinpath("red.mp4").write_bytes(videos.joinpath("red.mp4").read_bytes()[:700])
    write(videos / "blue.mp4", Video(moving_square((0, 0, 255), 0, frames=4), 16.0))
    outcome = filled(configured, own_clips, tmp_path / "c", here)
    reasons = {entry.id: entry.reason for entry in outcome.refused}
    assert reasons.keys() == {"red", "blue"}
    assert "too short: it has 0.25 s" in reasons["blue"]
    cache = Cache(tmp_path / "c")
    assert {clip.id for clip in cache.clips} == {"green", "grey"}
    assert {entry.id for entry in cache.refused} == {"red", "blue"}


def test_nothing_usable_is_an_error_that_says_why(
    configured: Configured, own_clips: Path, tmp_path: Path, here: Any
) -> None:
    for video in (own_clips / "videos").iterdir():
        video.write_bytes(b"no video at all")
    with pytest.raises(InputError, match=r"none of the 4 clips can be used; the first, \w+: .*not a video file"):
        filled(configured, own_clips, tmp_path / "c", here)


def test_frames_as_they_come_refuse_sources_of_several_rates(
    configured: Configured, own_clips: Path, tmp_path: Path, here: Any
) -> None:
    write(own_clips / "videos/red.mp4", Video(moving_square((0, 0, 9), 0, frames=40), 30.0))
    with pytest.raises(InputError, match=r"2 rates \(3 of 16/s, 1 of 30/s\): the same motion.*clip.fps=16"):
        filled(configured, own_clips, tmp_path / "c", here, "clip.fps=native")
    assert filled(configured, own_clips, tmp_path / "c", here).source_fps == {"16": 3, "30": 1}


def test_a_cache_made_otherwise_is_not_mixed_with_another(
    configured: Configured, clips: Path, tmp_path: Path, here: Any
) -> None:
    filled(configured, clips, tmp_path / "c", here)
    with pytest.raises(RunConflictError, match=r"fps is 16.0 there and 8.0 here"):
        filled(configured, clips, tmp_path / "c", here, "clip.fps=8", "clip.frames=[5]")


def test_a_cache_of_another_model_is_refused(configured: Configured, clips: Path, tmp_path: Path, tiny: Path) -> None:
    other = Path(shutil.copytree(tiny, tmp_path / "other"))
    decoder = wan.load_decoder(other, "cpu")
    with torch.no_grad():
        decoder.decoder.conv_out.bias.add_(0.1)
    decoder.save_pretrained(other / "vae")
    config = configured(tmp_path)
    info = build.describe(config, other, "fp32")
    with pytest.raises(RunConflictError, match=r"is of another model: decoder is \w{12} in the cache and \w{12} here"):
        Cache(Path(config.cache)).check_made_for(info)
    assert (
        build.describe(config, Path(shutil.copytree(tiny, tmp_path / "same")), "fp32").identity["decoder"]
        != info.decoder
    )


def test_a_moved_model_is_the_same_model(tiny: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(tiny, tmp_path / "elsewhere"))
    assert wan.fingerprint(moved, "vae", "text_encoder") == wan.fingerprint(tiny, "vae", "text_encoder")


def test_a_damaged_shard_is_named_with_the_way_back(
    configured: Configured, clips: Path, tmp_path: Path, here: Any
) -> None:
    filled(configured, clips, tmp_path / "c", here)
    (shard,) = (tmp_path / "c").glob("latents-*")
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(RunStoppedError, match=rf"{shard.name} is damaged .*delete it"):
        Cache(tmp_path / "c")
    assert shards.damaged(tmp_path / "c", list(shards.known_shards(tmp_path / "c"))) == [shard.name]
    shard.unlink()
    with pytest.raises(InputError, match="lost the shards of 4 clips"):
        Cache(tmp_path / "c")
    assert filled(configured, clips, tmp_path / "c", here).encoded == 4
    assert len(Cache(tmp_path / "c").clips) == 4


def test_a_full_disk_keeps_what_is_written(configured: Configured, clips: Path, tmp_path: Path) -> None:
    """The limit on a file's size is the operating system's own, so that the write really fails."""
    import resource

    (tmp_path / "c").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = shards.ShardWriter(tmp_path / "c", "latents", limit_bytes=10**9)
    writer.add("a", torch.zeros(10_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(RunStoppedError, match=r"cannot write .*make room"):
            writer.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "c").glob("latents-*"))
    assert not list((tmp_path / "c").glob("*.tmp"))


def test_held_out_clips_are_chosen_by_their_ids_alone(
    configured: Configured, clips: Path, tmp_path: Path, here: Any
) -> None:
    outcome = filled(configured, clips, tmp_path / "c", here, hold_out=1)
    assert outcome.clips == {"train": 3, "validation": 1}
    (held,) = [c.id for c in Cache(tmp_path / "c").clips if c.split == "validation"]
    rows = json.loads((clips / "metadata.json").read_text())
    (tmp_path / "videos").symlink_to(clips / "videos")
    assert {s.id for s in read_sources(clips)[0]} == {row["id"] for row in rows}
    again = filled(configured, clips, tmp_path / "d", here, hold_out=2)
    assert again.clips == {"train": 2, "validation": 2}
    assert held in [c.id for c in Cache(tmp_path / "d").clips if c.split == "validation"]


def test_a_prompt_that_was_not_encoded_says_how_to_encode_it(configured: Configured, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not hold the prompt 'Unheard of.'.*encodes only what is missing"):
        Cache(Path(configured(tmp_path).cache)).prompt("Unheard of.")


def test_the_sheets_prompts_are_encoded_with_the_captions(
    configured: Configured, clips: Path, tmp_path: Path, here: Any
) -> None:
    filled(
        configured, clips, tmp_path / "c", here, "validation.prompts=[A new prompt.]", "validation.negative_prompt=ugly"
    )
    cache = Cache(tmp_path / "c")
    assert cache.prompt("A new prompt.").any()
    assert cache.prompt("ugly").any()


def test_two_shapes_are_two_buckets(configured: Configured, own_clips: Path, tmp_path: Path, here: Any) -> None:
    write(own_clips / "videos/red.mp4", Video(moving_square((9, 9, 250), 0, width=32, height=48), 16.0))
    outcome = filled(configured, own_clips, tmp_path / "c", here, "clip.sizes=[48x32, 32x48]", "clip.frames=[9, 5]")
    assert outcome.buckets == {"48x32x9": 3, "32x48x9": 1}
    cache = Cache(tmp_path / "c")
    assert [(str(bucket), len(clips)) for bucket, clips in cache.buckets("train")] == [("32x48x9", 1), ("48x32x9", 3)]
    assert cache.latents(next(c for c in cache.clips if c.id == "red")).shape == (16, 3, 6, 4)


def test_latents_in_bfloat16_are_near(configured: Configured, clips: Path, tmp_path: Path, here: Any) -> None:
    filled(configured, clips, tmp_path / "c", here, latents="bf16")
    exact, near = Cache(Path(configured(tmp_path).cache)), Cache(tmp_path / "c")
    for clip in exact.clips:
        a, b = exact.latents(clip), near.latents(clip)
        assert b.dtype == torch.bfloat16
        assert np.abs((a - b.float()).numpy()).max() < 0.02
