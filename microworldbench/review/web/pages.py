"""Pages made of templates."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from ...rendering import wording as figures
from ...rendering.templating import environment
from ...rubric import Dimension, Level, Polarity
from ..desk import Desk
from ..sheets.revision import BallotSheet, BlindSheet, CaseSheet
from ..sheets.sheet import FieldError, Sheet
from ..sheets.simple import CAPTION, CLIP, MET, PREFERENCE, REASONS, RELEVANCE
from ..store.access import Expert
from ..studies.records import Kind
from . import wording
from .places import Place, Places
from .revision_pages import ballot_page, blind_page, case_page
from .sealing import Seal

if TYPE_CHECKING:
    from jinja2 import Environment

OPTIONS = {Kind.RELEVANCE: RELEVANCE, Kind.PAIR: PREFERENCE, Kind.CLIP: CLIP, Kind.CAPTION: CAPTION}


class Pages:
    """Renders every page of one study.

    Args:
        desk: Takes its answers.
        places: Finds pages for experts.
        seal: Signs forms.
    """

    def __init__(self, desk: Desk, places: Places, seal: Seal) -> None:
        self.desk, self.places, self.seal = desk, places, seal
        self.study = desk.folder.study

    def stranger(self) -> HTMLResponse:
        """For who has no session."""
        return self._page("stranger.html", 401)

    def welcome(self, expert: Expert) -> HTMLResponse:
        """The first page behind a personal link."""
        return self._page("welcome.html", expert=expert)

    def message(
        self, status: int, said: str, *, is_stranger: bool = False, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """Something could not be done."""
        return self._page("message.html", status, headers, said=said, is_stranger=is_stranger)

    def device(self, expert: Expert, address: str) -> HTMLResponse:
        """A link for another device."""
        return self._page("device.html", expert=expert, address=address)

    def home(self, expert: Expert) -> HTMLResponse:
        """The overview: what to do, how far it is done, every page."""
        board, me = self.desk.board, expert.pseudonym
        round_ = self.places.round_shown(me)
        states = [(place, self.places.state(me, place)) for place in self.places.all(me)]
        waiting = [e for e in board.active if (e, board.round) not in board.handed_in]
        return self._page(
            "home.html",
            expert=expert,
            states=states,
            done=sum(state == "done" for _, state in states),
            next_open=self.places.next_open(me, 0),
            round=round_,
            is_over=self.desk.is_over,
            handed_in=(me, round_) in board.handed_in,
            waiting=len(waiting),
            form=self.seal.close({"e": me, "r": round_}),
        )

    def item(
        self,
        expert: Expert,
        place: Place,
        *,
        told: bool = False,
        kept: Mapping[str, str] | None = None,
        problem: FieldError | None = None,
    ) -> HTMLResponse:
        """One item to answer.

        Args:
            expert: Who answers.
            place: Which page.
            told: Show what is left to answer.
            kept: Fields that could not be taken, to be shown again instead of the stored ones.
            problem: Why they could not be taken.
        """
        me, folder = expert.pseudonym, self.desk.folder
        sheet = self.desk.order.sheet(place.slot, place.round)
        fields = dict(kept) if kept is not None else self.desk.board.fields(me, place.round, place.slot)
        states = [self.places.state(me, p) for p in self.places.all(me)]
        task = folder.task(place.item) if folder.suite is not None else None
        return self._page(
            self._template(sheet),
            422 if problem is not None else 200,
            expert=expert,
            place=place,
            total=len(states),
            done=states.count("done"),
            item=place.item,
            task=task,
            about={
                "title": task.title if task else place.item.title,
                "prompt": task.prompt if task else place.item.prompt,
                "requirement": task.requirement if task else place.item.requirement,
                "level": place.item.level,
            },
            films=self.places.films(me, place),
            fields=fields,
            gaps=sheet.gaps(dict(fields)) if told else {},
            problem=problem,
            locked=not self.desk.board.may_answer(me, place.round),
            round=place.round,
            options=OPTIONS.get(self.study.kind, ()),
            form=self.token(place, me),
            **self._particulars(me, place, sheet, dict(fields)),
        )

    def token(self, place: Place, expert: str, *, shown: float | None = None) -> str:
        """The hidden field of an item's form: whose it is, what it is about, and on which answer it was made."""
        return self.seal.close(
            {
                "e": expert,
                "r": place.round,
                "i": place.slot.item,
                "w": place.slot.repeat,
                "v": self.desk.board.version(expert, place.round, place.slot),
                "t": round(time.time(), 3) if shown is None else shown,
            }
        )

    def _template(self, sheet: Sheet) -> str:
        for kind, name in ((BlindSheet, "revise.html"), (BallotSheet, "ballot.html"), (CaseSheet, "cases.html")):
            if isinstance(sheet, kind):
                return name
        return f"{self.study.kind.value}.html"

    def _particulars(self, expert: str, place: Place, sheet: Sheet, fields: dict[str, str]) -> dict[str, Any]:
        """What only pages of one kind need."""
        if isinstance(sheet, BlindSheet):
            return blind_page(sheet, fields)
        if isinstance(sheet, BallotSheet):
            return ballot_page(sheet, expert)
        if isinstance(sheet, CaseSheet):
            return case_page(sheet)
        if self.study.kind is Kind.VERDICT:
            claims = self.desk.order.claims(expert, place.item)
            grouped = {d: [c for c in claims if c.dimension is d] for d in Dimension}
            return {"claims": {d: found for d, found in grouped.items() if found}}
        return {}

    def _page(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
    ) -> HTMLResponse:
        text = self._templates.get_template(template).render(study=self.study, **context)
        return HTMLResponse(text, status, headers)

    @cached_property
    def _templates(self) -> Environment:
        made = environment("microworldbench.review.web")
        made.globals |= {
            "Kind": Kind,
            "labels": wording.LABELS,
            "question": wording.QUESTIONS.get(self.study.kind, ""),
            "level_names": figures.LEVELS,
            "dimension_names": figures.DIMENSIONS,
            "levels": list(Level),
            "dimensions": list(Dimension),
            "polarities": list(Polarity),
            "met_options": MET,
            "reasons": REASONS,
        }
        made.filters |= {"weight": lambda value: f"{value:g}", "count": figures.count}
        return made
