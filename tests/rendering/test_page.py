"""Tables as a page of their own."""

from __future__ import annotations

from pathlib import Path

from microworldbench.rendering.page import PageTable, write_page


def test_numbers_get_a_true_minus_sign_and_names_keep_their_hyphens(tmp_path: Path) -> None:
    cells = ("gpt-5 of 2026-11-01", "wan2.1-t2v-14b", "-0.5", "[-3, -1]")
    text = write_page(tmp_path / "page.html", "T", "H", [PageTable("x", ("a", "b", "c", "d"), [cells])]).read_text()
    assert "gpt-5 of 2026-11-01" in text
    assert ">wan2.1-t2v-14b<" in text
    assert ">−0.5<" in text
    assert ">[−3, −1]<" in text
