"""Lighthouse and the HTML checker on the portal: `make audit`."""
