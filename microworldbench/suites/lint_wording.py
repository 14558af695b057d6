"""What a criterion's wording gives away. Heuristics: each finding wants a human's eye, none repairs anything."""

from __future__ import annotations

import re

LABEL_LENGTH = 90
"""Longest text before a colon that counts as a label, as in ``Control of artifacts: …``."""

_VIRTUE_FIRST = re.compile(
    r"(?:strictly |effectively |strict |effective |scientific |proper )*"
    r"(?:avoid|minimi[sz]|prevent|refrain|eliminat|suppress|exclude|control of|do(?:es)? not|must not|should not"
    r"|no (?!\w+ing of)|free (?:of|from)"
    r"|absence of (?:\w+ ){0,2}(?:error|artifact|noise|defect|flicker|distort|mislead))",
    re.IGNORECASE,
)
_VIRTUE_INSIDE = re.compile(
    r"\b(?:well|effectively|properly|strictly|adequately|appropriately|successfully)[ -](?:\w+ and )?"
    r"(?:controlled|suppressed|minimi[sz]ed|avoid\w*|managed|prevented|maintained|eliminated|reduced)"
    r"|\b(?:is|are|be|being) (?:\w+ )?(?:controlled|suppressed|minimi[sz]ed|avoided|prevented)\b"
    r"|\bfree (?:of|from)\b|[,;] (?:\w+ )?avoid(?:s|ing)\b|\b(?:must|should|to) (?:\w+ )?avoid\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|fail\w*|without|in(?:ability|sufficient\w*)|lack\w*|poor\w*)\b[^.;:,]{0,30}"
    r"(?:avoid|control|suppress|minimi|prevent|free of)",
    re.IGNORECASE,
)
_FAULT_FIRST = re.compile(
    r"(?:penalt|deduct|points? (?:will be|are|is) deducted"
    r"|presence of (?:\w+ ){0,3}(?:error|artifact|noise|defect|flicker|distort|inaccura|mislead|contradict)"
    r"|(?:obvious|visible|noticeable|severe) (?:\w+ ){0,2}(?:artifact|error|flicker|noise|defect|distortion)"
    r"|(?:omission|lack|violation|misrepresentation) of)",
    re.IGNORECASE,
)
_FAULT_LABEL = re.compile(r"[^:]{0,60}(?:penalt|deduct)[^:]*:", re.IGNORECASE)
_UNSHOWABLE = re.compile(
    r"\b(?:narrat(?:ion|or)|voice-?over|sound ?track|sound effects?|audio|audible|background music|spoken"
    r"|subtitles?|captions?|text labels?|annotations?|on-screen text)\b",
    re.IGNORECASE,
)
_BREAK = re.compile(r";|[.!?] +(?=[A-Z])|\bas well as\b|\band also\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}")


def sounds_like_a_virtue(statement: str) -> bool:
    """True where meeting the statement reads as something good: bad for a penalty."""
    body = _without_label(statement)
    return bool((_VIRTUE_FIRST.match(body) or _VIRTUE_INSIDE.search(body)) and not _NEGATED.search(body))


def sounds_like_a_fault(statement: str) -> bool:
    """True where meeting the statement reads as something bad: bad for a reward."""
    return bool(_FAULT_FIRST.match(_without_label(statement)) or _FAULT_LABEL.match(statement))


def needs_more_than_pictures(statement: str) -> bool:
    """True where the statement asks for sound or written text, which a silent clip's frames cannot show."""
    return bool(_UNSHOWABLE.search(statement))


def claims(statement: str) -> int:
    """About how many separate claims the statement makes."""
    return 1 + len(_BREAK.findall(_without_label(statement).rstrip(" .!?;")))


def words(statement: str) -> frozenset[str]:
    """The words a near-duplicate would share."""
    return frozenset(word.lower() for word in _WORD.findall(statement))


def likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared words over all words, 0 to 1."""
    return len(a & b) / len(a | b) if a | b else 1.0


def _without_label(statement: str) -> str:
    label, colon, body = statement.partition(":")
    return body.strip() if colon and body.strip() and len(label) <= LABEL_LENGTH else statement.strip()
