"""The sentences of the rules: complete, in correct French, repeating nothing typed."""

import re
from collections.abc import Callable
from functools import partial

import pytest

from portal.rules import RuleError
from portal.rules.email import parse_email
from portal.rules.identifier import parse_identifier
from portal.rules.name import parse_name
from portal.rules.nir import mask_nir, parse_nir
from portal.rules.password import check_password
from portal.rules.phone import parse_mobile
from portal.rules.siret import parse_siret


def weak(password: str, **person: str) -> None:
    """Raise the first rule that a password breaks."""
    raise check_password(password, email=person.get("email", ""))[0]


CASES: list[tuple[Callable[[str], object], str, str]] = [
    (parse_name, "", "required"),
    (parse_name, "x" * 81, "invalid-length"),
    (parse_name, "x" * 321, "invalid-length"),
    (parse_name, "A1", "invalid-characters"),
    (parse_name, "Du\tpont", "invalid-characters"),
    (parse_name, "e" + "\u0334" * 9, "invalid-marks"),
    (parse_name, "--", "no-letter"),
    (parse_email, "", "required"),
    (parse_email, "x" * 255, "invalid-length"),
    (parse_email, "x" * 321, "invalid-length"),
    (parse_email, "a\u200bb@example.fr", "invalid-characters"),
    (parse_email, "é@example.fr", "invalid-characters"),
    (parse_email, "nobody", "invalid-email"),
    (parse_mobile, "", "required"),
    (parse_mobile, "06x", "invalid-characters"),
    (parse_mobile, "0700123456", "invalid-number"),
    (parse_mobile, "0123456789", "not-mobile"),
    (parse_siret, "", "required"),
    (parse_siret, "3560000000004A", "invalid-characters"),
    (parse_siret, "732829320", "looks-like-siren"),
    (parse_siret, "294037512000591", "looks-like-nir"),
    (parse_identifier, "", "required"),
    (parse_identifier, "a\0b", "invalid-characters"),
    (parse_identifier, "73282932000074", "looks-like-siret"),
    (parse_identifier, "732829320", "looks-like-siren"),
    (parse_identifier, "0612345678", "looks-like-phone"),
    (parse_siret, "356", "invalid-length"),
    (parse_siret, "0" * 14, "invalid-number"),
    (parse_siret, "35600000000049", "invalid-checksum"),
    (parse_siret, "9" * 65, "invalid-length"),
    (parse_siret, "３5600000000048", "invalid-characters"),
    (partial(parse_nir, key="91"), "", "required"),
    (partial(parse_nir, key="91"), "294037512000X", "invalid-characters"),
    (partial(parse_nir, key="91"), "29X", "invalid-characters"),
    (partial(parse_nir, key="91"), "2940", "invalid-length"),
    (partial(parse_nir, key="91"), "73282932000074", "looks-like-siret"),
    (partial(parse_nir, key="91"), "732829320", "looks-like-siren"),
    (partial(parse_nir, key="91"), "0123456789AB", "invalid-length"),
    (partial(parse_nir, key="91"), "2A40375120005", "invalid-characters"),
    (partial(parse_nir, key="91"), "9940375120005", "invalid-number"),
    (partial(parse_nir, key="9"), "2940375120005", "invalid-key"),
    (partial(parse_nir, key=None), "2940375120005", "key-required"),
    (partial(parse_nir, key="92"), "2940375120005", "invalid-checksum"),
    (weak, "Aa1-", "too-short"),
    (weak, "Aa1-" * 13, "too-long"),
    (weak, "ABCDEFGH-1", "no-lowercase"),
    (weak, "abcdefgh-1", "no-uppercase"),
    (weak, "Abcdefgh-i", "no-digit"),
    (weak, "Abcdefgh11", "no-special"),
    (partial(weak, email="tournesol@example.fr"), "Tournesol-42", "contains-identity"),
]


@pytest.mark.parametrize(("rule", "typed", "code"), CASES)
def test_each_refusal_is_a_sentence(rule: Callable[[str], object], typed: str, code: str) -> None:
    """A sentence has a capital, an end, French spacing and no word in capitals."""
    with pytest.raises(RuleError) as caught:
        rule(typed)
    detail = caught.value.detail
    assert caught.value.args == (caught.value.code, detail) == (code, detail)
    assert re.fullmatch(r"[A-ZÀ-Ý].*[^ .][.!]", detail)
    assert not re.search(r"[A-ZÀ-Ý]{2}(?<!AB)|  |X|(?<!\u00a0)[:;?!](?!$)(?=\s)|'", detail)
    assert not re.search(r"siret|sécurité sociale|\bcorse\b|\d[ab]\b", detail)
    # The parts of a long sentence are joined by a space; only proper nouns have capitals.
    assert not re.search(r"[a-z][A-Z]|,[^ ]", detail)
    assert len(typed) < 4 or typed not in detail


def test_a_masked_nir_is_not_broken_over_lines() -> None:
    """The mask's no-break spaces keep it on one line."""
    assert mask_nir("2940375120005") == "2 •• •• •• ••• •05".replace(" ", "\u00a0")


def test_the_longest_number_typed() -> None:
    """64 characters are read, spaces included."""
    assert parse_siret("35600000000048".rjust(64)) == "35600000000048"
