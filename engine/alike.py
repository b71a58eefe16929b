"""When two values of a match key mean the same object: strictly, or only likely.

Each way of comparing has two forms of a value. Equal *strict* forms are the same value in other clothes: case,
blanks, brackets round an area code. Equal *loose* forms are a hint that a person has to judge: «ACME GmbH &
Co. KG» and «Acme». Nothing is ever taken for the same on a loose form alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from email.utils import parseaddr
from typing import Any, Literal, get_args

from engine import compare
from engine.record import fingerprint

How = Literal["exact", "text", "letters", "email", "phone", "domain", "digits"]
"""exact: to the letter · text: without case and extra blanks · letters: names, without punctuation and legal
form · email · phone · domain: of a web address or e-mail · digits: numbers with letters, like VAT ids and IBANs
"""

HOW: tuple[str, ...] = get_args(How)
LOOSE: frozenset[str] = frozenset({"letters", "email", "phone", "digits"})
"""Those whose loose form says less than the strict one."""

SEARCHED: frozenset[str] = LOOSE | {"domain"}
"""Those for which a search for the value as it is written may miss the object."""

_LEGAL = frozenset(
    [
        "ab",
        "ag",
        "aktiengesellschaft",
        "aps",
        "as",
        "asa",
        "bv",
        "bvba",
        "cc",
        "co",
        "company",
        "corp",
        "corporation",
        "cv",
        "de",
        "doo",
        "ek",
        "eg",
        "ev",
        "eurl",
        "gbr",
        "gesmbh",
        "gmbh",
        "hf",
        "inc",
        "incorporated",
        "jsc",
        "kft",
        "kg",
        "kgaa",
        "kk",
        "kom",
        "lda",
        "limited",
        "llc",
        "llp",
        "lp",
        "ltd",
        "ltda",
        "mbh",
        "nv",
        "ohg",
        "oy",
        "oyj",
        "pc",
        "pjsc",
        "plc",
        "pte",
        "pty",
        "pvt",
        "sa",
        "sab",
        "sae",
        "sarl",
        "sas",
        "sasu",
        "sca",
        "scs",
        "se",
        "sl",
        "slu",
        "snc",
        "sp",
        "spa",
        "spol",
        "spzoo",
        "sro",
        "srl",
        "ug",
        "uab",
        "vof",
        "zoo",
        "&",
        "and",
        "und",
        "et",
        "y",
        "e",
    ]
)
"""Legal forms and the words that join them, as they look without dots; only ever dropped from the end of a name."""

_PHONE_TAIL = 8


def strict(value: Any, how: str = "text") -> Any:
    """The form in which equal values are certainly the same."""
    if how == "exact" or not isinstance(value, str):
        return compare.normal(value) if not isinstance(value, str) else value
    text = str(compare.normal(value))
    if how == "email":
        return _address(text) or text
    if how == "domain":
        return _host(text) or text
    if how == "phone":
        return _phone(text) or text
    if how == "digits":
        return re.sub(r"[\W_]", "", text) or text
    return text


def loose(value: Any, how: str = "text") -> Any:
    """The form in which equal values are likely the same; no less than the strict form tells apart."""
    known = strict(value, how)
    if how not in LOOSE or not isinstance(known, str):
        return known
    if how == "letters":
        return _letters(known) or known
    if how == "email":
        return _mailbox(known)
    if how == "phone":
        return re.sub(r"\D", "", re.split("[/x]", known, maxsplit=1)[0])[-_PHONE_TAIL:] or known
    return re.sub(r"\D", "", known) or known


def says_nothing(value: Any, how: str) -> bool:
    """Whether a value is empty or none of its kind, such as «n/a» for a phone or «none» for an e-mail address: nobody is
    recognised by it."""
    if value is None or value == "":
        return True
    if how == "phone":
        return not re.search(r"[^\W\D0]", str(value))
    return how == "email" and "@" not in str(value)


def same(match: Mapping[str, Any], data: Mapping[str, Any], how: Mapping[str, str]) -> bool:
    """Whether a found object certainly is the one: ``how`` says for a field how it is compared (text if not)."""
    return all(
        strict(compare.dig(data, name), how.get(name, "text")) == strict(value, how.get(name, "text"))
        for name, value in match.items()
    )


def likely(match: Mapping[str, Any], data: Mapping[str, Any], how: Mapping[str, str]) -> bool:
    """Whether a found object may be the one."""
    found = {name: compare.dig(data, name) for name in match}
    return key(match, how) == key(found, how)


def key(match: Mapping[str, Any], how: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The loose form of a whole match key, as text that can be compared and hashed."""
    return tuple((name, _told(loose(match[name], how.get(name, "text")))) for name in sorted(match))


def digest(match: Mapping[str, Any], how: Mapping[str, str]) -> str:
    """A short hash of ``key``."""
    return fingerprint([list(part) for part in key(match, how)])


def _told(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value.is_finite() else str(value)
    return "" if value is None else str(value)


def _address(text: str) -> str:
    """The one address in a text, its domain as DNS has it (RFC 5890); empty where there is none, or several."""
    plain = unicodedata.normalize("NFKC", text).removeprefix("mailto:").partition("?")[0]
    named = re.search(r"<([^<>\s]+@[^<>\s]+)>", plain)
    _name, found = ("", named[1]) if named else parseaddr(plain)
    local, at, domain = found.strip().rstrip(".").rpartition("@")
    if not at or (not named and plain.count("@") > 1):
        return ""
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"


def _mailbox(address: str) -> str:
    """The mailbox that an address leads to as a rule: without what stands behind a plus, which most services take for a
    note; of several addresses the first."""
    first = re.split(r"[;,\s]", address, maxsplit=1)[0]
    local, at, domain = first.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}{at}{domain}"


_GMAIL = ("gmail.com", "googlemail.com")
_EXTENSION = re.compile(r"(?:;ext=|\bext(?:ension)?\b\.?|\bx|#)\s*(\d{1,6})$")
_SEVERAL = re.compile(r"\s/\s|[;,]")


def _host(text: str) -> str:
    rest = text.rpartition("@")[2].rpartition("://")[2]
    return re.split(r"[/?#:]", rest, maxsplit=1)[0].removeprefix("www.").strip(". ")


def _phone(text: str) -> str:
    """All digits, the country's included; «+49 (0)30», «0049 30» and «+49 30» are one. An extension stands behind an x,
    a second number behind a slash."""
    plain = unicodedata.normalize("NFKC", text)
    extension = _EXTENSION.search(plain)
    if extension:
        return f"{_digits(plain[: extension.start()])}x{int(extension[1])}"
    numbers = [_digits(part) for part in _SEVERAL.split(plain)]
    if len(numbers) > 1 and all(len(number) > 5 for number in numbers):
        return "/".join(numbers)
    return _digits(plain)


def _digits(text: str) -> str:
    """In Latin figures, whatever script they are in."""
    figures = re.sub(r"\D", "", text.replace("(0)", ""))
    return "".join(str(int(figure)) for figure in figures).removeprefix("00")


def _letters(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.findall(r"\w+|&", re.sub(r"(?<=\w)\.(?=\w)|(?<=\w)\.|['’`]", "", plain))
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return "".join(word for word in words if word not in ("&", "and", "und"))
