"""The failures that a client of the account service can meet, each named once."""

from portal.core.problems import ProblemType

INVALID_CREDENTIALS = ProblemType(
    "invalid-credentials",
    401,
    "Connexion refusée",
    "L’identifiant ou le mot de passe est incorrect.",
)
INVALID_CODE = ProblemType(
    "invalid-code",
    401,
    "Code refusé",
    "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant dans votre application.",
)
TICKET_EXPIRED = ProblemType(
    "ticket-expired",
    410,
    "Connexion à reprendre",
    "Cette connexion a attendu trop longtemps. Saisissez de nouveau votre mot de passe.",
)
SECOND_FACTOR_ON = ProblemType(
    "second-factor-on",
    409,
    "Double vérification déjà active",
    "La double vérification est déjà active. Pour changer d’application, retirez-la d’abord.",
)
SECOND_FACTOR_OFF = ProblemType(
    "second-factor-off",
    409,
    "Double vérification inactive",
    "Activez d’abord la double vérification.",
)
PROVIDER_CANCELLED = ProblemType(
    "provider-cancelled",
    403,
    "Connexion abandonnée",
    "Votre identité n’a pas été confirmée\u00a0: la connexion a été abandonnée ou refusée.",
)
PROVIDER_REFUSED = ProblemType(
    "provider-refused",
    403,
    "Confirmation refusée",
    "La confirmation de votre identité n’est pas valable. Recommencez.",
)
PROVIDER_EXPIRED = ProblemType(
    "provider-expired",
    410,
    "Connexion à reprendre",
    "Cette connexion a attendu trop longtemps, a déjà servi, ou a commencé dans un autre "
    "navigateur. Recommencez.",
)
IDENTITY_ELSEWHERE = ProblemType(
    "identity-elsewhere",
    409,
    "Identité d’un autre compte",
    "Cette identité n’est pas celle qui est associée à ce compte, ou un autre compte l’a déjà.",
)
IDENTITY_UNKNOWN = ProblemType(
    "not-found", 404, "Identité introuvable", "Cette identité n’est plus associée à votre compte."
)
PASSKEY_REFUSED = ProblemType(
    "invalid-credentials",
    401,
    "Connexion refusée",
    "Cette clé d’accès n’a pas été acceptée. Réessayez, ou utilisez votre mot de passe.",
)
PASSKEY_KNOWN = ProblemType(
    "passkey-known",
    409,
    "Clé d’accès déjà ajoutée",
    "Cette clé d’accès ouvre déjà votre compte.",
)
TOO_MANY_PASSKEYS = ProblemType(
    "too-many-passkeys",
    409,
    "Trop de clés d’accès",
    "Votre compte a déjà dix clés d’accès. Retirez-en une pour en ajouter une autre.",
)
PASSKEY_UNKNOWN = ProblemType(
    "not-found", 404, "Clé d’accès introuvable", "Cette clé d’accès a déjà été retirée."
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
IDENTITY_CONFIRMED = ProblemType(
    "identity-confirmed",
    409,
    "Identité confirmée",
    "Votre affiliation est confirmée avec ces informations. Pour les corriger, écrivez-nous par "
    "«\u00a0Nous contacter\u00a0», avec le motif «\u00a0J’ai une demande sur mes données "
    "personnelles\u00a0».",
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
