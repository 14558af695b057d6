"""Orders and sides: each expert's own, balanced, the same every time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from microworldbench.review.sheets.order import Order, _with_repeats
from microworldbench.review.store.board import Board, Slot


@pytest.fixture
def order(make: Any, make_suite: Any, run_with_videos: Any) -> Order:
    runs = [run_with_videos(name, make_suite(24)) for name in ("alpha", "beta")]
    return Order(make("pair", runs=runs, repeats=0.1), Board())


def test_every_expert_meets_every_item_in_an_order_of_his_own(order: Order) -> None:
    orders = {expert: [s.item for s in order.slots(expert, 1) if not s.repeat] for expert in ("e1", "e2", "e3")}
    assert {frozenset(items) for items in orders.values()} == {frozenset(item.id for item in order.folder.items)}
    assert len({tuple(items) for items in orders.values()}) == 3
    assert orders["e1"] == [s.item for s in Order(order.folder, Board()).slots("e1", 1) if not s.repeat]


def test_each_model_stands_left_and_right_equally_often_for_every_expert(order: Order) -> None:
    for expert in ("e1", "e2", "e3", "e4"):
        sides = Counter(order.is_swapped(expert, Slot(item.id)) for item in order.folder.items)
        assert sides == {True: 12, False: 12}
    assert len({tuple(order.is_swapped(e, Slot(i.id)) for i in order.folder.items) for e in ("e1", "e2", "e3")}) == 3


def test_some_pairs_come_again_late_with_sides_swapped(order: Order) -> None:
    slots = order.slots("e1", 1)
    repeated = [slot for slot in slots if slot.repeat]
    assert len(repeated) == 2
    for slot in repeated:
        assert slots.index(slot) - slots.index(Slot(slot.item)) >= len(slots) // 4
        assert order.is_swapped("e1", slot) != order.is_swapped("e1", Slot(slot.item))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10, 60, 459])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5])
def test_repeats_lose_and_double_nothing(count: int, share: float) -> None:
    slots = [Slot(f"i{n}") for n in range(count)]
    mixed = _with_repeats(slots, share)
    assert [slot for slot in mixed if not slot.repeat] == slots
    again = [slot.item for slot in mixed if slot.repeat]
    assert len(set(again)) == len(again) == min(round(share * count), count // 2)


def test_claims_are_shuffled_for_each_expert(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    folder = make("verdict", runs=[run_with_videos("alpha", make_suite(3))])
    order = Order(folder, Board())
    shown = {tuple(c.id for c in order.claims(f"e{n}", folder.items[0])) for n in range(20)}
    assert len(shown) > 5
    assert {frozenset(ids) for ids in shown} == {frozenset(c.id for c in folder.items[0].claims)}
