"""What must hold when something breaks: one module for each fault.

=============================================== =====================================
fault                                           module
=============================================== =====================================
a worker killed mid-batch, many times           ``test_worker_killed.py``
beat killed; two beats                          ``test_beats.py``
the broker flushed; down for minutes            ``test_broker_lost.py``
PostgreSQL restarted; its connections cut       ``test_postgresql_restarted.py``
disk full                                       ``test_disk_full.py``
4xx, 5xx and 421 for some recipients            ``test_recipient_refused.py``
a connection dropped before, after the dot      ``test_connection_dropped.py``
a server of a byte a second; a silent one       ``test_slow_and_silent_servers.py``
TLS refused, a bad certificate; no such name    ``test_tls_and_names.py``
a clock a day off; DST; an old backup restored  ``test_clocks.py``, ``test_backup_restored.py``
a poison briefing or template                   ``test_poison.py``
somebody leaves during the send                 ``test_unsubscribe_during_the_send.py``
the pages killed while people leave             ``test_web_killed.py``
an edit during the send                         ``test_edit_during_the_send.py``
pause, cancel                                   ``test_pause_and_cancel.py``
a deploy with a migration                       ``test_deploy.py``
an audience of a million                        ``test_audience_of_a_million.py``
=============================================== =====================================

The checker of them all is the drill's (``workers/drill/checker.py``): nobody is mailed twice,
whoever is accepted in the ledger is at the relay, whoever is at the relay is accepted or
uncertain, and the states add up to the audience.
"""
