"""Prices: the packaged table, files that extend it, and bounds that hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.chat.prices import (
    UNKNOWN_IMAGE,
    Patches,
    Price,
    Tiles,
    find_price,
    load_prices,
    packaged_prices,
)
from microworldbench.errors import InputError, SuiteError

PRICE = Price(input=2.0, cached=0.5, cache_write=2.5, output=8.0)
OWN = """\
schema: 1
as_of: "2026-11-01"
models:
  my-model: {input: 1.0, output: 2.0}
  gpt-5: {input: 9.0, cached: 0.9, output: 99.0}
"""


def written(tmp_path, text):
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_packaged_price_is_dated_sourced_and_cheaper_when_cached():
    table = packaged_prices()
    assert table.as_of
    assert table.source
    for model, price in table.models.items():
        assert price.cached is not None, model
        assert 0 < price.cached < price.input < price.output, model


def test_a_snapshot_is_priced_as_its_model():
    assert find_price("gpt-5-2025-08-07") == find_price("gpt-5")


@pytest.mark.parametrize("model", ["gpt-5-turbo", "openai/gpt-5", "GPT-5", "qwen2.5-vl", ""])
def test_a_model_no_table_has_is_without_a_price(model):
    assert find_price(model) is None


def test_a_file_adds_models_and_comes_before_the_packaged_table(tmp_path):
    path = written(tmp_path, OWN)
    assert find_price("my-model", path) == Price(input=1.0, output=2.0)
    assert find_price("gpt-5", path).input == 9.0
    assert find_price("gpt-4o", path) == find_price("gpt-4o")


def test_the_environment_names_a_file_that_a_setting_overrules(tmp_path, monkeypatch):
    monkeypatch.setenv("MWB_PRICES", str(written(tmp_path, OWN)))
    assert find_price("gpt-5").input == 9.0
    (tmp_path / "other").mkdir()
    other = written(tmp_path / "other", OWN.replace("9.0,", "7.0,"))
    assert find_price("gpt-5", other).input == 7.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace("input: 1.0", "input: -1.0"), r"prices\.yaml:4: models\.my-model\.input"),
        (OWN.replace("output: 2.0", "outptu: 2.0"), r"prices\.yaml:4: models\.my-model"),
        (OWN.replace("schema: 1", "schema: 2"), r"prices\.yaml:1: schema"),
        (OWN.replace("input: 1.0", "input: .inf"), r"prices\.yaml:4"),
        (OWN + "  my-model: {input: 1.0, output: 2.0}\n", r"prices\.yaml:6"),
        ("models: [", "prices"),
        ("", "empty"),
    ],
)
def test_a_malformed_file_names_file_line_and_field(tmp_path, text, said):
    with pytest.raises(SuiteError, match=said):
        load_prices(written(tmp_path, text))


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        find_price("gpt-5", tmp_path / "nowhere.yaml")


def test_each_kind_of_token_has_its_price():
    cost = PRICE.cost_usd(input_tokens=1000, cached_tokens=600, cache_write_tokens=300, output_tokens=50)
    assert cost == pytest.approx((100 * 2.0 + 600 * 0.5 + 300 * 2.5 + 50 * 8.0) / 1e6)


tokens = st.integers(0, 10**7)


@given(tokens, tokens, tokens, tokens)
def test_a_cost_is_never_negative_nor_above_its_dearest_price(asked, cached, written_, replied):
    cost = PRICE.cost_usd(input_tokens=asked, cached_tokens=cached, cache_write_tokens=written_, output_tokens=replied)
    assert 0 <= cost <= (asked * 2.5 + replied * 8.0) / 1e6 + 1e-12


@given(st.text(max_size=200), st.integers(0, 4000), st.integers(0, 4000))
def test_the_worst_case_covers_every_split_of_the_tokens_it_allows(text, output, cached):
    size = len(text.encode("utf-8", "surrogatepass"))
    worst = PRICE.worst_case_usd(text_bytes=size, parts=2, images=[], max_output_tokens=4000)
    assert worst >= PRICE.cost_usd(input_tokens=size, cached_tokens=cached, output_tokens=output)


@pytest.mark.parametrize(
    ("width", "height", "published"), [(1024, 1024, 765), (2048, 4096, 1105), (512, 512, 255), (832, 480, 425)]
)
def test_the_tile_bound_is_no_less_than_the_published_count(width, height, published):
    assert published <= Tiles(base=85, tile=170).bound(width, height) <= 85 + 170 * 8


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_patch_bound_covers_every_patch_up_to_its_cap(width, height):
    patches = math.ceil(width / 32) * math.ceil(height / 32)
    assert Patches(multiplier=1.62, most=1536).bound(width, height) == math.ceil(min(patches, 1536) * 1.62)


def test_an_unknown_model_is_bounded_generously():
    assert UNKNOWN_IMAGE.bound(832, 480) >= 4096
    assert UNKNOWN_IMAGE.bound(10, 5000) >= 4096
