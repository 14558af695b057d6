"""The checks themselves: plain functions of a `Subject` that raise where a generator does not conform.

Their names are part of the interface: ``expected_failures`` is keyed by them.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import GenerationError, UnknownNameError
from ..hookspecs import PLUGIN_API
from .importing import import_alone
from .subject import CheckFailedError, CheckSkippedError, Subject, shown
from .watching import outside, writes

Check = Callable[[Subject], None]

NON_ASCII = "Митоз: 细胞分裂 🧬 — “Ünïcode”, \u200bzero width, e\u0301, عربي; <b>&amp;</b> $(id) `x` %s {0} \\n"
LONG = "A ribosome moves along the messenger RNA, one codon at a time. " * 160
"""About 10,000 characters and 2,000 tokens, beyond every text encoder in use."""
INTERRUPTS = 4
"""Ctrl-C's that a generator must swallow, each of them, before it is said to."""


def spec_is_complete(subject: Subject) -> None:
    """Name, summary, licence and needs are stated, and the settings are a strict pydantic model."""
    spec, lacking = subject.spec, []
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", spec.name):
        lacking.append(f"name must be lower case letters, digits, '.', '_' and '-', got {spec.name!r}")
    lacking += [f"{part} is empty" for part in ("summary", "license", "needs") if not getattr(spec, part)]
    if "\n" in spec.summary or len(spec.summary) > 120:
        lacking.append(f"summary must be one line of at most 120 characters, got {len(spec.summary)}")
    if not 1 <= spec.api <= PLUGIN_API:
        lacking.append(f"api must be 1 to {PLUGIN_API}, got {spec.api}")
    if spec.settings.model_config.get("extra") != "forbid":
        lacking.append("settings must refuse unknown keys: model_config = ConfigDict(extra='forbid')")
    if lacking:
        raise CheckFailedError("; ".join(lacking))


def settings_have_defaults(subject: Subject) -> None:
    """Without a single setting the spec's settings validate, and they can be written as JSON."""
    required = [name for name, field in subject.spec.settings.model_fields.items() if field.is_required()]
    if required:
        raise CheckFailedError(f"settings without a default: {', '.join(required)}; 'mwb run --generator' gives none")
    subject.spec.settings().model_dump_json()


def unknown_settings_are_refused(subject: Subject) -> None:
    """A misspelt setting is an error that names it, before anything is loaded."""
    from ..plugins import load

    try:
        load(subject.spec, {"no_such_setting": "1"})
    except UnknownNameError:
        return
    raise CheckFailedError("the unknown setting 'no_such_setting' was accepted")


def listing_is_light(subject: Subject) -> None:
    """Importing the plugin module and listing its generators imports no framework."""
    found = _imported(subject)
    if found["heavy"]:
        raise CheckFailedError(
            f"listing imports {', '.join(found['heavy'])}; import them inside load() or the generator's methods"
        )
    if found["names"] is not None and subject.spec.name not in found["names"]:
        raise CheckFailedError(f"the module lists {', '.join(found['names'])}, not {subject.spec.name!r}")


def listing_stays_offline(subject: Subject) -> None:
    """Importing the plugin module opens no connection and looks up no address."""
    found = _imported(subject)
    if found["network"]:
        raise CheckFailedError(f"importing the plugin touches the network: {', '.join(sorted(set(found['network'])))}")


def makes_a_video(subject: Subject) -> None:
    """The plain request gives a video of at least two frames that are not all one colour."""
    video, _ = subject.video(subject.request)
    if len(video) < 2:
        raise CheckFailedError(f"{shown(subject.request)} gave {len(video)} frame; a video has at least two")
    if int(video.frames.min()) == int(video.frames.max()):
        raise CheckFailedError(f"every pixel of every frame is {int(video.frames.max())}: the model produced nothing")


def same_seed_same_video(subject: Subject) -> None:
    """One seed gives the same frames twice, unless the spec says ``deterministic=False``."""
    if not subject.spec.deterministic:
        raise CheckSkippedError("the spec declares deterministic=False")
    first, second = (subject.video(subject.request)[0] for _ in range(2))
    if first.frames.shape != second.frames.shape or not (first.frames == second.frames).all():
        raise CheckFailedError(
            f"seed {subject.request.seed} gave two different videos; use the request's seed for every draw, or declare "
            "deterministic=False"
        )


def another_seed_another_video(subject: Subject) -> None:
    """Another seed gives other frames, unless the spec says ``deterministic=False``."""
    if not subject.spec.deterministic:
        raise CheckSkippedError("the spec declares deterministic=False")
    requests = [subject.request.model_copy(update={"seed": subject.request.seed + more}) for more in (0, 1)]
    first, second = (subject.video(request)[0] for request in requests)
    if first.frames.shape == second.frames.shape and (first.frames == second.frames).all():
        raise CheckFailedError("two seeds gave the same video; K seeds would count one video K times")


