"""Times as ops read them: short, in the topic's zone, the day only where it isn't today."""

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest.templatetags.house import place


def clock(at: dt.datetime, zone: str, now: dt.datetime) -> str:
    """ "15:09 London"; "Mon 18 May, 15:09 London"; with the year where it is another."""
    local, today = _local(at, zone), _local(now, zone)
    time = f"{local:%H:%M} {place(zone)}"
    if local.date() == today.date():
        return time
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {time}"


def span(length: dt.timedelta) -> str:
    """A length of time as "1 h 29 min"; what is shorter than a minute in seconds."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    said = [f"{n} {unit}" for n, unit in parts if n]
    return " ".join(said[:2])


def _local(at: dt.datetime, zone: str) -> dt.datetime:
    try:
        return at.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(dt.UTC)
