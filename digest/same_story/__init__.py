"""Whether two briefings tell the same story: signatures, and what two of them say of each other.

``signature.py`` takes from a briefing what tells one story from another (names, numbers, days,
what happened); ``verdict.py`` compares two; ``pairing.py`` finds the pairs worth comparing among
many.  All pure; ``digest/folding.py`` brings them to a draft.
"""
