"""Colours for code: comments, strings, numbers and words of the language, found line by line on the server.

It looks at characters, not at grammar, which is enough for reading.
"""

import html
import json
import re
from functools import cache
from typing import Any

from markupsafe import Markup

_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
_HASH, _SLASHES = r"(?<![^\s;])#[^\n]*", r"//[^\n]*|/\*.*?\*/"
_NUMBER = r"(?<![\w.:/-])-?\d[\d_]*(?:\.\d+)?(?![\w.])"

_STRINGS = {
    "python": r'"""[\s\S]*?"""|' + _STRING,
    "node": r"`(?:\\.|[^`\\])*`|" + _STRING,
    "go": r"`[^`]*`|" + _STRING,
    "php": _STRING,
    "shell": r'"(?:\\.|[^"\\])*"|' + r"'[^']*'",
    "json": _STRING,
    "http": r"(?m:^[A-Za-z-]+(?=: ))",
}
_COMMENTS = {
    "python": _HASH, "shell": _HASH, "node": _SLASHES, "go": _SLASHES, "php": rf"{_SLASHES}|{_HASH}",
    "json": r"(?!)", "http": r"(?!)",
}  # fmt: skip
_WORDS = {
    "python": "and as assert async await break class continue def del elif else except finally for from if import in is"
    " lambda not or pass raise return try while with yield None True False",
    "node": "async await break case catch class const continue default else export extends finally for from function if"
    " import in instanceof let new of return switch throw try typeof while null true false undefined",
    "go": "break case chan const continue default defer else for func go if import interface map package range return"
    " select struct switch type var nil true false",
    "php": "array as break case catch class const continue declare echo else elseif exit final finally fn for foreach"
    " function global if in instanceof int match mixed namespace never new null private public readonly return static"
    " string switch throw true false try use void while",
    "shell": "case do done elif else esac exec exit export fi for function if in local return set then trap until"
    " while",
    "json": "true false null",
    "http": "",
}
_NAME = r'"(?:\\.|[^"\\\n])*"(?=\s*:)'  # of a field in JSON


def coloured(code: str, language: str) -> Markup:
    """The code as HTML; `language` is python, node, go, php, shell, json or http."""
    text = (code.unescape() if isinstance(code, Markup) else code).strip("\n")
    pieces, end = [], 0
    for found in _pattern(language).finditer(text):
        pieces.append(html.escape(text[end : found.start()], quote=False))
        pieces.append(f'<span class="c-{found.lastgroup}">{html.escape(found.group(), quote=False)}</span>')
        end = found.end()
    pieces.append(html.escape(text[end:], quote=False))
    return Markup("".join(pieces))  # noqa: S704 - all that is not ours has been escaped


def indented(document: Any) -> str:
    """A document as JSON that people read, its fields in their own order."""
    return json.dumps(document, indent=2, ensure_ascii=False)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    words = "|".join(_WORDS[language].split()) or "(?!)"
    name = _NAME if language == "json" else "(?!)"
    return re.compile(
        rf"(?P<word>{name}|(?<![\w$.-])(?:{words})(?![\w-]))|(?P<comment>{_COMMENTS[language]})"
        rf"|(?P<string>{_STRINGS[language]})|(?P<number>{_NUMBER})",
        re.DOTALL,
    )
