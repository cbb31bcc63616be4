"""The mails, as readers receive them."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

import portal
from portal.core import mail as core_mail
from portal.core.mail import Mail, Template, render
from tests.world.mails import (
    DOMAINS,
    FOLDERS,
    LINK,
    OF_NOTICES,
    SENT,
    TEMPLATES,
    VALUES,
    mail,
)
from tests.world.world import MAILS

CLOSED_SET = {("contact-message", "reason"), *((each, "is_agent") for each in VALUES)}
TYPED = [
    (template, name)
    for template, values in VALUES.items()
    for name, value in values.items()
    if isinstance(value, str) and (template, name) not in CLOSED_SET
]
HOSTILE = (
    '<b onclick="x">&amp;</b>\r\n\n- item\n\n> cited'
    "\u2028b\u2029c\ud800d\u202ee\x85f\x0bg\u2067{{ link }}"
)


def validation(**changes: str | datetime) -> Mail:
    """Render the validation mail of a synthetic person."""
    return mail("validation", **changes)


class Page(HTMLParser):
    """Collects the tags, links and visible text of an HTML body."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag."""
        self.tags.append(tag)
        self.attributes += attrs
        self._hidden = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag."""
        self._hidden = self._hidden and tag not in {"style", "title"}

    def handle_data(self, data: str) -> None:
        """Collect visible text."""
        if not self._hidden:
            self.text += data


def test_validation_says_what_the_guide_says() -> None:
    """The validation mail has the guide's subject, recap, button, warning and paragraph."""
    sent = validation()
    assert sent.subject == "Validation de votre adresse courriel"
    for body in (sent.text, Page(sent.html).text):
        for words in (
            "Date\u00a0: 01/07/2026\u00a0à\u00a012:04",
            "Nom\u00a0: Dupont",
            "Prénom\u00a0: Michel",
            "Téléphone\u00a0: 06\u00a012\u00a034\u00a056\u00a078",
            "Courriel\u00a0: michel.dupont@example.fr",
            "Valider mon adresse courriel",
            "ce lien expirera dans une heure",
            "les notifications dans votre fil d’activité",
        ):
            assert words in body


@pytest.mark.parametrize(
    ("template", "subject", "words"),
    [
        (
            "account-exists",
            "Vous avez déjà un compte",
            ["Me connecter", "Mot de passe oublié", "Vous n’avez rien à faire"],
        ),
        (
            "recovery",
            "Réinitialisation de votre mot de passe",
            [
                "Choisir un nouveau mot de passe",
                "ce lien expirera dans 30\u00a0minutes",
                "Seul le lien du dernier courriel",
                "votre mot de passe n’a pas changé",
            ],
        ),
        (
            "password-changed",
            "Votre mot de passe a été modifié",
            [
                "01/07/2026\u00a0à\u00a012:04",
                "sessions ont été fermées",
                "«\u00a0Mot de passe oublié\u00a0?\u00a0»",
                "«\u00a0Nous contacter\u00a0»",
            ],
        ),
        (
            "new-device",
            "Nouvelle connexion à votre compte",
            [
                "Date\u00a0: 01/07/2026\u00a0à\u00a012:04",
                "Appareil\u00a0: Firefox, Windows",
                "«\u00a0Mot de passe oublié\u00a0?\u00a0»",
            ],
        ),
        (
            "email-change",
            "Confirmez votre nouvelle adresse courriel",
            [
                "Confirmer mon adresse courriel",
                "ce lien expirera dans une heure",
                "en étant connecté",
                "Ignorez ce message",
            ],
        ),
        (
            "email-changed",
            "Votre adresse courriel a été modifiée",
            ["01/07/2026\u00a0à\u00a012:04", "Annuler ce changement", "dans les 7\u00a0jours"],
        ),
        (
            "email-restored",
            "Votre adresse courriel a été rétablie",
            [
                "01/07/2026\u00a0à\u00a012:04",
                "toutes les sessions ont été fermées",
                "Choisissez un nouveau mot de passe",
            ],
        ),
        (
            "deletion-scheduled",
            "Suppression de votre compte demandée",
            ["seront supprimés le 31/07/2026\u00a0à\u00a012:04", "connectez-vous avant cette date"],
        ),
        (
            "affiliation-confirmed",
            "Notification d’affiliation",
            [
                "01/07/2026\u00a0à\u00a012:04",
                "notification d’affiliation à la Sécurité sociale",
                "L’ensemble de vos services en ligne",
            ],
        ),
        (
            "affiliation-rejected",
            "Demande d’affiliation refusée",
            [
                "01/07/2026\u00a0à\u00a012:04",
                "Motif\u00a0: L’activité déclarée est réglementée.",
                "Que faire\u00a0?",
            ],
        ),
        (
            "contact-acknowledgement",
            "Nous avons bien reçu votre message",
            ["MFRGGZDF", "Ignorez ce message"],
        ),
        (
            "contact-message",
            "Message d’un usager",
            [
                "Numéro\u00a0: MFRGGZDF",
                "Date\u00a0: 01/07/2026\u00a0à\u00a012:04",
                "Motif\u00a0: J’ai une impossibilité d’inscription aux services en ligne",
                "Nom\u00a0: Dupont",
                "Prénom\u00a0: Michel",
                "Courriel (non vérifié)\u00a0: michel.dupont@example.fr",
                "Le lien ne marche pas.",
            ],
        ),
    ],
)
def test_other_mails(template: str, subject: str, words: list[str]) -> None:
    """Each mail says what happened and what to do."""
    sent = mail(template)
    assert sent.subject == subject
    for word in words:
        assert word in sent.text
        assert word in Page(sent.html).text


