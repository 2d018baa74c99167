"""The stateful campaign: every contract on one EVM, the reference model beside it, and a seeded life for both.

A sequence (campaign.py) draws calls (moves*.py) and moves of more than one step: weather.py for time, prices and feeds, trips.py for
actors who go in circles, scenes.py and squeeze.py for what random play seldom reaches, ending.py for pauses, closings and the
shutdown, guards.py for what must be refused. The player plays each step in both worlds (world.py, twin.py); the model says first
whether it must succeed. After each step everything stored is compared (snapshot.py, switches.py) and every invariant checked
(check_*.py, by id). notes.py counts what happened, report.py says what must have. fuzz.py plays for longer, or a failure again.
"""
