"""A small internet on loopback.

NSD serves the zones in `zones/`, Unbound resolves and validates; a relay before them counts the questions and makes the weather.
"""
