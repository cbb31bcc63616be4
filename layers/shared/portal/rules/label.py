"""What people call a thing of theirs, such as a passkey."""

import unicodedata

from portal.rules import RuleError
from portal.rules.characters import is_blank, trim, without_controls

_LONGEST = 40


def parse_label(text: str) -> str:
    """Return a label in NFC, trimmed: any characters that show something, 40 at most.

    Raises RuleError: required, invalid-length, invalid-characters.
    """
    label = trim(unicodedata.normalize("NFC", without_controls(text)))
    if is_blank(label):
        raise RuleError("required", "Ce champ est obligatoire.")
    if len(label) > _LONGEST:
        raise RuleError("invalid-length", "Indiquez 40 caractères au plus.")
    return label
