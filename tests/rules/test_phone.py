"""The mobile number rule. Numbers are made up inside the ranges of the published plans."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import RuleError
from portal.rules.phone import parse_mobile


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("0612345678", "+33612345678"),
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("06-12-34-56-78", "+33612345678"),
        ("06/12/34/56/78", "+33612345678"),
        ("06\u00a012\u202f34\u200956 78", "+33612345678"),
        ("\u202d06 12 34 56 78\u202c", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("(+33) 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("0712345678", None),
        ("0752345678", "+33752345678"),
        ("0692123456", "+262692123456"),
        ("0693123456", "+262693123456"),
        ("0639012345", "+262639012345"),
        ("0690123456", "+590690123456"),
        ("0691123456", None),
        ("0694123456", "+594694123456"),
        ("0696123456", "+596696123456"),
        ("0697123456", "+596697123456"),
        ("+262692123456", "+262692123456"),
        ("+33692123456", "+262692123456"),
        ("+33 (0)692 12 34 56", "+262692123456"),
        ("00262692123456", "+262692123456"),
        ("+687751234", "+687751234"),
        ("+68987123456", "+68987123456"),
        ("+681721234", "+681721234"),
        ("+32470123456", "+32470123456"),
    ],
)
def test_mobiles(typed: str, stored: str | None) -> None:
    """Mainland, overseas and foreign mobiles become E.164; unattributed ranges are refused."""
    if stored is None:
        with pytest.raises(RuleError, match="invalid-number"):
            parse_mobile(typed)
    else:
        assert parse_mobile(typed) == stored
        assert parse_mobile(stored) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "required"),
        (" . ", "required"),
        ("0123456789", "not-mobile"),
        ("0262123456", "not-mobile"),
        ("0939123456", "not-mobile"),
        ("0700123456", "invalid-number"),
        ("061234567", "invalid-number"),
        ("06123456789", "invalid-number"),
        ("+", "invalid-characters"),
        ("+999612345678", "invalid-number"),
        ("---", "required"),
        ("06 12 34 56 7A", "invalid-characters"),
        ("0612345678;ext=5", "invalid-characters"),
        ("06+12345678", "invalid-characters"),
        ("0612345678\0", "invalid-characters"),
        ("٠٦١٢٣٤٥٦٧٨", "invalid-characters"),
        ("０６12345678", "invalid-characters"),
        ("0" * 65, "invalid-length"),
    ],
)
def test_refusals(typed: str, code: str) -> None:
    """Each kind of wrong number is refused with its own code."""
    with pytest.raises(RuleError) as caught:
        parse_mobile(typed)
    assert caught.value.code == code


@pytest.mark.parametrize("region", ["FR", "GP", "GF", "MQ", "RE", "YT", "NC", "PF", "PM", "WF"])
def test_every_french_territory(region: str) -> None:
    """The library's example mobile of each French territory passes, in E.164 and as dialled."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert example
    stored = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert parse_mobile(stored) == stored
    if region in {"FR", "GP", "GF", "MQ", "RE", "YT"}:
        assert parse_mobile(f"0{example.national_number}") == stored


@given(text=st.text() | st.text("0123456789+()-/ .", max_size=20))
def test_any_text_passes_or_is_refused(text: str) -> None:
    """Any text is accepted, stably, or refused by the rule's own refusal."""
    try:
        stored = parse_mobile(text)
    except RuleError:
        return
    assert parse_mobile(stored) == stored
