"""Measurements of the budgets: a module for each, one runner, one report. Nothing is deployed."""
