"""Text. Case and comparison follow Unicode, never the locale of the machine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

from engine.functions.signature import BadInput, Flag, Integer, Items, Text, function, show
from engine.path import MISSING

LONGEST = 1_000_000


@function("text", "Trim", "Without blanks at both ends.", quick=lambda: str.strip)
def trim(value: Text) -> Text:
    return value.strip()


@function("text", "Single blanks", "Every run of blanks and line breaks becomes one blank.")
def squeeze(value: Text) -> Text:
    return " ".join(value.split())


@function("text", "Upper case", "ACME for Acme.", quick=lambda: str.upper)
def upper(value: Text) -> Text:
    return value.upper()


@function("text", "Lower case", "acme for Acme.", quick=lambda: str.lower)
def lower(value: Text) -> Text:
    return value.lower()


@function("text", "Title case", "Acme Trading for ACME trading; the rest of each word in lower case.")
def title(value: Text) -> Text:
    return re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:].lower(), value)


@function("text", "Add text", "Puts text before and after. Works on an empty value too.", takes_empty=True)
def concat(value: Text, after: Text = "", before: Text = "") -> Text:
    return _sized(before + value + after)


def _join_two(second: Any, third: Any, fourth: Any, separator: Any) -> Callable[[str, str], str] | None:
    """Two values that are both there, the usual case."""
    if second is not MISSING or third or fourth or separator is MISSING:
        return None

    def join(value: str, second: str) -> str:
        if value and second and len(value) + len(second) < LONGEST // 2:
            return f"{value}{separator}{second}"
        joined: str = join_with(value, second, separator=separator)
        return joined

    return join


@function(
    "text",
    "Join values",
    "Puts up to four values together, with a separator between those that are not empty.",
    takes_empty=True,
    quick=_join_two,
)
def join_with(value: Text, second: Text, third: Text = "", fourth: Text = "", separator: Text = " ") -> Text:
    return _sized(separator.join(part for part in (value, second, third, fourth) if part))


@function("text", "Split", "Cuts text at a separator and answers the list of parts.")
def split(value: Text, separator: Text = ",") -> Items:
    if not separator:
        raise BadInput("the separator is empty")
    return [part.strip() for part in value.split(separator)]


@function("text", "Part of", "Cuts text at a separator and takes one part: 1 is the first, -1 the last.")
def part(value: Text, separator: Text, number: Integer = 1) -> Text:
    if not separator or not number:
        raise BadInput("a part needs a separator and a number that is not 0")
    parts = value.split(separator)
    if abs(number) > len(parts):
        raise BadInput(f"{show(value)} has {len(parts)} part(s), there is no part {number}")
    return parts[number - 1 if number > 0 else number].strip()


@function("text", "Replace", "Replaces every occurrence of a text.")
def replace(value: Text, find: Text, by: Text = "") -> Text:
    if not find:
        raise BadInput("the text to find is empty")
    if len(by) * value.count(find) > LONGEST:
        raise BadInput(f"the result is longer than {LONGEST} characters")
    return value.replace(find, by)


@function(
    "text", "Cut out", "Characters from a position on; the first is 1. Without a length, up to the end."
)
def substring(value: Text, start: Integer, length: Integer = LONGEST) -> Text:
    if start < 1 or length < 0:
        raise BadInput("a position starts at 1 and a length at 0")
    return value[start - 1 : start - 1 + length]


@function("text", "First characters", "The first characters of a text.")
def left(value: Text, length: Integer) -> Text:
    return value[: max(length, 0)]


@function("text", "Last characters", "The last characters of a text.")
def right(value: Text, length: Integer) -> Text:
    return value[-length:] if length > 0 else ""


@function("text", "Pad", "Fills up to a length with one character, at the start or at the end.")
def pad(value: Text, length: Integer, fill: Text = "0", side: Literal["start", "end"] = "start") -> Text:
    if len(fill) != 1 or not 0 <= length <= 10_000:
        raise BadInput("padding needs one character and a length of at most 10000")
    return value.rjust(length, fill) if side == "start" else value.ljust(length, fill)


@function("text", "Limit length", "Cuts text that is too long, and marks the cut.")
def limit(value: Text, length: Integer, mark: Text = "…") -> Text:
    if length < len(mark):
        raise BadInput(f"the length {length} has no room for the mark {show(mark)}")
    return value if len(value) <= length else value[: length - len(mark)].rstrip() + mark


@function("text", "Length", "Number of characters.", takes_empty=True)
def length(value: Text) -> Integer:
    return len(value)


@function("text", "Starts with", "Yes when the text starts so.", takes_empty=True)
def starts_with(value: Text, text: Text, ignore_case: Flag = True) -> Flag:
    return _folded(value, ignore_case).startswith(_folded(text, ignore_case))


@function("text", "Ends with", "Yes when the text ends so.", takes_empty=True)
def ends_with(value: Text, text: Text, ignore_case: Flag = True) -> Flag:
    return _folded(value, ignore_case).endswith(_folded(text, ignore_case))


@function("text", "Contains", "Yes when the text occurs inside.", takes_empty=True)
def contains(value: Text, text: Text, ignore_case: Flag = True) -> Flag:
    return _folded(text, ignore_case) in _folded(value, ignore_case)


@function("text", "Slug", "acme-trading for Acme Trading: small letters, digits and hyphens.")
def slug(value: Text) -> Text:
    return re.sub(r"[^a-z0-9]+", "-", _plain(value).lower()).strip("-")


@function(
    "text", "Without accents", "Muller for Müller: plain Latin letters, for systems that take no others."
)
def plain(value: Text) -> Text:
    return _plain(value)


@function("text", "Digits only", "Keeps the digits 0 to 9.")
def digits(value: Text) -> Text:
    return re.sub(r"[^0-9]", "", value)


@function("text", "First name", "All of a person's name but the last word; «Lovelace, Ada» is understood.")
def first_name(value: Text) -> Text:
    return _names(value)[0]


@function("text", "Last name", "The last word of a person's name; «Lovelace, Ada» is understood.")
def last_name(value: Text) -> Text:
    return _names(value)[1]


@function("text", "Normalise e-mail", "Trims, takes off «mailto:» and writes the domain in lower case.")
def email(value: Text) -> Text:
    address = re.sub(r"^mailto:", "", value.strip(), flags=re.IGNORECASE)
    local, at, domain = address.rpartition("@")
    if not at or not local or "." not in domain.strip(".") or re.search(r"[\s@]", local + domain):
        raise BadInput(f"{show(value)} is not an e-mail address")
    return f"{local}@{domain.lower()}"


@function(
    "text",
    "Normalise phone",
    "+49301234567 for 030 / 1234-567: the international form. The country code is used for numbers "
    "that start with a single 0.",
)
def phone(value: Text, country_code: Text = "") -> Text:
    text = re.sub(r"\(0\)", "", value)
    number = re.sub(r"[^0-9]", "", text)
    if not 3 <= len(number) <= 15:
        raise BadInput(f"{show(value)} is not a phone number")
    if text.strip().startswith("+"):
        return f"+{number}"
    if number.startswith("00"):
        return f"+{number[2:]}"
    country = re.sub(r"[^0-9]", "", country_code)
    return f"+{country}{number.removeprefix('0')}" if country else number


def _folded(text: str, ignore_case: bool) -> str:
    return text.casefold() if ignore_case else text


def _plain(text: str) -> str:
    spelled = text.translate(_SPELLED)
    return "".join(char for char in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(char))


_SPELLED = str.maketrans({"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})  # fmt: skip


def _names(text: str) -> tuple[str, str]:
    last, comma, first = text.partition(",")
    if comma:
        return first.strip(), last.strip()
    words = text.split()
    return " ".join(words[:-1]), words[-1] if words else ""


def _sized(text: str) -> str:
    if len(text) > LONGEST:
        raise BadInput(f"the result is longer than {LONGEST} characters")
    return text
