"""An example of each body: made of the examples of its fields.

A field of a request has its own, in its type (``examples=[…]``), for the example is sent to the
service by a test. Those of answers are here, by the name of the field.
"""

from collections.abc import Mapping
from typing import Any

type Schema = Mapping[str, Any]

_TIME = "2026-07-01T10:04:00Z"
_ID = "AQEBAQEBAQEBAQEBAQEBAQ"
_PAYMENT = f"20261130{'0' * 22}"
_FIELDS: Mapping[str, Any] = {
    "id": _ID,
    "first_name": "Michel",
    "last_name": "Dupont",
    "email": "michel.dupont@example.fr",
    "email_masked": "m••••••t@example.fr",
    "new_email_masked": None,
    "email_receives": True,
    "mobile_phone": "+33612345678",
    "mobile_phone_shown": "06 12 34 56 78",
    "nir_masked": "2 •• •• •• ••• •05",
    "nir_status": "own",
    "siret": "35600000000048",
    "siret_masked": "356 ••• ••• •••48",
    "siret_status": "own",
    "is_agent": False,
    "ways": ["password", "second-factor"],
    "password_changed_at": _TIME,
    "previous_login_at": _TIME,
    "status": "confirmed",
    "at": _TIME,
    "reason": None,
    "Service.id": "declare-and-pay",
    "open": True,
    "kind": "welcome",
    "CeilingShown.kind": "micro-services",
    "year": 2026,
    "limit": 83600,
    "title": "Bienvenue",
    "body": "Votre compte est créé.",
    "next_cursor": None,
    "ticket": "MFRGGZDF",
    "registration": _ID,
    "SecondFactorDue.ticket": "A" * 96,
    "methods": ["totp", "recovery-code"],
    "OpenSession.methods": ["password", "totp"],
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/…?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=…",
    "qr": '<svg viewBox="0 0 57 57" class="segno"><path class="qrline" d="…"/></svg>',
    "since": _TIME,
    "recovery_codes_left": 10,
    "public_key": {
        "challenge": "A" * 96,
        "timeout": 300_000,
        "rpId": "portail.example",
        "allowCredentials": [],
        "userVerification": "required",
    },
    "codes": ["0J4K-9QMZ-W3XE-7T2B"],
    "provider": "Net-Entreprises.fr",
    "last_used_at": _TIME,
    "started_on": "2026-03-15",
    "ceased_on": None,
    "periodicity": "monthly",
    "nature": "commerciale",
    "activities": ["sales", "commercial_services"],
    "territory": "metropole",
    "acre_until": "2026-12-31",
    "code": "2026-10",
    "label": "octobre 2026",
    "starts_on": "2026-10-01",
    "ends_on": "2026-10-31",
    "opens_on": "2026-11-01",
    "due_on": "2026-11-30",
    "state": "declared",
    "paid_cents": 0,
    "version": 1,
    "actor_id": "2f1d8c53-6b0a-4d57-9a0c-52c1e6f1f0a3",
    "mails": True,
    "OwnPasskey.name": "Téléphone",
    "most": 10,
    "receives": True,
    "device": "Firefox, Windows",
    "current": True,
    "period": "2026-10",
    "category": "commercial_services",
    "turnover": 2400,
    "rate": "21.2",
    "contributions": 509,
    "training_rate": "0.1",
    "training": 2,
    "chamber_rate": "0.044",
    "chamber_tax": 1,
    "income_tax_rate": "1.7",
    "income_tax": 41,
    "total": 553,
    "acre": False,
    "rum": "AE35600000000048-001",
    "scheme": "core",
    "holder": "Michel Dupont",
    "iban_masked": "••••\u00a02606",
    "signed_at": _TIME,
    "pdf": "/api/me/sepa-mandates/AE35600000000048-001/pdf",
    "PaymentShown.id": _PAYMENT,
    "amount_cents": 50900,
    "debit_on": "2026-11-30",
    "PaymentShown.state": "ordered",
    "explanation": None,
    "cancellable_until": "2026-11-27T11:00:00Z",
    "created_at": _TIME,
    "principal_cents": 50900,
    "surcharges_cents": 0,
    "total_cents": 50900,
    "balance_cents": 50900,
    "InProgressShown.id": _PAYMENT,
    "InProgressShown.state": "ordered",
    "EntryShown.kind": "declared",
    "agreed_at_once": True,
    "remitted_cents": 0,
    "number": 1,
    "PlanShown.state": "running",
    "answer": None,
    "PlanShown.reason": "Un client important paie en retard.",
    "rule": None,
    "payment_id": None,
    "receipt": f"/api/me/payments/{_PAYMENT}/receipt",
}
_TYPED: Mapping[str, Any] = {"first_name": "Michel"}
"""The fields of requests whose type is that of another field."""
_FREE: Mapping[str, Any] = {
    "export_account": {
        "account": {"id": _ID, "last_name": "Dupont", "first_name": "Michel"},
        "activity": [],
        "sessions": [],
        "second_factor": None,
        "identities": [],
        "business": None,
        "declarations": [],
        "passkeys": [],
        "sepa_mandates": [],
        "payments": [],
        "plans": [],
    }
}
"""The answers whose fields have no schema, by operation."""
PARAMETERS: Mapping[str, Any] = {
    "session_id": "0" * 32,
    "passkey_id": "0" * 16,
    "identity_id": "0" * 16,
    "to": "/gerer",
    "intent": "login",
    "state": "A" * 96,
    "code": "code",
    "iss": "https://identite.example",
    "error": None,
    "limit": 20,
    "cursor": None,
    **dict.fromkeys(("read_period.code", "declare.code", "read_receipt.code"), "2026-10"),
    "read_periods.from": "2026-01",
    "read_periods.to": "2026-12",
    "read_periods.state": "open",
    "version": 1,
    "rum": "AE35600000000048-001",
    "order_payment.code": "2026-10",
    "order_payment.idempotency-key": "0f5a9c3e-2026-10-1",
    "read_payments.year": 2026,
    "payment_id": _PAYMENT,
}