def test_agent() -> None:
    """A client whom an agent signed up reads who asked, and nothing of « your client »."""
    agent, holder = validation(is_agent="yes"), validation()
    assert agent.subject == holder.subject
    for read, other in (
        (agent.text, holder.text),
        (Page(agent.html).text, Page(holder.html).text),
    ):
        assert "Un mandataire a demandé cette inscription pour vous" in read
        assert "votre déclaration" in read
        assert "Vous n’avez confié cette démarche à personne" in read
        assert "client" not in read
        assert "mandataire" not in other


def test_rejection_without_a_reason() -> None:
    """A rejection without a known reason mentions none."""
    sent = mail("affiliation-rejected", reason="")
    assert "Motif" not in sent.text + sent.html
    assert "\n\n\n" not in sent.text


def test_login_motive() -> None:
    """The support reads the reason in the words of the form."""
    sent = mail("contact-message", reason="login-impossible")
    words = "Motif\u00a0: J’ai une impossibilité de connexion aux services en ligne"
    assert words in sent.text
    assert words in Page(sent.html).text


def test_acknowledgement_repeats_nothing_typed() -> None:
    """The acknowledgement goes to an unverified address, so it repeats nothing typed."""
    typed = {name: "typed" for name in VALUES["contact-message"] if name != "ticket"}
    assert mail("contact-acknowledgement", **typed) == mail("contact-acknowledgement")


@settings(deadline=None)  # a busy machine is no failure
@given(message=st.text(st.characters(exclude_categories=[])))
@example(f"Cordialement,\n\n- Numéro : 1\r\n> x\u2028y\n\n{'mot ' * 40}{'x' * 200}\n</blockquote>")
def test_a_message_is_quoted(message: str) -> None:
    """Every line of a message is quoted; the rest of the mail does not depend on it."""
    plain, sent = mail("contact-message"), mail("contact-message", message=message)
    ours, quoted = unquoted(sent)
    assert ours == unquoted(plain)[0]
    assert all(line.startswith("> ") and len(line) <= 72 for line in quoted)
    tags = [tag for tag in Page(sent.html).tags if tag != "br"]
    assert tags == [tag for tag in Page(plain.html).tags if tag != "br"] or not message


