"""``python -m tools.openapi``: write the document."""

import sys

from tools.openapi.document import DOCUMENT, DocumentError, text

try:
    DOCUMENT.write_text(text())
except DocumentError as error:
    sys.exit(f"{error}")