def parameter(operation_id: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the example of a parameter of an address: the operation's own, or of that name."""
    return PARAMETERS.get(f"{operation_id}.{name}", PARAMETERS.get(name))


class NoExampleError(Exception):
    """A field has no example, and none can be made; the message says where to give one."""


def of_request(schema: Schema, schemas: Mapping[str, Schema]) -> object:
    """Return an example of a request's body."""
    return _value(schema, schemas, "", _TYPED)


def of_answer(operation_id: str, schema: Schema, schemas: Mapping[str, Schema]) -> object:
    """Return an example of an answer's body."""
    return _FREE.get(operation_id) or _value(schema, schemas, "", _FIELDS)


def _value(
    schema: Schema, schemas: Mapping[str, Schema], name: str, known: Mapping[str, Any]
) -> object:
    value: object
    if name in known:
        return known[name]
    match schema:
        case {"$ref": reference}:
            value = _value(schemas[str(reference).rpartition("/")[2]], schemas, name, known)
        case {"examples": [first, *_]} | {"enum": [first, *_]} | {"const": first}:
            value = first
        case {"anyOf": [first, *_]}:
            value = _value(first, schemas, name, known)
        case {"type": "object"}:
            value = {
                field: known.get(f"{schema.get('title')}.{field}")
                or _value(each, schemas, field, known)
                for field, each in schema.get("properties", {}).items()
                if each.get("type") != "null"
            }
        case {"type": "array", "items": items}:
            value = [_value(items, schemas, "", known)]
        case {"type": "boolean"}:
            value = False
        case {"type": "string"} if name.endswith("_at"):
            value = _TIME
        case _:
            raise NoExampleError(
                f"The field {name!r} has no example: give it one, in its type if a request has it"
                " (examples=[…]), else in tools/openapi/examples.py."
            )
    return value
