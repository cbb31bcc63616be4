"""The French texts of pydantic's errors."""

from typing import Final, get_args

from pydantic_core.core_schema import ErrorType

_INVALID: Final = ("invalid", "Cette valeur n’est pas valable.")
_REQUIRED: Final = ("required", "Ce champ est obligatoire.")
_TYPE: Final = ("invalid-type", "Cette valeur n’est pas de la nature attendue.")
_TOO_LONG: Final = ("too-long", "Cette valeur est trop longue.")
_TOO_SHORT: Final = ("too-short", "Cette valeur est trop courte.")
_CHARACTERS: Final = (
    "invalid-characters",
    "Cette valeur contient un caractère inattendu.",
)
_JSON: Final = (
    "invalid-json",
    "Le corps de la requête n’est pas un document JSON valable.",
)
_CHOICE: Final = ("invalid-choice", "Choisissez l’une des valeurs proposées.")
_RANGE: Final = ("out-of-range", "Cette valeur est hors des limites.")
_FRENCH: Final[dict[str, tuple[str, str]]] = {
    "missing": _REQUIRED,
    "extra_forbidden": ("unknown-field", "Ce champ n’est pas attendu."),
    "string_unicode": _CHARACTERS,
    "string_pattern_mismatch": _CHARACTERS,
    "string_too_long": _TOO_LONG,
    "too_long": _TOO_LONG,
    "string_too_short": _TOO_SHORT,
    "too_short": _TOO_SHORT,
    "json_invalid": _JSON,
    "json_type": _JSON,
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "greater_than": _RANGE,
    "greater_than_equal": _RANGE,
    "less_than": _RANGE,
    "less_than_equal": _RANGE,
    **dict.fromkeys(
        (
            "bool_parsing",
            "bool_type",
            "dict_type",
            "float_parsing",
            "float_type",
            "int_from_float",
            "int_parsing",
            "int_parsing_size",
            "int_type",
            "list_type",
            "model_attributes_type",
            "model_type",
            "none_required",
            "string_type",
        ),
        _TYPE,
    ),
}


def french_detail(error_type: str, message: str) -> tuple[str, str]:
    """Return our stable code and French detail for one entry of `ValidationError.errors()`.

    Our own errors are returned unchanged; pydantic's are translated. An unforeseen one becomes
    `invalid`, so that no English message, nor the input that it quotes, is sent to anyone.
    """
    if error_type in get_args(ErrorType):
        return _FRENCH.get(error_type, _INVALID)
    return error_type, message
