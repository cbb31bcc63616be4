"""The local stack: the real template, deployed by the real tool into an AWS emulator."""
