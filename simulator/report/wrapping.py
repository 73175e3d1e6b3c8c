"""Lines of a terminal's page: Chinese breaks between characters, not only where there is a space.

Rich breaks a line at spaces and takes a sentence of Chinese for one long word: it leaves the line before it half empty
and may begin the next with a comma. Here a character with the marks that belong to it is a word of its own.
"""

from __future__ import annotations

import re

from rich import _wrap

_OPEN, _CLOSE = "“‘（《【", "，。；：、）》】”’！？％…"
_HAN = "\u2e80-\u303f\u3400-\u9fff\uff00-\uffef"
_MARKS = re.escape(_OPEN + _CLOSE)
_OTHER = rf"[^\s{_HAN}{_MARKS}]+"
_FIGURE = r"[+-]?\d[\d.,]*[亿万]?[元家人个件项年月]?"
WORD = re.compile(rf"\s*(?:[{_OPEN}]*(?:{_FIGURE}(?=[{_HAN}{_MARKS}\s]|$)|[{_HAN}]|{_OTHER}|[{_MARKS}])[{_CLOSE}]*)\s*")


def break_between_characters() -> None:
    """Let every page of a terminal break lines so."""
    if hasattr(_wrap, "re_word"):
        _wrap.re_word = WORD


break_between_characters()
