"""What people type in each field, and what becomes of it: one line each.

To add a case, add a line: `test_typed.py` reads the table with the rules, `test_typed_stack.py`
sends it to the deployed portal. Characters that nobody sees, or that look like others, are written by
their number. Every number is synthetic.

- `stored(field, typed, form)`: accepted, and kept in that form;
- `refused(field, typed, code, words)`: refused on that field with a code, and a sentence that has
  these words; `on` is the field of the error, if it is another one;
- `nobody(typed)`: at login, no account's identifier: 401.

Other fields of the same form are given by name: `nir_key=""`.
"""

from typing import NamedTuple

NIR, KEY = "2940375120005", "91"
CORSICAN, CORSICAN_KEY = "294032A120005", "51"
SIRET, SIREN = "73282932000074", "732829320"
PROVISIONAL = "7940375120005"


class Typed(NamedTuple):
    """A line of the table."""

    field: str
    typed: str
    form: str = ""
    code: str = ""
    words: str = ""
    on: str = ""
    given: tuple[tuple[str, str], ...] = ()


def stored(field: str, typed: str, form: str, **given: str) -> Typed:
    """Return a line: accepted."""
    return Typed(field, typed, form=form, given=tuple(given.items()))


def refused(field: str, typed: str, code: str, words: str, on: str = "", **given: str) -> Typed:
    """Return a line: refused."""
    return Typed(field, typed, code=code, words=words, on=on or field, given=tuple(given.items()))


def nobody(typed: str) -> Typed:
    """Return a line: an identifier of no account."""
    return Typed("identifier", typed, code="nobody")


# fmt: off
NUMBERS = (
    # Between the characters of a NIR
    stored("nir", "2 94 03 75 120 005", NIR),
    stored("nir", "2-94-03-75-120-005", NIR),
    stored("nir", "2.94.03.75.120.005", NIR),
    stored("nir", "2/94/03/75/120/005", NIR),
    stored("nir", "2\t94\t03\t75\t120\t005", NIR),
    stored("nir", "2 94 03 75\r\n120 005\n", NIR),
    stored("nir", "2_94_03_75_120_005", NIR),
    *(
        stored("nir", NIR[:1] + between + NIR[1:5] + between + NIR[5:], NIR)
        for between in (
            *"\u00a0\u2007\u2009\u202f\u3000",  # spaces
            *"\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d",  # hyphens and dashes
            *"\u2044\u2215\uff0f\\",  # slashes
            *"\u00b7\u2022\u2027\uff0e,",  # dots
            *"\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202d\u2060\u2066\ufeff",  # invisible
            *"\u034f\u180e\u2800\u3164\ufe0f\uffa0\u2028\u2029\u0085",  # blank
        )
    ),
    # The key
    stored("nir", "2 94 03 75 120 005 91", NIR, nir_key=""),
    stored("nir", "2 94 03 75 120 005 | 91", NIR, nir_key=""),
    stored("nir", "2 94 03 75 120 005 (91)", NIR, nir_key=""),
    stored("nir", "2-94-03-75-120-005-91", NIR, nir_key="91"),
    stored("nir", NIR, NIR, nir_key="\u200e9-1\t"),
    refused("nir", f"{NIR}92", "invalid-checksum", "ne s’accordent pas", nir_key=""),
    refused("nir", NIR, "invalid-checksum", "ne s’accordent pas", on="nir_key", nir_key="92"),
    refused("nir", NIR, "key-required", "Indiquez la clé", on="nir_key", nir_key=""),
    # Corsica
    stored("nir", "2 94 03 2a 120 005", CORSICAN, nir_key=CORSICAN_KEY),
    stored("nir", "2-94-03-2A-120-005-51", CORSICAN, nir_key=""),
    # A provisional number has no key, or the usual one
    stored("nir", PROVISIONAL, PROVISIONAL, nir_key=""),
    stored("nir", "8 94 03 75 120 005", "8940375120005", nir_key=" "),
    stored("nir", "7-94-03-75-120-005", PROVISIONAL, nir_key="35"),
    stored("nir", f"{PROVISIONAL}35", PROVISIONAL, nir_key=""),
    refused("nir", PROVISIONAL, "invalid-checksum", "s’accordent", on="nir_key", nir_key="36"),
    refused("nir", f"{PROVISIONAL}36", "invalid-checksum", "s’accordent", nir_key=""),
    # Another number
    refused("nir", SIRET, "looks-like-siret", "est un Siret"),
    refused("nir", "732 829 320 / 00074", "looks-like-siret", "est un Siret"),
    refused("nir", "732 829 320", "looks-like-siren", "est un Siren"),
    # Digits of other scripts, and what is no digit
    refused("nir", "\uff12940375120005", "invalid-characters", "les chiffres de 0 à 9"),
    refused("nir", "\u0662940375120005", "invalid-characters", "les chiffres de 0 à 9"),
    refused("nir", "2940375120\u0000005", "invalid-characters", "ne comporte que des chiffres"),
    refused("nir", "2940375120O05", "invalid-characters", "ne comporte que des chiffres"),
    # Siret
    stored("siret", "732829320 / 00074", SIRET),
    stored("siret", "732-829-320-00074", SIRET),
    stored("siret", "732.829.320.00074", SIRET),
    stored("siret", "732\u202f829\u202f320\u202f00074", SIRET),
    stored("siret", "732829320\t00074\n", SIRET),
    stored("siret", "\u202d73282932000074\u202c\ufeff", SIRET),
    stored("siret", "732829320\u201300074", SIRET),
    refused("siret", SIREN, "looks-like-siren", "est un Siren. Le Siret en comporte 14"),
    refused("siret", "732 829 320", "looks-like-siren", "sur vos factures"),
    refused("siret", "732829321", "invalid-length", "14 chiffres"),
    refused("siret", "2 94 03 75 120 005", "looks-like-nir", "numéro de Sécurité sociale"),
    refused("siret", "2 94 03 75 120 005 91", "looks-like-nir", "numéro de Sécurité sociale"),
    refused("siret", CORSICAN, "looks-like-nir", "numéro de Sécurité sociale"),
    refused("siret", "7328293200007", "invalid-length", "14 chiffres"),
    refused("siret", "73282932000075", "invalid-checksum", "comporte une erreur"),
    refused("siret", "0" * 14, "invalid-number", "n’existe pas"),
    # Phones
    stored("mobile_phone", "(+33) 6 12 34 56 78", "+33612345678"),
    stored("mobile_phone", "+33 (0)6 12 34 56 78", "+33612345678"),
    stored("mobile_phone", "(06) 12-34-56-78", "+33612345678"),
    stored("mobile_phone", "06/12/34/56/78", "+33612345678"),
    stored("mobile_phone", "06\u201012\u201034\u201056\u201078", "+33612345678"),
    stored("mobile_phone", "\u202a06 12 34 56 78\u202c", "+33612345678"),
    stored("mobile_phone", "06\t12\t34\t56\t78", "+33612345678"),
    stored("mobile_phone", "06,12,34,56,78", "+33612345678"),
    stored("mobile_phone", "0033 6 12 34 56 78", "+33612345678"),
    stored("mobile_phone", "0690 12 34 56", "+590690123456"),
    stored("mobile_phone", "06 92 12 34 56", "+262692123456"),
    stored("mobile_phone", "(+33) (0)692 12 34 56", "+262692123456"),
    stored("mobile_phone", "+687 75.12.34", "+687751234"),
    refused("mobile_phone", "()", "required", "Indiquez votre numéro"),
    refused("mobile_phone", "06 12 34 56 7A", "invalid-characters", "que des chiffres"),
)