def test_a_message_keeps_its_lines() -> None:
    """The support reads the lines as typed, in both bodies."""
    sent = mail("contact-message")
    assert "\n\n> Bonjour,\n> \n> Le lien ne marche pas.\n> Merci\n\n" in sent.text
    assert "\nBonjour,<br>\n<br>\nLe lien ne marche pas.<br>\nMerci<br>\n" in sent.html


def unquoted(sent: Mail) -> tuple[list[str], list[str]]:
    """Return our own lines of a text body, and the quoted ones."""
    lines = sent.text.splitlines()
    quoted = [line for line in lines if line.startswith(">")]
    return [line for line in lines if not line.startswith(">")], quoted


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail(template: str) -> None:
    """Every mail has one button, its link as text, and the disclaimers."""
    sent = mail(template)
    page = Page(sent.html)
    assert sent.text.count(LINK) == 1
    assert page.text.count(LINK) == 1
    hrefs = [value for name, value in page.attributes if name == "href"]
    assert hrefs == [LINK, LINK]
    assert sent.html.count('<a class="button-text"') == 1
    for body in (sent.text, page.text):
        assert "site non officiel" in body
        assert "Merci de ne pas répondre" in body


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_fetched(template: str) -> None:
    """A mail loads nothing: no image, script, remote style, and no address but its link."""
    html = mail(template).html
    page = Page(html)
    assert not {"img", "script", "iframe", "link", "video", "object"} & set(page.tags)
    assert not {"src", "background", "srcset"} & {name for name, _ in page.attributes}
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"<\s]+", html)) == {LINK}


@pytest.mark.parametrize("template", TEMPLATES)
def test_html_for_everyone(template: str) -> None:
    """The HTML is declared French, fits a phone and follows the dark scheme."""
    html = mail(template).html
    assert html.startswith('<!DOCTYPE html>\n<html lang="fr">')
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "width=device-width" in html
    assert f"<title>{mail(template).subject}</title>" in html
    assert not re.search(r"(?<!max-)width: ?\d{3,}px", html)


@pytest.mark.parametrize("template", TEMPLATES)
def test_typography(template: str) -> None:
    """French signs have no-break spaces, apostrophes are curly, quotes are guillemets."""
    sent = mail(template)
    for body in (sent.text, Page(sent.html).text):
        prose = body.replace(LINK, "").replace("12:04", "")
        assert not re.search(r"(?<!\u00a0)[:;?!»]", re.sub(r"[?!]\u00a0»", "", prose))
        assert not re.search(r"«(?!\u00a0)", prose)
        assert "'" not in prose
        assert '"' not in prose


@pytest.mark.parametrize("template", TEMPLATES)
def test_typography_of_every_branch(template: str) -> None:
    """The same is true of texts that only some readers see."""
    source = source_of(template)
    assert not re.search(r"[ \n][:;?!»]|«(?!\u00a0)|'|\.\.\.", source)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+33612345678", "06\u00a012\u00a034\u00a056\u00a078"),
        ("+262692123456", "0692\u00a012\u00a034\u00a056"),
        ("+590690123456", "0690\u00a012\u00a034\u00a056"),
        ("+32470123456", "+32\u00a0470\u00a012\u00a034\u00a056"),
    ],
)
def test_phone(number: str, shown: str) -> None:
    """A number is shown as it is dialled in France, overseas too; a foreign one with its code."""
    assert f"Téléphone\u00a0: {shown}\n" in validation(mobile_phone=number).text


