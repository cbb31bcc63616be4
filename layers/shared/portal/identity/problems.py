"""The failures that a client of the account service can meet, each named once."""

from portal.core.problems import ProblemType

INVALID_CREDENTIALS = ProblemType(
    "invalid-credentials",
    401,
    "Connexion refusée",
    "L’identifiant ou le mot de passe est incorrect.",
)
SESSION_UNKNOWN = ProblemType(
    "not-found", 404, "Session introuvable", "Cette session est déjà terminée."
)
ALREADY_ACTIVE = ProblemType(
    "already-active",
    409,
    "Compte déjà actif",
    "Votre compte est déjà actif\u00a0: connectez-vous.",
)
IDENTITY_CONFLICT = ProblemType(
    "identity-conflict",
    409,
    "Un compte existe déjà",
    "Un compte existe déjà à cette adresse courriel.",
)
LINK_EXPIRED = ProblemType(
    "link-expired",
    410,
    "Lien expiré",
    "Ce lien a expiré. Un nouveau lien vous est adressé par courriel.",
)
RECOVERY_EXPIRED = ProblemType(
    "link-expired",
    410,
    "Lien expiré",
    "Ce lien a expiré, ou a été remplacé par un plus récent. Demandez-en un nouveau.",
)
CHANGE_EXPIRED = ProblemType(
    "link-expired",
    410,
    "Lien expiré",
    "Ce lien a expiré, a déjà servi ou a été remplacé par un plus récent.",
)
