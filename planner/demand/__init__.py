"""Demand: profiles, traces and growth become request rates per class, period and hour block. Nothing here knows any hardware."""
