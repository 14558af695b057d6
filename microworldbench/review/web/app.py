"""The addresses of the workbench, and who may ask for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ...errors import RunStoppedError
from ...rendering.templating import asset
from ..desk import ClosedError, Desk, Visit
from ..sheets.sheet import FieldError, said_elsewhere
from ..store.access import SESSION_DAYS, Expert, LinkError
from .guards import COOKIE, Guard, Limiter, read_form
from .pages import Pages
from .places import Place, Places
from .sealing import Seal

STATIC = {
    "theme.css": ("microworldbench.rendering", "text/css"),
    "theme.js": ("microworldbench.rendering", "text/javascript"),
    "workbench.css": (__package__, "text/css"),
    "workbench.js": (__package__, "text/javascript"),
    "player.js": (__package__, "text/javascript"),
    "icon.svg": (__package__, "image/svg+xml"),
}
UNSAID = {
    "Not Found": "There is nothing at this address.",
    "Method Not Allowed": "This address is not for that; go back and open the page again.",
}
"""What the framework says, in words for experts."""


def make_app(desk: Desk, *, url: str | None = None, limiter: Limiter | None = None) -> Starlette:
    """The workbench of one study.

    Args:
        desk: Takes its answers.
        url: The address experts use where a proxy stands in front.
        limiter: How often one expert may ask; None for the usual.
    """
    return Workbench(desk, url).app(limiter or Limiter())


class Workbench:
    """Answers requests about one study."""

    def __init__(self, desk: Desk, url: str | None) -> None:
        self.desk, self.url = desk, url
        self.seal = Seal(desk.folder.key)
        self.places = Places(desk)
        self.pages = Pages(desk, self.places, self.seal)
        self._films = {film.file for item in desk.folder.items for film in item.films}

    def app(self, limiter: Limiter) -> Starlette:
        """The application, with its guard."""
        public = urlsplit(self.url).netloc if self.url else None
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/enter/{token}", self.welcome),
                Route("/enter/{token}", self.enter, methods=["POST"]),
                Route("/item/{number:int}", self.item),
                Route("/item/{number:int}", self.save, methods=["POST"]),
                Route("/hand-in", self.hand_in, methods=["POST"]),
                Route("/device", self.device, methods=["POST"]),
                Route("/leave", self.leave, methods=["POST"]),
                Route("/video/{file}", self.video),
                Route("/static/{file}", self.static),
            ],
            middleware=[Middleware(Guard, public=public, whose=self._whose, limiter=limiter)],
            exception_handlers={
                HTTPException: self.refused,
                LinkError: self.bad_link,
                ClosedError: self.closed,
                RunStoppedError: self.stopped,
            },
        )

    def _whose(self, session: str) -> str | None:
        expert = self.desk.access.whose(session)
        return None if expert is None else expert.pseudonym

    def expert(self, request: Request) -> Expert:
        """Who asks.

        Raises:
            HTTPException: nobody that was invited.
        """
        session = request.cookies.get(COOKIE)
        expert = self.desk.access.whose(session) if session else None
        if expert is None:
            raise HTTPException(401, "You are not signed in here (any more). Open a personal link, then save again.")
        self.desk.sync()
        return expert

    def home(self, request: Request) -> Response:
        return self.pages.home(self.expert(request))

    def welcome(self, request: Request) -> Response:
        session = request.cookies.get(COOKIE)
        known = self.desk.access.whose(session) if session else None
        try:
            expert = self.desk.access.check_link(request.path_params["token"])
        except LinkError:
            if known is None:
                raise
            return RedirectResponse("/", 303)  # an old link in a browser that is let in already
        return self.pages.welcome(expert)

    def enter(self, request: Request) -> Response:
        _, session = self.desk.access.enter(request.path_params["token"])
        self.desk.sync()
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            session,
            max_age=SESSION_DAYS * 86_400,
            httponly=True,
            samesite="lax",
            secure=bool(self.url and self.url.startswith("https:")),
        )
        return response

    def item(self, request: Request) -> Response:
        expert = self.expert(request)
        place = self.places.at(expert.pseudonym, request.path_params["number"])
        if place is None:
            raise HTTPException(404, "There is no such page in this round.")
        return self.pages.item(expert, place, told="check" in request.query_params)

    async def save(self, request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(self._save, request, form)

    def _save(self, request: Request, form: dict[str, str]) -> Response:
        expert = self.expert(request)
        sealed = self._sealed(expert, form)
        place = self.places.of(expert.pseudonym, sealed)
        if place is None:
            raise ClosedError("This page belongs to a round that is over: answers can no longer change.")
        given = {name: text for name, text in form.items() if not name.startswith("_")}
        shown = datetime.fromtimestamp(sealed["t"], UTC)
        visit = Visit(self.places.shown(expert.pseudonym, place), shown, _seconds(form.get("_active")))
        try:
            answer, sheet = self.desk.answer(expert.pseudonym, place.slot, sealed["v"], given, visit)
        except FieldError as error:
            if _wants_json(request):
                return JSONResponse({"saved": False, "said": str(error), "field": error.field}, 422)
            return self.pages.item(expert, place, kept=given, problem=error)
        gaps = sheet.gaps(answer.fields)
        go = self._next(expert.pseudonym, place, form.get("_go", ""), bool(gaps))
        if _wants_json(request):
            token = self.pages.token(place, expert.pseudonym, shown=sealed["t"])
            others = said_elsewhere(sheet.form, given, answer.fields)
            return JSONResponse({"saved": True, "form": token, "gaps": gaps, "go": go, "fields": others})
        return RedirectResponse(go, 303)

    def _next(self, expert: str, place: Place, wish: str, is_open: bool) -> str:
        """Where an expert goes from here."""
        here = f"/item/{place.number}"
        if wish == "stay":
            return here
        if wish == "back":
            return f"/item/{max(1, place.number - 1)}"
        if is_open and wish == "next":
            return f"{here}?check"
        following = self.places.next_open(expert, place.number)
        return "/" if following is None else f"/item/{following}"

    async def hand_in(self, request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(self._hand_in, request, form)

    def _hand_in(self, request: Request, form: dict[str, str]) -> Response:
        expert = self.expert(request)
        self.desk.hand_in(expert.pseudonym, int(self._sealed(expert, form).get("r", 0)))
        return RedirectResponse("/", 303)

    async def device(self, request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(self._device, request, form)

    def _device(self, request: Request, form: dict[str, str]) -> Response:
        expert = self.expert(request)
        self._sealed(expert, form)
        token = self.desk.access.device_link(expert.pseudonym)
        base = self.url or f"http://{request.headers['host']}"
        return self.pages.device(expert, f"{base}/enter/{token}")

    async def leave(self, request: Request) -> Response:
        form = await read_form(request)
        self._sealed(await run_in_threadpool(self.expert, request), form)
        response = RedirectResponse("/", 303)
        response.delete_cookie(COOKIE)
        return response

    def video(self, request: Request) -> Response:
        expert = self.expert(request)
        file = request.path_params["file"]
        if file not in self._films or not self.places.may_see(expert.pseudonym, file):
            raise HTTPException(404, "There is no such video.")
        path = self.desk.folder.videos / file
        if not path.is_file():
            raise HTTPException(410, "This video is no longer there; tell whoever invited you.")
        headers = {"cache-control": "private, max-age=86400", "content-disposition": "inline"}
        return FileResponse(path, media_type="video/mp4", headers=headers)

    def static(self, request: Request) -> Response:
        name = request.path_params["file"]
        if name not in STATIC:
            raise HTTPException(404, "There is no such file.")
        package, kind = STATIC[name]
        return Response(asset(name, package), media_type=kind, headers={"cache-control": "public, max-age=3600"})

    def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = UNSAID.get(error.detail, error.detail)
        if _wants_json(request):
            return JSONResponse({"saved": False, "said": said}, error.status_code)
        if error.status_code == 401:
            return self.pages.stranger()
        return self.pages.message(error.status_code, said, headers=error.headers)

    def bad_link(self, request: Request, error: Exception) -> Response:
        return self.pages.message(410, str(error), is_stranger=True)

    def closed(self, request: Request, error: Exception) -> Response:
        if _wants_json(request):
            return JSONResponse({"saved": False, "said": str(error), "go": "/"}, 409)
        return self.pages.message(409, str(error))

    def stopped(self, request: Request, error: Exception) -> Response:
        said = "This could not be saved: the server's disk is full or gone. Keep this page open and try again later."
        if _wants_json(request):
            return JSONResponse({"saved": False, "said": said}, 503)
        return self.pages.message(503, said)

    def _sealed(self, expert: Expert, form: dict[str, str]) -> dict[str, Any]:
        """What the form's hidden field says. It is bound to the expert, so it survives a new session.

        Raises:
            HTTPException: it was not made here, or for somebody else.
        """
        content = self.seal.open(form.get("_form", ""))
        if content is None or content.get("e") != expert.pseudonym:
            raise HTTPException(403, "This form is not from here, or was made for somebody else. Open the page again.")
        return content


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e7 else None
