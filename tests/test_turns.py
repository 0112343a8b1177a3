"""Much work in pieces, between which others get to write."""

from unittest.mock import Mock

import pytest
from django.db import connection

from digest import turns


@pytest.mark.both_databases
@pytest.mark.django_db
def test_on_sqlite_others_get_to_write_between_two_pieces_and_nobody_rests_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Mock(
        sleep=Mock(), monotonic=Mock(side_effect=[0.0, 0.01, 1.0, 1.1, 2.0, 9.0, 9.0, 9.1])
    )
    monkeypatch.setattr(turns, "time", clock)
    assert list(turns.by_turns("abcd")) == list("abcd")
    rests = [call.args[0] for call in clock.sleep.call_args_list]
    expected = [turns.LEAST, pytest.approx(0.05), turns.MOST]
    assert rests == (expected if connection.vendor == "sqlite" else [])
