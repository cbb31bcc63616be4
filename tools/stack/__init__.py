"""The local stack: the real template, deployed by the SAM CLI into an AWS emulator."""
