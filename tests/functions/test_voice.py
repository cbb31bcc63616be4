"""What pages, mails, problems and scripts say: one voice, one name, nothing outdated."""

import re
from collections.abc import Iterator

import pytest

from portal.core.mail import Mail
from tests.world.cloud import ROOT
from tests.world.mails import TEMPLATES, mail

SOURCES = sorted(
    path
    for pattern in (
        "functions/web/templates/*.j2",
        "functions/web/content/*/*.md",
        "functions/web/assets/*.js",
        "functions/web/assets/*.webmanifest",
        "functions/*/app.py",
        "layers/shared/portal/*/*.py",
        "layers/shared/portal/*/templates/*.j2",
        "template.yaml",
    )
    for path in ROOT.glob(pattern)
)
ENDING = re.compile(r"(?<!fait pas )\b(modifier|cesser)\b[^.]{0,20}\bactivité", re.IGNORECASE)
SAID_BY_PEOPLE = "found_by="
"""Words by which the search finds a page: people's, not ours."""


def paragraphs() -> Iterator[tuple[str, str]]:
    """Return each line of the sources that people read, with its file's name."""
    for path in SOURCES:
        for line in path.read_text().splitlines():
            if SAID_BY_PEOPLE not in line:
                yield str(path.relative_to(ROOT)), line


def test_the_phone_is_for_the_activity() -> None:
    """Wherever 3698 is given, it is the Urssaf's and for the activity, never for this site."""
    given = [(name, line) for name, line in paragraphs() if "3698" in line]
    assert len({name for name, _ in given}) > 5, "pages, articles and mails give it"
    for name, line in given:
        assert "Urssaf" in line, f"{name}: {line}"
        assert re.search(r"activité|cotisations", line), f"{name}: {line}"
        assert not re.search(r"mot de passe|JavaScript|connexion", line), f"{name}: {line}"


def test_advisers_are_the_urssafs() -> None:
    """« Conseiller » is said of the Urssaf only; who answers for this site is « l’assistance »."""
    for name, line in paragraphs():
        if re.search(r"\bconseillers?\b", line):
            assert "Urssaf" in line, f"{name}: {line}"


def test_an_activity_is_created_changed_and_ended_elsewhere() -> None:
    """No text says that this site creates, changes or ends an activity: the guichet unique does."""
    for name, line in paragraphs():
        assert not re.search(r"(inscription|auto-entrepreneur) .*en quelques clics", line), name
        if ENDING.search(line):
            assert "guichet unique" in line or name.endswith("14-modifier-cesser.md"), (name, line)


def test_the_product_has_one_name() -> None:
    """Pages, mails and the manifest call the product « espace auto-entrepreneur »."""
    for name, line in paragraphs():
        words = re.sub(r"https?://\S+|autoentrepreneur\.urssaf\.fr", "", line)
        assert "Autoentrepreneur" not in words, f"{name}: {line}"
        if name.endswith((".j2", ".md", ".js", ".webmanifest")):
            assert not re.search(r"\bPortail\b", words), f"{name}: {line}"
    assert 'MAIL_FROM: !Sub "Espace auto-entrepreneur <' in (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_first_says_what_the_site_is(template: str) -> None:
    """Both bodies begin with: a demonstration, unofficial, without link to the Urssaf."""
    sent = mail(template)
    for body in bodies(sent):
        start = " ".join(body.split()[:16])
        assert start.startswith("Espace auto-entrepreneur")
        assert "démonstration, site non officiel, sans lien avec l’Urssaf" in start


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_says_who_answers(template: str) -> None:
    """A mail says where to write about this site; none asks for a reply that it then forbids."""
    for body in bodies(mail(template)):
        assert "Merci de ne pas répondre" in body
        assert not re.search(r"\brépond(ez|re à ce courriel)\b", body, re.IGNORECASE)
        if template != "contact-message":
            assert "«\u00a0Nous contacter\u00a0»" in body
            assert "conseiller Urssaf au\u00a03698 (service gratuit + prix appel)" in body


@pytest.mark.parametrize("reason", ["signup-impossible", "login-impossible", "personal-data"])
def test_the_support_is_asked_for_no_reply(reason: str) -> None:
    """Whatever the motive, the support reads where to write, and is not asked to reply."""
    for body in bodies(mail("contact-message", reason=reason)):
        assert "Écrivez-lui à l’adresse qu’il indique" in body
        assert not re.search(r"\brépond(ez|re à ce courriel)\b", body, re.IGNORECASE)


def test_a_late_click_sends_a_fresh_link() -> None:
    """The validation mail says, as the guide does, that a click after an hour sends a new link."""
    for body in bodies(mail("validation")):
        assert "Si vous dépassez cette durée" in body
        assert "un nouveau lien vous sera adressé" in body
        assert "votre espace auto-entrepreneur" in body


def bodies(sent: Mail) -> tuple[str, str]:
    """Return the text body of a mail, and the visible text of its HTML body."""
    html = re.sub(r"<(style|title)\b.*?</\1>", "", sent.html, flags=re.DOTALL)
    return sent.text, " ".join(re.sub(r"<[^>]*>", " ", html).split(" "))
