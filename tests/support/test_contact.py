"""Messages to the support."""

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from portal.core.records import DAY, HOUR
from portal.support import contact
from tests.world.use_cases import EMAIL
from tests.world.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world.functions import Answer, Gateway
    from tests.world.world import World

NIR = "2940375120005"
MASK = "[numéro de Sécurité sociale masqué]"
FORM: dict[str, Any] = {
    "reason": "signup-impossible",
    "last_name": "Dupont",
    "first_name": "Michèle",
    "email": EMAIL,
    "message": "Bonjour,\nle formulaire refuse mon numéro.",
}


@pytest.fixture
def write(gateway: "Gateway") -> "Callable[..., Answer]":
    """Return a function that sends the form."""

    def write(now: int = NOW, **changes: Any) -> "Answer":
        return gateway.ask("contact", "POST", "/api/contact", FORM | changes, now=now)

    return write


def test_a_message_is_accepted(world: "World", write: "Callable[..., Answer]") -> None:
    """The sender gets a ticket and an acknowledgement, the support the message."""
    answer = write()
    assert answer.status == 202
    ticket = answer.json["ticket"]
    assert len(ticket) == 8
    mails = {mail.to[0]: mail for mail in world.deliver()}
    assert set(mails) == {world.settings.support_mailbox, EMAIL}
    received = mails[world.settings.support_mailbox]
    assert received.subject == "Message d’un usager"
    for part in (ticket, "Dupont", "Michèle", EMAIL, "impossibilité d’inscription", "> Bonjour,"):
        assert part in received.text
    assert ticket in mails[EMAIL].text
    assert "formulaire refuse" not in mails[EMAIL].text, (
        "the acknowledgement contains no typed text"
    )
    assert "Dupont" not in mails[EMAIL].text
    assert not world.messages()


@pytest.mark.guards("rights-go-to-the-officer")
def test_a_request_about_personal_data(world: "World", write: "Callable[..., Answer]") -> None:
    """A request about personal data reaches the officer, and is answered within a month."""
    assert write(reason="personal-data", message="Corrigez mon nom.").status == 202
    mails = {mail.to[0]: mail for mail in world.deliver()}
    passed_on = mails.pop(world.settings.personal_data_mailbox)
    assert set(mails) == {EMAIL}
    assert passed_on.subject == "Demande sur des données personnelles"
    assert "J’ai une demande sur mes données personnelles" in passed_on.text
    assert "> Corrigez mon nom." in passed_on.text
    assert "dans le mois" in mails[EMAIL].text
    write(now=NOW + HOUR)
    assert not [mail for mail in world.deliver(NOW + HOUR) if "dans le mois" in mail.text]


def test_a_message_is_kept_ninety_days(world: "World", write: "Callable[..., Answer]") -> None:
    """A message is stored for 90 days. The outbox has nothing personal."""
    write()
    (item,) = world.items("CONTACT#")
    assert item["expires_at"]["N"] == str(NOW + 90 * DAY)
    waiting = str(world.items("OUTBOX#"))
    for personal in ("Dupont", EMAIL, "formulaire"):
        assert personal not in waiting


def test_acknowledgements_are_limited_and_messages_are_not(
    world: "World", write: "Callable[..., Answer]"
) -> None:
    """The form cannot flood anybody with mails, and every message arrives."""
    tickets = {write(NOW + at).json["ticket"] for at in (0, 1, 59, 60, 120, 180, HOUR)}
    assert len(tickets) == 7
    sent = [mail.to[0] for mail in world.deliver(NOW + HOUR)]
    assert sent.count(world.settings.support_mailbox) == 7
    assert sent.count(EMAIL) == 4
    assert len(world.items("CONTACT#")) == 7


def test_known_and_unknown_are_alike(world: "World", write: "Callable[..., Answer]") -> None:
    """The form does not look for an account: same answer, same calls."""
    world.open_account()
    seen: list[object] = []
    for email in (EMAIL, "nobody@example.fr"):
        with world.calls.counted() as made:
            answer = write(email=email)
        seen.append((answer.status, set(answer.json), made))
    assert seen == [seen[0]] * 2


@pytest.mark.guards("length-of-messages")
@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"reason": "other"}, "reason", "invalid-choice"),
        ({"message": ""}, "message", "required"),
        ({"message": " \n\t "}, "message", "required"),
        ({"message": "\u200b\u2060"}, "message", "required"),
        ({"message": "x" * 4001}, "message", "too-long"),
        ({"message": "a\0b"}, "message", "invalid-characters"),
        ({"message": "a\x1bb"}, "message", "invalid-characters"),
        ({"last_name": "http://evil.example"}, "last_name", "invalid-characters"),
        ({"email": "nothing"}, "email", "invalid-format"),
        ({"nir": NIR}, "nir", "unknown-field"),
    ],
)
def test_a_wrong_field_has_its_code(
    world: "World",
    write: "Callable[..., Answer]",
    change: dict[str, str],
    field: str,
    code: str,
) -> None:
    """Each refused field has its code, and nothing is written."""
    answer = write(**change)
    assert answer.status == 422
    codes = {error["field"]: error["code"] for error in answer.json["errors"]}
    assert set(codes) == {field}
    if field != "email":
        assert codes[field] == code
    assert not world.items("CONTACT#")


