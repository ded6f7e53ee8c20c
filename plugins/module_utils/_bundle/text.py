# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace what is real in one value. Private to this collection.

A value is kept as a whole if its property says that it is a number, a date or a text of Microsoft's own. In any other
value each word is replaced, apart from the patterns that the collection reads.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .harmless import (
    BOOLEAN,
    CAN_BE_NAME,
    CLASS_NAME,
    DATE,
    GUIDS,
    LOOPBACK,
    NUMBER,
    NUMERIC,
    SCHEMA_URI,
    SHORT_NUMBER,
    WORDS,
    is_constant,
)

if t.TYPE_CHECKING:
    from .stand_in import StandIns

_GUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_WORD = r"[0-9A-Za-z\u0080-\U0010ffff]+"
_NO_WORD = "[^0-9A-Za-z\u0080-\U0010ffff]"
_SCAN = re.compile(
    rf"""
    (?P<date>(?<![\w.])(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:.]+(?:Z|[+-][0-9:]{{5}})|[0-9]{{14}}\.[0-9]{{6}}[-+][0-9]{{3}}))
    |(?P<guid>(?<![0-9A-Za-z]){_GUID}(?![0-9A-Za-z]))
    |(?P<sid>(?<![0-9A-Za-z])S-1(?:-[0-9]{{1,15}}){{2,16}}(?![0-9A-Za-z]))
    |(?P<mac>(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{{2}}(?:-[0-9A-Fa-f]{{2}}){{5}}|[0-9A-Fa-f]{{2}}(?::[0-9A-Fa-f]{{2}}){{5}}
        |[0-9A-Fa-f]{{12}})(?![0-9A-Za-z]))
    |(?P<address>(?<![\w.:])(?:[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|(?=[0-9A-Fa-f:]*::?[0-9A-Fa-f:]*:)[0-9A-Fa-f:]{{2,39}}
        (?:%[0-9]{{1,4}})?)(?![\w:]))
    |(?P<word>{_WORD})
    """,
    re.VERBOSE,
)
# What the collection recognizes at the beginning of a value.
_BEGIN = re.compile(
    r"Virtual[ ]Machine[ ]Configuration[ ](?=.)|Virtual[ ]Machine[ ](?=.)|SCVMM[ ](?=.)|vEthernet[ ]\((?=.)"
    r"|(?:uuid|urn:uuid):(?=[0-9A-Fa-f]{8}-)|Microsoft:(?=[0-9A-Fa-f]{8}-)|Microsoft:Definition\\(?=.)"
    r"|(?:Site|Rack|Chassis|Node):(?=.)|\\\\\?\\(?:Volume(?=\{)|UNC(?=\\))?|[A-Za-z]:\\ClusterStorage(?=\\|$)(?:\\Volume[0-9]{1,3}(?=\\|$))?"
    r"|[A-Za-z]:(?=\\)|%(?:systemroot|windir)%\\system32\\(?=\w)|https?://|(?:CN|OU|DC|O|L|C)="
)
_RELATIVE_NAME = re.compile(r",[ ]?(?:CN|OU|DC|O|L|C)=")
# After the GUID of a setting of Hyper-V.
_TAIL = re.compile(r"(?:\\[0-9A-Z]{1,2})+(?![0-9A-Za-z])")
_ENDING = re.compile(r"\.(?:a?vhdx?|vhds|vmcx|vmrs|vmgs|iso|xml|dll)$", re.IGNORECASE)
_PORT_AND_PATH = re.compile(r":[0-9]{1,5}/wsman/?$|/wsman/?$", re.IGNORECASE)
_OBJECT_PATH = re.compile(
    rf"(?P<server>\\\\[^\\]+\\)?(?P<head>(?:root(?:[\\/]\w+)*:)?{CLASS_NAME.pattern})(?P<keys>\.\w+=.*|=@)",
    re.DOTALL | re.IGNORECASE,
)
_KEY = re.compile(r"""(\w+)=(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\w+))""", re.DOTALL)
_QUERY_LITERAL = re.compile(
    r"""(\w+\s*(?:=|<>|!=|[<>]=?|\bLIKE\b)?\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""", re.IGNORECASE
)
_QUERIED_CLASS = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_XPATH_LITERAL = re.compile(r"""(@?\w+\s*(?:[<>!]?=|<|>)\s*)?(?:'([^']*)'|"([^"]*)")""")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED = re.compile(r"""(["'\u2018\u2019\u201c\u201d])(.*?)(["'\u2018\u2019\u201c\u201d])""", re.DOTALL)
_PROSE = re.compile(rf"0x[0-9A-Fa-f]{{1,16}}|(?:{CLASS_NAME.pattern})|{_WORD}(?:['-]{_WORD})*")


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a value is: the class and the property, in lower case. C(of) is the name of a value of the registry."""

    cim_class: str = ""
    name: str = ""
    of: str = ""


class Replacer:
    """Replaces values with stand-ins."""

    def __init__(self, stand_ins: StandIns) -> None:
        self.stand_ins = stand_ins
        self.kept_words: set[str] = set()  # words of sentences that were kept, in lower case
        self._made: dict[tuple[str, Place], str] = {}

    def value(self, text: str, place: Place) -> str:
        """A value of a property."""
        made = self._made.get((text, place))
        if made is None:
            made = self._made[(text, place)] = self._value(text, place)
        return made

    def _value(self, text: str, place: Place) -> str:
        bare = text.strip()
        if not bare or is_kept(bare, place):
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{before}{self._changed(bare, place)}{after}"

    def _changed(self, text: str, place: Place) -> str:
        path = _OBJECT_PATH.fullmatch(text)
        if path is not None:
            server = "\\\\" + self.scanned(path["server"].strip("\\")) + "\\" if path["server"] else ""
            cim_class = path["head"].rpartition(":")[2].lower()
            return f"{server}{path['head']}{self._keys(path['keys'], cim_class)}"
        return self.scanned(text)

    def _keys(self, text: str, cim_class: str) -> str:
        def changed(found: re.Match[str]) -> str:
            place = Place(cim_class, found[1].lower())
            if found[4] is not None:
                return f"{found[1]}={self.value(found[4], place)}"
            quote, inner = ('"', found[2]) if found[2] is not None else ("'", found[3])
            return f"{found[1]}={self._literal(inner, place, quote)}"

        return _between(_KEY, text, changed, self._rest)

    def _literal(self, inner: str, place: Place, quote: str) -> str:
        """A text in quotes of WQL, with its escapes."""
        made = self.value(_ESCAPED.sub(r"\1", inner), place).replace("\\", "\\\\")
        escaped = made.replace(quote, "\\" + quote)
        return f"{quote}{escaped}{quote}"

    def _rest(self, text: str) -> str:
        """What is between known parts: only punctuation is expected there."""
        return text if re.fullmatch(rf"{_NO_WORD}*|=@", text) else self.scanned(text)

    def scanned(self, text: str) -> str:
        """A text with each word replaced."""
        made = []
        begin = _BEGIN.match(text)
        at = begin.end() if begin else 0
        made.append(text[:at])
        is_url = begin is not None and begin[0].endswith("://")
        ending = (_PORT_AND_PATH if is_url else _ENDING).search(text, at)
        end = ending.start() if ending else len(text)
        if not re.search(_WORD, text[at:end]) and text[at:end].strip(" \t\r\n\\/.:,;=-_@{}()[]"):
            return "".join((*made, self.stand_ins.word(text[at:end]), text[end:]))
        while at < end:
            found = _RELATIVE_NAME.match(text, at, end) or _SCAN.match(text, at, end)
            if found is None:
                made.append(text[at])
                at += 1
                continue
            made.append(self._stand_in(found))
            at = found.end()
            tail = _TAIL.match(text, at, end) if found.lastgroup == "guid" else None
            if tail is not None:
                made.append(tail[0])
                at = tail.end()
        made.append(text[end:])
        return "".join(made)

    def _stand_in(self, found: re.Match[str]) -> str:
        kind, text = found.lastgroup, found[0]
        if kind is None or kind == "date":
            return text
        if kind == "guid":
            return text if text.lower() in GUIDS else self.stand_ins.guid(text)
        if kind == "sid":
            return self.stand_ins.sid(text)
        if kind == "mac":
            return self.stand_ins.mac(text)
        if kind == "address":
            if text in LOOPBACK:
                return text
            return self.stand_ins.address(text) or re.sub(_WORD, lambda word: self.stand_ins.word(word[0]), text)
        return self.stand_ins.word(text)

    def query(self, text: str) -> str:
        """A WQL query: what is in quotes. The rest are names of classes and columns."""
        queried = _QUERIED_CLASS.search(text)
        cim_class = queried[1].lower() if queried else ""
        path = re.match(r"\s*(?:ASSOCIATORS|REFERENCES)\s+OF\s*\{(.*)\}", text, re.DOTALL | re.IGNORECASE)
        if path is not None:
            return f"{text[: path.start(1)]}{self.value(path[1], Place())}{text[path.end(1) :]}"

        def changed(found: re.Match[str]) -> str:
            head = found[1] or ""
            name = re.match(r"\w*", head)
            quote, inner = ("'", found[2]) if found[2] is not None else ('"', found[3])
            place = Place(cim_class, name[0].lower() if name else "")
            return f"{head}{self._literal(inner, place, quote)}"

        return _QUERY_LITERAL.sub(changed, text)

    def xpath(self, text: str) -> str:
        """A query of an event channel: what is in quotes."""

        def changed(found: re.Match[str]) -> str:
            head = found[1] or ""
            name = re.search(r"\w+", head)
            quote, inner = ("'", found[2]) if found[2] is not None else ('"', found[3])
            known = {"name": "sourcename"}.get(name[0].lower() if name else "", name[0].lower() if name else "")
            return f"{head}{quote}{self.value(inner, Place('', known))}{quote}"

        return _XPATH_LITERAL.sub(changed, text)

    def prose(self, text: str, longest_number: int = 3) -> str:
        """A sentence of Windows: its words stay. What is in quotes, and any other word, is replaced."""

        def quoted(found: re.Match[str]) -> str:
            return f"{found[1]}{self.value(found[2], Place())}{found[3]}"

        return _between(_QUOTED, text, quoted, lambda rest: self._prose(rest, longest_number))

    def _prose(self, text: str, longest_number: int) -> str:
        def changed(found: re.Match[str]) -> str:
            word = found[0]
            if word.isascii() and word.isdecimal():
                return word if len(word) <= longest_number else self.stand_ins.word(word)
            if word.startswith("0x") or CLASS_NAME.fullmatch(word):
                return word
            if word.casefold() in WORDS and word.casefold() not in self.stand_ins.by_real:
                self.kept_words.add(word.casefold())
                return word
            return self.scanned(word)

        return _between(_PROSE, text, changed, lambda rest: rest)


def is_kept(text: str, place: Place) -> bool:
    """Whether a value is known to be harmless where it is."""
    if SCHEMA_URI.fullmatch(text) or is_constant(place.cim_class, place.name, text):
        return True
    is_plain = bool(NUMBER.fullmatch(text) or BOOLEAN.fullmatch(text) or DATE.fullmatch(text))
    if not is_plain:
        return False
    if place.name in NUMERIC:
        return True
    if CAN_BE_NAME.search(place.name) or not place.name:
        return bool(DATE.fullmatch(text)) and "T" in text and len(text) >= 20
    return bool(BOOLEAN.fullmatch(text) or DATE.fullmatch(text) or SHORT_NUMBER.fullmatch(text))


def _between(
    pattern: re.Pattern[str], text: str, changed: t.Callable[[re.Match[str]], str], rest: t.Callable[[str], str]
) -> str:
    """The text with its matches changed in one way, and what is between them in another one."""
    made, at = [], 0
    for found in pattern.finditer(text):
        made += [rest(text[at : found.start()]), changed(found)]
        at = found.end()
    return "".join((*made, rest(text[at:])))
