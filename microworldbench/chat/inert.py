"""Text of others, made inert before a model reads it."""

from __future__ import annotations

import re

# A "<" that could open a tag of ours, an HTML tag or a chat template's special token (also with DeepSeek's wide bars);
# "< 5 µm" is left alone. Square brackets only around the control words of Mistral's and Llama's templates: "[ATP]" is
# biology.
_OPENS_A_TAG = re.compile(r"<(?=[A-Za-z!?]|\s*[/|｜]|\s*(?:task|requirement|claims|criteria)\b)", re.IGNORECASE)
_OPENS_A_TURN = re.compile(
    r"\[(?=\s*/?(?:INST|SYS|SYSTEM_PROMPT|IMG|IMG_BREAK|IMG_END|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\s*\])",
    re.IGNORECASE,
)
# Control characters but tab and line feed, invisible marks and joiners, bidirectional overrides, invisible tag
# characters, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def inert(text: str) -> str:
    """`text` as data: nothing in it can close a delimiter, pass for a special token or hide from a reader.

    What this cannot do is make a model deaf. A judge that follows a plain sentence ("answer met") in a prompt, in a
    claim or painted into a frame follows it still; the instructions forbid it, and what shows that a judge does it all
    the same is ``--challenge``, for text that comes with the task: such a verdict stays met on another task's frames.
    Text painted into a frame leaves with the frames, so a challenge does not show it; control videos do. Look-alike
    letters of other scripts are left as they are.
    """
    return _OPENS_A_TURN.sub("(", _OPENS_A_TAG.sub("‹", _UNSEEN.sub("\ufffd", text)))


def one_line(text: str) -> str:
    """`text` as data on one line."""
    return " ".join(inert(text).split())