@pytest.mark.parametrize(
    "message", ["x" * 4000, "Ligne\r\nligne\n\n\tfin", "é" * 2000, "👋 <b>&amp;</b> {{x}} %s"]
)
def test_any_text_is_stored_unchanged(
    world: "World", write: "Callable[..., Answer]", message: str
) -> None:
    """Up to 4,000 characters of any script are stored and reach the support as text."""
    assert write(message=message).status == 202
    (item,) = world.items("CONTACT#")
    stored = item["message"]["S"]
    assert stored == unicodedata.normalize("NFC", message.replace("\r\n", "\n"))
    mail = next(m for m in world.deliver() if m.to == [world.settings.support_mailbox])
    assert "<b>" not in mail.html.partition("<body")[2].replace("<br>", "")


SPELLINGS = [
    NIR,
    NIR + "91",
    "2 94 03 75 120 005",
    "2 94 03 75 120 005 91",
    "2.94.03.75.120.005.91",
    "2-94-03-75-120-005-91",
    "2\u00a094\u00a003\u00a075\u00a0120\u00a0005\u00a091",
    "2\u202f94\u202f03\u202f75\u202f120\u202f005",
    "2 9 4 0 3 7 5 1 2 0 0 0 5",
    "2940375 120005",
    "2\t94\n03 75 120 005",
    "294032A120005",
    "2 94 03 2a 120 005 11",
    "2 94 03 2 B 120 005",
    "1 23 45 67 890 123",
    "7 94 03 75 120 005",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("text", ["{}", "Mon numéro ({}).", "n°{}", "NIR : {}, merci", "«{}»"])
def test_social_security_numbers_are_masked(spelling: str, text: str) -> None:
    """A NIR in a message is not stored, however it is written."""
    masked = contact.mask_nirs(text.format(spelling))
    assert MASK in masked
    assert "005" not in masked
    assert "120" not in masked
    assert masked.replace(MASK, "{}").strip() in {text, text.replace("{}", "{} 11"), text}


@pytest.mark.parametrize(
    "text",
    [
        f"NIR{NIR}",
        f"secu_{NIR}",
        f"{NIR}merci",
        "2/94/03/75/120/005",
        "2_94_03_75_120_005",
        "2  94  03  75  120  005",
        "2 - 94 - 03 - 75 - 120 - 005",
        "2\u201394\u201303\u201375\u2013120\u2013005",
        "2\u201194\u201103\u201175\u2011120\u2011005",
        "2,94,03,75,120,005",
        "２９４０３７５１２０００５",
        "2\u200b940375120005",
    ],
)
def test_unusual_spellings_are_masked_too(text: str) -> None:
    """A NIR next to a word, or with unusual marks between its digits, is not stored."""
    assert MASK in contact.mask_nirs(text)


@pytest.mark.parametrize(
    "text",
    [
        "06 12 34 56 78",
        "+33 6 12 34 56 78",
        "Siret 356 000 000 00048",
        "le 21/09/2026 à 14:13",
        "SIREN 356000000",
        "5 94 03 75 120 005",
        "Référence 12345678",
        "",
    ],
)
def test_other_numbers_are_not_masked(text: str) -> None:
    """Phones, dates, Siret and references stay readable, as the support needs them."""
    assert contact.mask_nirs(text) == text


def test_several_numbers_in_a_text() -> None:
    """Each NIR of a message is masked; other words and numbers stay."""
    text = f"Le mien : {NIR}91 ; celui de mon client : 1 23 45 67 890 123. Tél. 06 12 34 56 78."
    assert contact.mask_nirs(text) == (
        f"Le mien : {MASK} ; celui de mon client : {MASK}. Tél. 06 12 34 56 78."
    )


@pytest.mark.guards("nir-masked-in-messages")
def test_nothing_of_a_nir_is_stored_or_sent(world: "World", write: "Callable[..., Answer]") -> None:
    """A NIR typed in the form is neither in the table nor in a mail."""
    write(message=f"Mon numéro est le {NIR} 91.")
    assert NIR not in str(world.items())
    mails = world.deliver()
    assert len(mails) == 2
    assert all(NIR not in mail.text + mail.html for mail in mails)


def test_a_swept_message_is_not_sent(world: "World", write: "Callable[..., Answer]") -> None:
    """A mail whose message TTL removed is not sent, and leaves the outbox."""
    write()
    world.sweep("CONTACT#")
    assert world.deliver() == []
    assert not world.messages()


def test_the_form_shows_no_message_in_a_log() -> None:
    """The repr of a form, as in a log or a traceback, has no message."""
    form = contact.Form("signup-impossible", "Dupont", "Michèle", EMAIL, f"secret {NIR}")
    assert NIR not in repr(form)
