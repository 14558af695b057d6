"""Runs the workbench: one process, on this machine only unless told otherwise."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import InputError, MissingExtraError
from ..desk import Desk
from .address import checked_url

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

INSTALL = "pip install 'microworldbench[review]'"


def serve(
    desk: Desk,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    url: str | None = None,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serves a study until interrupted.

    Args:
        desk: Takes its answers.
        host: Address to listen on. Anything but loopback needs `url`, so that nobody opens a study by accident.
        port: 0 takes a free one.
        url: The address experts use, where a proxy or tunnel stands in front; cookies are sent over https only where
            it begins so.
        ready: Called with the address once requests are answered.

    Raises:
        InputError: the address cannot be used.
        MissingExtraError: the web server is not installed.
    """
    address = None if url is None else checked_url(url)
    if not _is_loopback(host) and address is None:
        raise InputError(
            f"{host!r} can be reached from other machines; say under which address experts will use it, "
            "e.g. --url https://review.example.org, or leave --host out"
        )
    try:
        import uvicorn

        from .app import make_app
    except ImportError:
        raise MissingExtraError("mwb review serve", "starlette and uvicorn", INSTALL) from None

    bound = _bound(host, port)
    own = f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"
    server = uvicorn.Server(configured(make_app(desk, url=address)))
    ready(address or own)
    with bound:
        server.run(sockets=[bound])


def configured(app: ASGIApp) -> uvicorn.Config:
    """How `app` is served: HTTP only, nothing logged about who asks for what, nothing told about the server."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        h11_max_incomplete_event_size=65_536,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        said = getattr(error, "strerror", None) or error
        raise InputError(f"cannot listen on {host}:{port}: {said}; choose another --port") from None
    bound.listen(128)
    return bound