def honours_the_request(subject: Subject) -> None:
    """A size, rate and duration that were asked for are met, declared as changed, or declined in a sentence."""
    plain, _ = subject.video(subject.request)
    wanted = {
        "width": max(16, plain.width // 2),
        "height": max(16, plain.height // 2),
        "fps": plain.fps / 2,
        "duration_s": plain.duration_s,
    }
    for part, value in wanted.items():
        made = subject.refuses_properly(subject.request.model_copy(update={part: value}))
        if made is None:
            continue
        got = getattr(made[0], part)
        tolerance = {"fps": 0.01, "duration_s": 1.5 / made[0].fps}.get(part, 0)
        if abs(got - value) > tolerance and part not in made[1].changed:
            raise CheckFailedError(
                f"asked for {part} {value:g} it made {got:g} and did not say so: honour it, return "
                f"Made(video, changed={{{part!r}: …}}), or raise InputError"
            )


def takes_any_text(subject: Subject) -> None:
    """A prompt in other scripts, with emoji, markup and shell characters gives a video or a proper refusal."""
    subject.refuses_properly(subject.request.model_copy(update={"prompt": NON_ASCII}))


def takes_long_prompts(subject: Subject) -> None:
    """A prompt of 10,000 characters gives a video or a proper refusal; what is cut off is declared."""
    subject.refuses_properly(subject.request.model_copy(update={"prompt": LONG}))


def failures_are_generation_errors(subject: Subject) -> None:
    """A request the model refuses raises `GenerationError`."""
    if subject.refused is None:
        raise CheckSkippedError("no request is known that the model refuses; pass refused=")
    try:
        made = subject.call(subject.refused)
    except GenerationError as error:
        if not str(error).strip():
            raise CheckFailedError("the GenerationError says nothing; state what happened") from None
        return
    except Exception as error:
        raise CheckFailedError(f"the refusal surfaced as {type(error).__name__}: {error}") from error
    raise CheckFailedError(f"the request that should be refused gave {type(made.video).__name__}")


def can_be_interrupted(subject: Subject) -> None:
    """Ctrl-C during a request ends it: no handler swallows `KeyboardInterrupt`."""
    if threading.current_thread() is not threading.main_thread():
        raise CheckSkippedError("interrupts reach only the main thread, and this is another")
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        raise CheckSkippedError("this process handles Ctrl-C itself")
    subject.video(subject.request)  # loaded and warm, so that the interrupt hits a request
    for _ in range(INTERRUPTS):
        if not _swallows_interrupt(subject):
            return
    raise CheckFailedError("an interrupt during a request was swallowed; catch Exception, never BaseException")


def writes_only_in_its_folder(subject: Subject) -> None:
    """A request writes nothing outside temporary folders, caches and the folder the generator was given."""
    subject.video(subject.request)  # loaded, so that what loading writes is not counted and relative paths were read
    elsewhere = subject.folder / "working-directory"
    elsewhere.mkdir(exist_ok=True)
    with contextlib.chdir(elsewhere), writes() as seen:
        made = subject.video(subject.request)[1]
    returned = Path(made.video) if isinstance(made.video, str | Path) else None
    strangers = [str(path) for path in outside(seen, subject.folder) if path != returned]
    strangers += [f"{entry.name} in the working directory" for entry in os.scandir(elsewhere)]
    if strangers:
        raise CheckFailedError(
            f"it wrote to {', '.join(strangers[:5])}; keep files in tempfile's folder or where keep_in(folder) says"
        )


def _swallows_interrupt(subject: Subject) -> bool:
    """Sends one Ctrl-C during a request: whether two requests then end as if nothing had happened.

    An interrupt that arrives while Python runs a finalizer is dropped by Python itself, whoever wrote the generator;
    such a one is why the caller sends several.
    """
    main = threading.get_ident()

    def interrupt() -> None:
        if hasattr(signal, "pthread_kill"):  # to the main thread itself, so that a sleep or a read there ends too
            signal.pthread_kill(main, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(subject.slowest_s / 4, interrupt)
    timer.daemon = True
    after = 0
    try:
        timer.start()
        with _dropped_interrupts_unreported():
            while after < 2:
                after += not timer.is_alive()  # from then on the interrupt has been sent
                _attempt(subject)
    except KeyboardInterrupt:
        timer.join()
        return False
    return True


@contextlib.contextmanager
def _dropped_interrupts_unreported() -> Iterator[None]:
    """Keeps Python's report of an interrupt dropped in a finalizer from looking like a fault of the generator."""
    report = sys.unraisablehook

    def quiet(dropped: Any) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            report(dropped)

    sys.unraisablehook = quiet
    try:
        yield
    finally:
        sys.unraisablehook = report


def _attempt(subject: Subject) -> Any:
    try:
        return subject.call(subject.request)
    except Exception:  # noqa: BLE001 only the interrupt matters here
        return None


def _imported(subject: Subject) -> dict[str, Any]:
    import inspect

    load: Any = inspect.unwrap(getattr(subject.spec.load, "func", subject.spec.load))
    module = str(getattr(load, "__module__", None) or type(load).__module__)
    if module == "__main__":
        raise CheckSkippedError("load() is defined in __main__, which cannot be imported again")
    found = import_alone(module)
    if "error" in found:
        raise CheckFailedError(str(found["error"]))
    return found


def _named(*checks: Check) -> dict[str, Check]:
    return {check.__name__: check for check in checks}


CHECKS: dict[str, Check] = _named(
    spec_is_complete,
    settings_have_defaults,
    unknown_settings_are_refused,
    listing_is_light,
    listing_stays_offline,
)
"""Checks that load nothing and cost nothing, by name."""

LIVE_CHECKS: dict[str, Check] = _named(
    makes_a_video,
    same_seed_same_video,
    another_seed_another_video,
    honours_the_request,
    takes_any_text,
    takes_long_prompts,
    failures_are_generation_errors,
    can_be_interrupted,
    writes_only_in_its_folder,
)
"""Checks that load the generator and ask it for videos, by name."""
