"""The notices of the account service."""

from collections.abc import Sequence

from portal.core.feed import YEAR, Activity, Kind, Text, entry
from portal.identity import passkey_feed
from portal.identity.records import Registration

WELCOME = Kind(
    "welcome",
    "Bienvenue",
    "Bienvenue {first_name} {last_name} sur votre nouvel espace personnel en ligne. Ce "
    "dernier vous permet d’accéder, en quelques clics, à l’ensemble des services dédiés "
    "aux auto-entrepreneurs.",
    agent=Text(
        "Bienvenue",
        "Bienvenue {first_name} {last_name} sur votre nouvel espace personnel en ligne. Une "
        "personne qui s’est présentée comme votre mandataire en a demandé l’ouverture. Il est à "
        "votre nom, et son mot de passe n’est connu que de vous.",
    ),
)
AFFILIATION_REQUESTED = Kind(
    "affiliation-requested",
    "Demande d’affiliation reçue",
    "Votre déclaration de début d’activité est en cours de validation. Dès qu’elle sera "
    "confirmée, vous recevrez ici une notification d’affiliation à la Sécurité sociale et"
    " vos services en ligne s’ouvriront.",
)
NEW_DEVICE = Kind(
    "new-device",
    "Connexion depuis un nouvel appareil",
    "Une connexion a eu lieu depuis un appareil que nous ne connaissions pas\u00a0: "
    "{device}. Si ce n’était pas vous, changez votre mot de passe.",
    # guard: new-device-is-told
    mail="Nouvelle connexion à votre compte",
    keep=YEAR,
)
PASSWORD_CHANGED = Kind(
    "password-changed",
    "Mot de passe modifié",
    "Votre mot de passe a été modifié et vos autres sessions ont été fermées.",
    # guard: password-change-is-told
    mail="Votre mot de passe a été modifié",
    keep=YEAR,
)
PHONE_CHANGED = Kind(
    "phone-changed",
    "Téléphone modifié",
    "Votre numéro de téléphone mobile a été modifié.",
    keep=YEAR,
)
IDENTITY_CORRECTED = Kind(
    "identity-corrected",
    "Informations corrigées",
    "Vous avez corrigé\u00a0: {what}. Si ce n’était pas vous, changez votre mot de passe et "
    "écrivez-nous par «\u00a0Nous contacter\u00a0».",
    # guard: correction-is-told
    mail="Vos informations ont été corrigées",
    keep=YEAR,
)
IDENTITY_CORRECTED_WITH_PROOF = Kind(
    "identity-corrected-with-proof",
    "Informations corrigées à votre demande",
    "Corrigé après vérification d’un justificatif\u00a0: {what} (dossier {proof}). Si vous n’avez "
    "rien demandé, écrivez-nous par «\u00a0Nous contacter\u00a0».",
    mail="Vos informations ont été corrigées à votre demande",
    keep=YEAR,
)
EMAIL_CHANGED = Kind(
    "email-changed",
    "Adresse courriel modifiée",
    "Votre adresse courriel a été modifiée et vos autres sessions ont été fermées. "
    "Pendant 7\u00a0jours, l’ancienne adresse permet d’annuler ce changement.",
    keep=YEAR,
)
EMAIL_WITHDRAWN = Kind(
    "email-change-withdrawn",
    "Changement d’adresse retiré",
    "Vous avez retiré votre demande de changement d’adresse courriel.",
    keep=YEAR,
)
EMAIL_RESTORED = Kind(
    "email-restored",
    "Adresse courriel rétablie",
    "Votre ancienne adresse courriel a été rétablie. Votre mot de passe et vos appareils connus ne "
    "sont plus reconnus, et toutes vos sessions ont été fermées.",
    mail="Votre adresse courriel a été rétablie",
    keep=YEAR,
)
NUMBER_CLAIMED = Kind(
    "number-claimed",
    "Numéro déjà rattaché à un autre compte",
    "{numbers}\u00a0: un autre compte a déjà déclaré ce que vous avez indiqué. Votre compte est "
    "ouvert sans attendre\u00a0; connectez-vous avec votre adresse courriel. Quand votre "
    "affiliation sera confirmée, ce que vous avez indiqué sera rattaché à votre compte.",
    mail="Un numéro que vous avez indiqué est en attente",
    keep=YEAR,
)
NUMBER_GAINED = Kind(
    "number-gained",
    "Numéro rattaché à votre compte",
    "{numbers}\u00a0: votre affiliation étant confirmée, ce que vous aviez indiqué est désormais "
    "rattaché à votre compte.",
    keep=YEAR,
)
NUMBER_LOST = Kind(
    "number-lost",
    "Numéro retiré de votre compte",
    "{numbers}\u00a0: l’affiliation d’un autre compte vient d’être confirmée avec ce que vous "
    "aviez indiqué, qui n’est plus rattaché au vôtre. Connectez-vous avec votre adresse "
    "courriel. Si c’est bien le vôtre, écrivez-nous par «\u00a0Nous contacter\u00a0».",
    mail="Un numéro a été retiré de votre compte",
    keep=YEAR,
)
NUMBER_DISPUTED = Kind(
    "number-disputed",
    "Numéro en cours de vérification",
    "{numbers}\u00a0: un autre compte, dont l’affiliation est confirmée elle aussi, a déclaré la "
    "même chose. Nous vérifions auquel des deux comptes la rattacher.",
    keep=YEAR,
)
SECOND_FACTOR_ADDED = Kind(
    "second-factor-added",
    "Double vérification activée",
    "Un code de votre application est désormais demandé après votre mot de passe. Vos autres "
    "sessions ont été fermées.",
    # guard: second-factor-is-told
    mail="La double vérification est activée",
    keep=YEAR,
)
SECOND_FACTOR_REMOVED = Kind(
    "second-factor-removed",
    "Double vérification retirée",
    "Votre mot de passe suffit désormais pour vous connecter. Si ce n’était pas vous, changez-le "
    "et activez de nouveau la double vérification.",
    # guard: removal-is-told
    mail="La double vérification est retirée",
    keep=YEAR,
)
SECOND_FACTOR_LEAVING = Kind(
    "second-factor-leaving",
    "Retrait de la double vérification demandé",
    "L’assistance retirera votre double vérification dans trois jours. Pour la garder, ouvrez "
    "d’ici là le lien du courriel, ou connectez-vous avec votre code : cela annule le retrait.",
    keep=YEAR,
)
SECOND_FACTOR_KEPT = Kind(
    "second-factor-kept",
    "Double vérification conservée",
    "Le retrait demandé à l’assistance est annulé, par le lien d’un courriel ou par une connexion "
    "avec votre code.",
    mail="Votre double vérification est conservée",
    keep=YEAR,
)
RECOVERY_CODES_MADE = Kind(
    "recovery-codes-made",
    "Nouveaux codes de secours",
    "Dix codes de secours ont été créés. Les précédents ne fonctionnent plus.",
    mail="Vos codes de secours ont changé",
    keep=YEAR,
)
RECOVERY_CODE_USED = Kind(
    "recovery-code-used",
    "Code de secours utilisé",
    "Un code de secours a servi à une connexion. Il vous en reste {left}.",
    mail="Un code de secours a été utilisé",
    keep=YEAR,
)
IDENTITY_LINKED = Kind(
    "identity-linked",
    "Connexion associée",
    "Vous pouvez maintenant vous connecter avec {provider}. Si ce n’était pas vous, retirez cette "
    "connexion dans «\u00a0Mon compte\u00a0» et changez votre mot de passe.",
    # guard: linked-identity-is-told
    mail="Une connexion a été associée à votre compte",
    keep=YEAR,
)
IDENTITY_REMOVED = Kind(
    "identity-removed",
    "Connexion retirée",
    "{provider} n’ouvre plus votre compte, et vos autres sessions ont été fermées. Si ce n’était "
    "pas vous, changez votre mot de passe.",
    # guard: removed-identity-is-told
    mail="Une connexion a été retirée de votre compte",
    keep=YEAR,
)
SESSION_ENDED = Kind(
    "session-ended",
    "Session fermée",
    "Vous avez fermé une session\u00a0: {device}.",
    keep=YEAR,
)
OTHER_SESSIONS_ENDED = Kind(
    "other-sessions-ended",
    "Autres sessions fermées",
    "Vous avez fermé vos autres sessions.",
    keep=YEAR,
)
SESSIONS_ENDED = Kind(
    "sessions-ended",
    "Sessions fermées",
    "L’assistance a fermé toutes vos sessions et mis fin à votre mot de passe. Pour en choisir un "
    "autre\u00a0: «\u00a0Mot de passe oublié\u00a0?\u00a0».",
    mail="Choisissez un nouveau mot de passe",
    keep=YEAR,
)
MAIL_BOUNCING = Kind(
    "mail-bouncing",
    "Vos courriels nous reviennent",
    "Un courriel envoyé à votre adresse nous est revenu. Vérifiez cette adresse ou modifiez-la.",
)
DELETION_SCHEDULED = Kind(
    "deletion-scheduled",
    "Suppression du compte demandée",
    "Votre compte sera supprimé dans 30\u00a0jours. Vous pouvez changer d’avis jusque-là.",
    mail="Suppression de votre compte demandée",
)
DELETION_CANCELLED = Kind(
    "deletion-cancelled",
    "Compte conservé",
    "La suppression de votre compte est annulée.",
)
UNUSED = Kind(
    "account-unused",
    "Compte inutilisé",
    "Personne ne se connecte plus à ce compte\u00a0: il devait être supprimé le {date}, sauf "
    "connexion de votre part avant cette date.",
)