NAMES = (
    stored("last_name", "D\u00b4Aboville", "D’Aboville"),
    stored("last_name", "  Le  Goff ", "Le Goff"),
    *(
        stored("last_name", f"D{apostrophe}Aboville", "D’Aboville")
        for apostrophe in "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u055a\u05f3\u2018\u2019\u201b\u2032\u2035\ua78c\uff07"
    ),
    *(
        stored("first_name", f"Jean{dash}Pierre", "Jean-Pierre")
        for dash in "-\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
    ),
    *(
        stored("first_name", f"Jean{space}Pierre", "Jean Pierre")
        for space in " \u00a0\u2002\u2003\u2007\u2009\u202f\u205f\u3000,"
    ),
    stored("first_name", "Jean, Pierre, Marie", "Jean Pierre Marie"),
    stored("first_name", "Jean,Pierre,", "Jean Pierre"),
    *(stored("last_name", f"Gal{dot}la", "Gal·la") for dot in "\u00b7\u2027\u2219\u22c5\u0387"),
    stored("last_name", "Ga\u0140la", "Gal·la"),
    stored("last_name", "J.-P.", "J.-P."),
    stored("last_name", "Nguye\u0302\u0303n", "Nguy\u1ec5n"),
    *(
        stored("last_name", f"{mark}Dupont{mark}", "Dupont")
        for mark in "\u00ad\u034f\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069"
        "\u2800\u3164\ufe0f\ufeff\uffa0\t\n\u2028"
    ),
    stored("last_name", "葛\U000e0100飾", "葛飾"),
    stored("first_name", "မြွှေး", "မြွှေး"),
    *(
        refused("last_name", f"Du{inside}pont", "invalid-characters", "seulement des lettres")
        for inside in "0:/<>@\\\"&;_\u00b2\u2163\t\n\u0000\u007f\u200b\u200e\u202e\u2066\u2028\ufeff\u115f\u3164\uffa0\u2800\uff1a"
    ),
    *(
        refused("first_name", blank, "required", "obligatoire")
        for blank in ("", " ", ",", "\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u200b\ufeff", "\u3164 \u3164")
    ),
    refused("first_name", "-", "no-letter", "au moins une lettre"),
    refused("first_name", "\u0301", "no-letter", "au moins une lettre"),
    refused("first_name", "’ .", "no-letter", "au moins une lettre"),
    refused("first_name", "\u0640", "no-letter", "au moins une lettre"),
    refused("first_name", "\u02b0\u02ee", "no-letter", "au moins une lettre"),
    stored("first_name", "ルー", "ルー"),
    refused("last_name", "Z" + "\u0334" * 6, "invalid-marks", "cinq au plus"),
    refused("last_name", "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u0489", "invalid-marks", "sur une lettre"),
    refused("last_name", "D’\u0301Aboville", "invalid-marks", "sur une lettre"),
    stored("last_name", "e\u0301" * 80, "é" * 80),
    refused("last_name", "é" * 81, "invalid-length", "80 caractères au plus"),
)

