"""Downloads the published files from their home at a pinned commit, checks them and keeps them in the user's cache."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from ..errors import InputError, MicroWorldBenchError
from ..logbook import write_atomically
from .released_files import RAW_FILE, TASK_FILE, TIERED_FILE

COMMIT = "d4eb6079b41ee083d46de27bcbd1f361b1638a4b"
BASE_URL = f"https://raw.githubusercontent.com/FreedomIntelligence/MicroVerse/{COMMIT}/eval"
SHA256 = {
    RAW_FILE: "24615604ee3f5522f9b3f130c040c74a38fc0331d37652bb731e7c620853d9ae",
    TIERED_FILE: "a70c0b1755ce6d9ac3a0dd574a0d9a2da894757250f311b95c72e903bfdfb591",
    TASK_FILE: "0d5cd540b70f72b795dbd2b7c6ebeb7e47cd19d6a6deb532eecffdba50dc961c",
}
MAX_BYTES = 16_000_000
TIMEOUT_S = 60.0


class FetchError(MicroWorldBenchError):
    """The published files could not be downloaded, or are not the ones that were pinned."""


def cache_folder() -> Path:
    """Where the published files are kept once fetched."""
    from platformdirs import user_cache_path

    return user_cache_path("microworldbench") / "released" / COMMIT[:12]


def fetched_folder() -> Path:
    """The folder of the fetched files, every one of them checked again.

    Raises:
        InputError: They have not been fetched, or have changed since.
    """
    folder = cache_folder()
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            raise InputError("the published files are not here yet: run 'mwb suites fetch released', or released:PATH")
        if _sha256(path.read_bytes()) != expected:
            raise InputError(f"{path} has changed since it was fetched: run 'mwb suites fetch released' again")
    return folder


def fetch_released(base_url: str | None = None) -> Path:
    """Fetches what is not in the cache yet, and returns the folder.

    Nothing unchecked ever stands under its final name: each file is written beside it, checked and then moved.

    Args:
        base_url: Where the three files lie, for a mirror; by default their home at the pinned commit.

    Raises:
        InputError: `base_url` is not an http or https address.
        FetchError: A file cannot be downloaded or its sha256 is not the pinned one.
    """
    base = BASE_URL if base_url is None else base_url.rstrip("/")
    parts = urllib.parse.urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"the address must begin with https:// or http://, got {base!r}")
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, expected in SHA256.items():
            path = folder / name
            if not (path.is_file() and _sha256(path.read_bytes()) == expected):
                write_atomically(path, _checked(f"{base}/{name}", name, expected))
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}; set XDG_CACHE_HOME") from error
    return folder


def _checked(url: str, name: str, expected: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:  # noqa: S310 - the scheme was checked above
            content: bytes = reply.read(MAX_BYTES + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        why = f"the server answered {error.code}" if isinstance(error, urllib.error.HTTPError) else error
        said = f"cannot download {name}: {why}; try again, or copy the files and use released:PATH"
        raise FetchError(said) from error
    found = _sha256(content)
    if found != expected:
        raise FetchError(f"{name} is not the pinned file: sha256 {found[:12]}…, expected {expected[:12]}…; not kept")
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
