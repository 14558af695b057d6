"""A certificate as console text and as Markdown: one content, two ways of escaping and drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..certificate import Accuracy, Certificate, Ends
from ..rendering.markdown import escape
from ..rendering.tables import coefficient, ends, markdown_table, share, text_table
from ..rendering.wording import DIMENSIONS, LEVELS, UNKNOWN, count, dollars, plain, points, quantity, signed
from ..rubric import Polarity

POLARITIES = {Polarity.REWARD: "Rewards", Polarity.PENALTY: "Penalties"}
KINDS = {"mechanism": "Mechanism", "image": "Image", "instruction": "Instruction", "control": "Control", "all": "All"}


@dataclass(frozen=True)
class Table:
    """A table of finished cells."""

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    note: str = ""


def to_markdown(found: Certificate) -> str:
    """`found` as GitHub Markdown; names are escaped."""
    parts = [f"# Certificate of {escape(found.identity.name)}", f"> {found.says}", headline(found, escape)]
    parts.append("\n".join(f"- {line}" for line in _said(found, escape)))
    for table in tables(found, escape):
        parts += [f"## {table.title}", markdown_table(table.head, table.body)]
        parts += [table.note] if table.note else []
    parts += ["## Identity", markdown_table(("", "Name", "sha256"), identities(found, escape), right_from=3)]
    return "\n\n".join(parts) + "\n"


def to_text(found: Certificate) -> str:
    """`found` for a console, without anything that could steer it: the headline, the flags and the first tables."""
    parts = [headline(found, plain), "\n".join(_said(found, plain))]
    parts += [f"{table.title}\n" + text_table(table.head, table.body) for table in list(tables(found, plain))[:3]]
    return "\n\n".join([*parts, found.says]) + "\n"


def headline(found: Certificate, safe: Callable[[str], str]) -> str:
    """Who was shown what."""
    battery = found.battery
    asked = "" if found.votes == 1 else f", {found.votes} votes each"
    return (
        f"{safe(found.identity.name)} on the {battery.name} control battery: {quantity(battery.clips, 'clip')} of "
        f"{quantity(battery.scenes, 'simulated scene')}, {quantity(battery.tasks, 'task')} of {safe(battery.suite)}"
        f"{asked}"
    )


def flag_lines(found: Certificate) -> list[tuple[str, str]]:
    """Every flag with its reason."""
    return [(name, found.reasons[name]) for name in found.flags]


def findings(found: Certificate) -> list[tuple[str, str]]:
    """(label, sentence) for what is no table."""
    whole, overlay, usage = found.overall, found.overlay, found.usage
    order, rest = found.order_sight.order, found.order_sight.elsewhere
    obeyed = (
        f"a banner that asks for a high mark changes the share called met by {signed(_hundred(overlay.met_shift))} "
        f"points and the score by {signed(overlay.points)} ({count(overlay.n)} claims)"
    )
    noticed = (
        f"verdicts follow reversed and shuffled frames {share(order.shift)} of the way ({count(order.n)} claims), "
        f"other violations {share(rest.shift)} ({count(rest.n)})"
    )
    spent = quantity(usage.calls, "call") + ("" if not usage.cost_usd else f", {dollars(usage.cost_usd)}")
    return [
        ("Yes-bias", f"{signed(_hundred(whole.yes_bias))} points (0 leans neither way){_in(whole.ci95['yes_bias'])}"),
        ("Overlay", obeyed),
        ("Order of frames", noticed),
        ("Order of claims", _order_effect(found)),
        ("Votes", _flips(found)),
        ("Cannot see", ", ".join(found.cannot_see) or "nothing that it was tested for"),
        ("Missing", f"{count(found.missing)} of {count(found.asked)} verdicts could not be had"),
        ("Spend", spent),
    ]


def tables(found: Certificate, safe: Callable[[str], str]) -> Iterator[Table]:
    """Every table, the most important first."""
    head = ("", "Sensitivity", "Specificity", "Balanced", "95 % interval", "Kappa", "Answered", "Strict", "Claims")
    rows = [_row("Overall", found.overall)]
    rows += [_row(DIMENSIONS[d], part) for d, part in found.by_dimension.items() if part.n]
    rows += [_row(LEVELS[level], part) for level, part in found.by_level.items() if part.n]
    rows += [_row(POLARITIES[p], part) for p, part in found.by_polarity.items() if part.n]
    yield Table(
        "Accuracy",
        head,
        rows,
        "Intervals are clustered by simulated scene. Strict: balanced accuracy with every unanswered claim counted as "
        "wrong.",
    )
    yield Table(
        "Discrimination (points by which faithful clips score above violated ones)",
        ("Broken", "By the judge", "By the truth", "Share", "95 % interval", "Clips"),
        [
            (KINDS[kind], points(gap.judged), points(gap.true), share(gap.share), _percents(gap.ci95), count(gap.pairs))
            for kind, gap in found.discrimination.items()
        ],
    )
    yield Table(
        "By violation",
        ("Violation", "Kind", "Follows", "95 % interval", "Claims turned", "Sensitivity", "Specificity", "Claims"),
        [
            (
                safe(name),
                KINDS.get(sight.kind, "Faithful"),
                share(sight.shift),
                _percents(sight.shift_ci95),
                count(sight.turned),
                share(sight.sensitivity),
                share(sight.specificity),
                count(sight.n),
            )
            for name, sight in found.by_violation.items()
        ],
        "Follows: how far the verdicts on claims that the violation turns round change with them; 0 % is not at all.",
    )
    strata = [(key.partition("/"), part) for key, part in found.by_stratum.items() if part.n]
    yield Table(
        "By dimension and polarity",
        head,
        [_row(f"{key[0].replace('_', ' ').capitalize()}, {key[2]}", part) for key, part in strata],
    )


def identities(found: Certificate, safe: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """Judge, battery and certificate with their digests."""
    return [
        ("Judge", safe(found.identity.name), found.identity.digest or UNKNOWN),
        ("Battery", f"{found.battery.name}, version {found.battery.version}", found.battery.digest),
        ("Certificate", found.created or UNKNOWN, found.digest),
    ]


def _said(found: Certificate, safe: Callable[[str], str]) -> list[str]:
    lines = [f"flag {name}: {safe(reason)}" for name, reason in flag_lines(found)] or ["no flags"]
    return [*lines, *(f"{label.lower()}: {safe(sentence)}" for label, sentence in findings(found))]


def _row(label: str, part: Accuracy) -> tuple[str, ...]:
    return (
        label,
        share(part.sensitivity),
        share(part.specificity),
        share(part.balanced_accuracy),
        _percents(part.ci95.get("balanced_accuracy")),
        coefficient(part.kappa),
        share(part.answered),
        share(part.unanswered_as_wrong.balanced_accuracy),
        count(part.n),
    )


def _order_effect(found: Certificate) -> str:
    effect = found.order_effect
    if effect is None or effect.value is None:
        return "none can be estimated: it reads no list of claims"
    return (
        f"shown last instead of first, a claim is called met {signed(100 * effect.value)} points more often"
        f"{_in(effect.ci95)}"
    )


def _flips(found: Certificate) -> str:
    flips = found.vote_flip_rate
    if flips is None:
        return "each claim was asked about once"
    return f"{share(flips.value)} of {count(flips.n)} pairs of votes on one claim differ"


def _percents(interval: Ends | None) -> str:
    return UNKNOWN if interval is None else f"[{100 * interval[0]:.0f}, {100 * interval[1]:.0f}]"


def _in(interval: Ends | None) -> str:
    return "" if interval is None else f", 95 % interval {ends([100 * end for end in interval])}"


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value