EMAILS = (
    *(
        stored("email", f"{mark}typed.{ord(mark):x}@example.fr{mark}", f"typed.{ord(mark):x}@example.fr")
        for mark in " \t\u00a0\u00ad\u200b\u200e\u200f\u202a\u202c\u2060\u2068\u2069\u3164\ufeff"
    ),
    stored("email", "Typed+AE@EXAMPLE.FR", "Typed+AE@example.fr"),
    # A likely slip is no refusal
    stored("email", "typed.slip@gmial.com", "typed.slip@gmial.com"),
    stored("email", "typed.slip@hotmial.fr", "typed.slip@hotmial.fr"),
    refused("email", "typed@orange.f", "invalid-email", "nom@exemple.fr"),
    refused("email", "typed@example.1a", "invalid-email", "nom@exemple.fr"),
    refused("email", "typed@example.é", "invalid-email", "nom@exemple.fr"),
    refused("email", "typed@example", "invalid-email", "nom@exemple.fr"),
    refused("email", "ty\u200bped@example.fr", "invalid-characters", "invisible"),
    refused("email", "ty\u202eped@example.fr", "invalid-characters", "invisible"),
    refused("email", "\u200b\ufeff", "required", "Indiquez votre adresse"),
)

IDENTIFIERS = (
    stored("identifier", "2 94 03 75 120 005", NIR),
    stored("identifier", "2-94-03-75-120-005", NIR),
    stored("identifier", "2/94/03/75/120/005", NIR),
    stored("identifier", "2\t94\t03\t75\t120\t005\n", NIR),
    stored("identifier", "\u202d2940375120005\u202c", NIR),
    stored("identifier", "2 94 03 75 120 005 91", NIR),
    stored("identifier", "2-94-03-75-120-005 | 91", NIR),
    nobody("2 94 03 75 120 005 92"),
    nobody("294037512000590"),
    nobody("0940375120005"),
    refused("identifier", SIRET, "looks-like-siret", "est un Siret"),
    refused("identifier", "732829320 / 00074", "looks-like-siret", "est un Siret"),
    refused("identifier", "732 829 320", "looks-like-siren", "est un Siren"),
    refused("identifier", "06 12 34 56 78", "looks-like-phone", "numéro de téléphone"),
    refused("identifier", "(+33) 6 12 34 56 78", "looks-like-phone", "numéro de téléphone"),
    refused("identifier", "\u200b \ufeff", "required", "adresse courriel ou"),
    refused("identifier", "a\u0000b", "invalid-characters", "invisible"),
)

# fmt: on
TYPED = (*NUMBERS, *NAMES, *EMAILS, *IDENTIFIERS)

WHO = {
    "first_name": "Tom",
    "last_name": "Le Goff-Martin",
    "email": "jo4+ae@example.fr",
    "nir": "2550814168025",
    "siret": SIRET,
}
"""Whose passwords are below."""

PASSWORDS = (
    # Under five letters: as whole words only
    ("Anatomie-2026!", True),
    ("Atomium-2026!", True),
    ("Tomates-2026!", True),
    ("Jo42-soleil-!", True),
    ("xjo4-Soleil-26", True),
    ("Goffre-2026-!", True),
    ("Le-Soleil-2026", True),  # a particle is a word of any sentence
    ("Tom-soleil-2026", False),
    ("Soleil2026Tom!", False),
    ("Soleil-tôm-2026", False),
    ("Goff-soleil-26", False),
    ("Jo-4-soleil-26", True),  # three words, of which none is the address
    ("Soleil-jo4-2026", False),
    ("Soleil2Jo4!-26", False),
    # Longer: inside words too
    ("Saint-Martinien-26", False),
    ("xMARTINx-2026", False),
    ("Legoffmartin-26", False),
    ("Mar.tin-soleil-2", False),
    # Numbers, whatever the separators
    (f"Aa-{SIRET}", False),
    ("Aa-732 829 320 00074", False),
    (f"Tournesol-{SIREN}", False),
    ("Tournesol-732.829.320", False),
    ("Tournesol-732829321", True),
    ("Aa-2550814168025", False),
    ("Aa-2 55 08 14 168 025", False),
    ("Aa-2550814168026", True),
)
"""A password, and whether it may be chosen; all meet the other criteria."""