KINDS = (
    WELCOME,
    AFFILIATION_REQUESTED,
    NEW_DEVICE,
    PASSWORD_CHANGED,
    PHONE_CHANGED,
    IDENTITY_CORRECTED,
    IDENTITY_CORRECTED_WITH_PROOF,
    EMAIL_CHANGED,
    EMAIL_WITHDRAWN,
    EMAIL_RESTORED,
    NUMBER_CLAIMED,
    NUMBER_GAINED,
    NUMBER_LOST,
    NUMBER_DISPUTED,
    SECOND_FACTOR_ADDED,
    SECOND_FACTOR_REMOVED,
    SECOND_FACTOR_LEAVING,
    SECOND_FACTOR_KEPT,
    RECOVERY_CODES_MADE,
    RECOVERY_CODE_USED,
    IDENTITY_LINKED,
    IDENTITY_REMOVED,
    *passkey_feed.KINDS,
    SESSION_ENDED,
    OTHER_SESSIONS_ENDED,
    SESSIONS_ENDED,
    MAIL_BOUNCING,
    DELETION_SCHEDULED,
    DELETION_CANCELLED,
    UNUSED,
)


def first_entries(registration: Registration, now: int) -> Sequence[Activity]:
    """Return the entries that a feed starts with."""
    account_id, is_agent = registration.account_id, registration.is_agent
    return [
        entry(AFFILIATION_REQUESTED, account_id, now, actor=account_id, order=0),
        entry(
            WELCOME,
            account_id,
            now,
            actor=account_id,
            order=1,
            is_agent=is_agent,
            about={
                "first_name": registration.first_name.upper(),
                "last_name": registration.last_name.upper(),
            },
        ),
    ]
