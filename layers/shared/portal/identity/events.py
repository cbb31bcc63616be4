"""The events that the account service publishes."""

ACCOUNT_ACTIVATED = "AccountActivated"
ACCOUNT_DELETED = "AccountDeleted"
LOGIN_SUCCEEDED = "LoginSucceeded"
LOGIN_FAILED = "LoginFailed"
NUMBER_DISPUTED = "NumberDisputed"
PASSWORD_CHANGED = "PasswordChanged"  # noqa: S105 - the name of an event

EVENTS = (
    ACCOUNT_ACTIVATED,
    ACCOUNT_DELETED,
    LOGIN_SUCCEEDED,
    LOGIN_FAILED,
    NUMBER_DISPUTED,
    PASSWORD_CHANGED,
)