def test_dates_are_those_of_paris() -> None:
    """Times are those of Paris, in winter and in summer."""
    winter = validation(requested_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    assert "Date\u00a0: 24/11/2026\u00a0à\u00a000:30\n" in winter.text


@pytest.mark.guards("escaped-mails")
def test_names_are_escaped_in_html_only() -> None:
    """Mark-up in a value stays text: escaped in HTML, unchanged in the text body."""
    sent = validation(last_name='<b>D</b> & "x"')
    assert "<b>D" not in sent.html
    assert "&lt;b&gt;D&lt;/b&gt; &amp; &#34;x&#34;" in sent.html
    assert 'Nom\u00a0: <b>D</b> & "x"\n' in sent.text


def test_a_name_is_never_a_link() -> None:
    """A name shaped as a domain is split, so that no mail reader makes it a link."""
    sent = validation(last_name="example.com", first_name="J.-P.")
    assert "example.com\n" not in sent.text.replace("@example.com", "")
    assert "Nom\u00a0: example.\u200ccom\n" in sent.text
    assert "example.\u200ccom" in sent.html
    assert "Prénom\u00a0: J.-P.\n" in sent.text


@pytest.mark.guards("values-on-one-line")
@pytest.mark.parametrize(("template", "name"), [*TYPED, *((each, "link") for each in TEMPLATES)])
def test_hostile_values(template: str, name: str) -> None:
    """No value of any mail adds a line, a tag or an attribute, or reverses the text."""
    keeps_its_lines(template, name, HOSTILE)


@settings(deadline=None)  # a busy machine is no failure
@given(value=st.text(st.characters(exclude_categories=[])))
@example(HOSTILE)
def test_no_value_adds_a_line(value: str) -> None:
    """With any value, a mail keeps its lines, tags, direction and encoding."""
    keeps_its_lines("validation", "first_name", value)


def keeps_its_lines(template: str, name: str, value: str) -> None:
    """Check that a mail has the same form with one value as with another."""
    plain, sent = mail(template), mail(template, **{name: value})
    assert sent.subject == plain.subject
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068") & set(sent.text + sent.html)
    assert (sent.text + sent.html).encode()
    if name == "message":
        assert unquoted(sent)[0] == unquoted(plain)[0]
        assert "<b" not in sent.html.replace("<br>", "").replace("<body", "").replace(
            "<blockquote", ""
        )
        return
    assert len(sent.text.splitlines()) == len(plain.text.splitlines())
    page, expected = Page(sent.html), Page(plain.html)
    assert page.tags == expected.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in expected.attributes]


def test_unknown_template() -> None:
    """An unknown template is a programming error, and nothing is rendered."""
    with pytest.raises(TemplateNotFound):
        render(Template(FOLDERS[0], "surprise", "Surprise"), link=LINK)


def test_missing_value() -> None:
    """A missing value is an error, not a blank."""
    with pytest.raises(UndefinedError):
        render(SENT["account-exists"])


def test_every_template_has_a_subject() -> None:
    """Each template belongs to a mail, over one base for each body."""
    folders = [*Path(portal.__path__[0]).glob("*/templates")]
    names = [path.stem for folder in folders for path in folder.glob("*.j2") if folder in FOLDERS]
    assert sorted(names) == sorted(TEMPLATES) == sorted(SENT)
    (bases,) = set(folders) - set(FOLDERS)
    assert bases == Path(core_mail.__file__).with_name("templates")
    assert {path.name for path in bases.iterdir()} == {"base.txt.j2", "base.html.j2"}
    assert all(SENT[name].subject for name in names)


def test_every_kind_of_mail_has_its_template() -> None:
    """Each kind of mail has a template of its name; one more is for account holders."""
    assert {*MAILS, "account-exists"} == set(TEMPLATES)
    assert len(MAILS) == sum(len(domain.MAILS) for domain in DOMAINS)
    assert OF_NOTICES.keys() <= MAILS.keys()


def test_values_start_no_line() -> None:
    """No template starts a line with a value, which could look like an item or a quotation."""
    for template in TEMPLATES:
        source = source_of(template)
        assert not re.search(r"^\s*\{\{ (?!strong\(\")", source, re.MULTILINE), template


def source_of(template: str) -> str:
    """Return the source of a template."""
    return (SENT[template].folder / f"{template}.j2").read_text(encoding="utf-8")
