"""What developers run: the local stack, the guards, the audit; each behind a target of make."""
