"""The events that the declarations publish: ids only."""

TURNOVER_DECLARED = "TurnoverDeclared"

EVENTS = (TURNOVER_DECLARED,)
