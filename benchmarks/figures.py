"""The figures that this project set itself, each held against what was measured.  Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.peers import Speed

Bench = dict[str, Any]
"""What ``digest bench --json`` says."""


@dataclass(frozen=True)
class Row:
    """One figure of the table."""

    figure: str
    target: str
    measured: str
    remark: str = ""
    reached: bool | None = None  # None: there is nothing to judge by

    @property
    def verdict(self) -> str:
        return {True: "✓ reached", False: "✗ missed", None: "–"}[self.reached]


def missing(figure: str, target: str, what: str) -> Row:
    """A figure for which a program is wanting."""
    return Row(figure, target, "–", f"{what} is not installed")


def at_least(figure: str, least: float, value: float, form: str, remark: str = "") -> Row:
    return Row(figure, f"≥ {form.format(least)}", form.format(value), remark, value >= least)


def at_most(figure: str, most: float, value: float, form: str, remark: str = "") -> Row:
    return Row(figure, f"≤ {form.format(most)}", form.format(value), remark, value <= most)


def below(figure: str, most: float, value: float, form: str, remark: str = "") -> Row:
    return Row(figure, f"< {form.format(most)}", form.format(value), remark, value < most)


def mean(speeds: Sequence[Speed]) -> Speed:
    """Of runs before and after: what else goes on here comes and goes."""
    n = len(speeds)
    return Speed(sum(one.per_second for one in speeds) / n, sum(one.cpu_ms for one in speeds) / n)


def unsigned(ours: Bench, source: Sequence[Speed]) -> list[Row]:
    """PostgreSQL, two workers, the fast sink; smtp-source before and after on the same."""
    figure, least = "… against smtp-source -d -s 8", 0.7
    ratio = missing(figure, "≥ 0.70 ×", "smtp-source")
    if source:
        peer = mean(source)
        each = ", ".join(f"{one.per_second:,.0f}" for one in source)
        ratio = at_least(
            figure, least, ours["per_second"] / peer.per_second, "{:.2f} ×",
            f"smtp-source {each}/s, {peer.cpu_ms:.3f} ms",
        )  # fmt: skip
    return [
        at_least("Unsigned, PostgreSQL", 10_000, ours["per_second"], "{:,.0f}/s", sized(ours)),
        ratio,
        at_most("… CPU of the client, a message", 0.12, ours["cpu_ms"], "{:.3f} ms"),
    ]


def celery(ours: Bench) -> list[Row]:
    """Of the same run: what the queue and the ledger cost."""
    return [
        below("Celery's share of the time", 2, ours["celery_percent"], "{:.1f} %"),
        at_most(
            "Ledger: claim and result, a message", 30, ours["ledger_us"], "{:.0f} µs",
            "of clock, the wait for the database included",
        ),
    ]  # fmt: skip


def against_smtp_sink(ours: Bench, source: Sequence[Speed]) -> Row:
    """Both into Postfix's own sink, which is slower than either."""
    peer = mean(source)
    each = ", ".join(f"{one.per_second:,.0f}" for one in source)
    return at_least(
        "Into smtp-sink, against smtp-source", 0.95, ours["per_second"] / peer.per_second,
        "{:.2f} ×", f"{ours['per_second']:,.0f}/s; smtp-source {each}/s",
    )  # fmt: skip


def signed(ours: Bench, bare_ms: float) -> list[Row]:
    """With RSA-2048; ``bare_ms``: what one signature costs here, and nothing else."""
    return [
        at_least(
            "Signed by DKIM (RSA-2048)", 3000, ours["per_second"], "{:,.0f}/s", sized(ours)
        ),
        at_most(
            "… CPU of the client, a message", 0.5, ours["cpu_ms"], "{:.3f} ms",
            f"one bare signature here: {bare_ms:.3f} ms",
        ),
    ]  # fmt: skip


def embedded(ours: Bench) -> Row:
    return at_least(
        "Embedded: SQLite, unsigned", 6000, ours["per_second"], "{:,.0f}/s",
        f"{sized(ours)}, CPU {ours['cpu_ms']:.3f} ms",
    )  # fmt: skip


def far(ours: Bench, latency: float) -> Row:
    """A relay whose answers come late: one round trip a message is the limit."""
    limit = ours["connections"] * ours["workers"] / latency
    return at_least(
        f"Relay {latency * 1000:.0f} ms away, {ours['connections']} connections", 0.9 * limit,
        ours["per_second"], "{:,.0f}/s",
        f"{ours['per_second'] / limit:.2f} × {limit:,.0f}/s, one round trip a message",
    )  # fmt: skip


def growth(small: Bench, large: Bench) -> list[Row]:
    """How cost, memory and waiting grow with the audience."""
    few, many = small["messages"], large["messages"]
    fill = 1_000_000 / large["fill_per_second"]
    return [
        at_most(
            f"CPU a message: {many:,} against {few:,}", 1.2, large["cpu_ms"] / small["cpu_ms"],
            "{:.2f} ×",
            f"{large['cpu_ms']:.3f} and {small['cpu_ms']:.3f} ms; "
            f"{large['per_second']:,.0f} and {small['per_second']:,.0f}/s",
        ),
        below(
            f"Largest worker's memory at {many:,}", 300, large["memory_mb"], "{:.0f} MB",
            f"{small['memory_mb']:.0f} MB at {few:,}",
        ),
        below(f"First message after due, {many:,}", 3, large["first_after"], "{:.2f} s",
              f"{small['first_after']:.2f} s at {few:,}"),
        below(
            "Filling an audience of 1,000,000", 60, fill, "{:.0f} s",
            ("" if many >= 1_000_000 else f"by the rate at {many:,}; ")
            + f"complete {large['filled_after']:.1f} s after due, while sending",
        ),
    ]  # fmt: skip


def sized(ours: Bench) -> str:
    return f"{ours['messages']:,} of {ours['octets'] / 1000:.0f} kB"


NEEDS_POSTGRESQL = [
    missing("Unsigned, PostgreSQL", "≥ 10,000/s", "PostgreSQL"),
    missing("Signed by DKIM (RSA-2048)", "≥ 3,000/s", "PostgreSQL"),
    missing("Growth", "≤ 1.20 ×", "PostgreSQL"),
]
