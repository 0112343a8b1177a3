"""How often the links of a topic's mails are followed, without knowing by whom.

``linking`` gives a mail's links stored ones in their place, ``redirect`` leads on from these,
``tally`` counts, ``figures`` says what came of it. Off until a topic turns it on; docs/clicks.md.
"""
