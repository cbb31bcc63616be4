"""The account service of the auto-entrepreneur portal, shared by its functions."""
