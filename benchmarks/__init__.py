"""Measures of the budgets: one module for each, one runner, one report; nothing is deployed."""
