"""People who do not exist: every number is made up, with a valid key."""

import secrets
from dataclasses import dataclass
from typing import Any

PASSWORD = "Trois-petits-chats-3"
_LETTERS = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs up."""

    last_name: str
    first_name: str
    mobile_phone: str
    email: str
    nir: str
    siret: str

    @property
    def nir_key(self) -> str:
        """The key of the NIR."""
        return f"{97 - int(self.nir) % 97:02}"

    def form(self) -> dict[str, Any]:
        """Return the form « Créer mon compte », filled in."""
        return {
            "last_name": self.last_name,
            "first_name": self.first_name,
            "mobile_phone": self.mobile_phone,
            "email": self.email,
            "email_confirmation": self.email,
            "nir": self.nir,
            "nir_key": self.nir_key,
            "siret": self.siret,
            "is_agent": False,
        }


def new_person() -> Person:
    """Return somebody whom no other test uses."""
    mark = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return Person(
        last_name=f"Nom{mark}",
        first_name=f"Prénom{mark[::-1]}",
        mobile_phone=f"0612{_digits(6)}",
        email=f"m.{mark}.t@example.fr",
        nir=new_nir(),
        siret=new_siret(),
    )


def contact_form(person: Person, message: str = "Mon lien ne s’ouvre pas.") -> dict[str, Any]:
    """Return the form « Nous contacter », filled in."""
    return {
        "reason": "signup-impossible",
        "last_name": person.last_name,
        "first_name": person.first_name,
        "email": person.email,
        "message": message,
    }


def new_nir() -> str:
    """Return 13 characters shaped as the NIR of a birth in January 1994 or later."""
    return f"2{94 + secrets.randbelow(6)}{1 + secrets.randbelow(12):02}75{_digits(6)}"


def new_siret() -> str:
    """Return a Siret with two valid Luhn keys."""
    return _with_luhn_key(_with_luhn_key(f"9{_digits(7)}") + _digits(4))


def _digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}}"


def _with_luhn_key(digits: str) -> str:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if position % 2 else 2)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"
