"""The OpenAPI document of all functions: their routes, with the problems that any route may have.

``make openapi`` writes it into the folder of the web function, which serves it and the page
``/api/docs``, made of it. A test checks that it is up to date.
"""

from tools.openapi.document import DOCUMENT, ROOT, DocumentError, build, load_app, merge, text

__all__ = ["DOCUMENT", "ROOT", "DocumentError", "build", "load_app", "merge", "text"]
