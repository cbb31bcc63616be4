"""`make release`: the portal is built and deployed to AWS, as `samconfig.toml` says.

What is deployed is what the repository says: each parameter has its value of samconfig.toml, or of
the command, or the template's default. A value given once by a command ends with the next release.

A stack that does not exist yet is created without protection, so that a failure removes all of it.
Then it is deployed again as it is to stay, and protected: stack-policy.json, and no deletion.
"""
