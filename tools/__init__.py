"""Programs for developers: the local stack, the guards, the audit; each is run by a make target."""
