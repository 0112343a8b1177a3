"""A segment's rule as a form of rows and groups, and back.

The form has one level of nesting: groups of which all, any or none must hold. A rule that goes
deeper is written as JSON. Pure: nothing here knows the request or the database.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from digest.errors import Refused
from subscribers import rules

How = Literal["all", "any", "none"]
WORDS = {
    "is": ("is", False),
    "is not": ("is", True),
    "is one of": ("in", False),
    "is none of": ("in", True),
    "contains": ("contains", False),
    "doesn't contain": ("contains", True),
    "is before": ("before", False),
    "is after": ("after", False),
    "is at least": ("at_least", False),
    "is at most": ("at_most", False),
    "isn't before": ("before", True),
    "isn't after": ("after", True),
    "isn't at least": ("at_least", True),
    "isn't at most": ("at_most", True),
    "is known": ("exists", False),
    "isn't known": ("exists", True),
}
"""What a row may ask, in words: the language's operator, and whether it is turned round."""

PARTS = {
    "": "everybody",
    "before 5": "5 in a hundred",
    "before 10": "10 in a hundred",
    "before 20": "20 in a hundred",
    "before 50": "half A",
    "at_least 50": "half B",
}
"""The part of them that a segment takes, as a sample's operator and number."""

UNNAMED = "Name the sample: under one name it is always the same people."
MOST_GROUPS, MOST_ROWS = 10, 50


@dataclass
class Row:
    """One condition, as it is typed."""

    field: str = ""
    asks: str = "is"
    value: str = ""
    problem: str = ""  # what is wrong with it, once somebody looked

    @property
    def is_blank(self) -> bool:
        return not self.field and not self.value


@dataclass
class Group:
    """Rows of which all, any or none must hold."""

    how: How = "all"
    rows: list[Row] = field(default_factory=list)


@dataclass
class Form:
    """The whole rule: all or any of the groups, and a part of whom that selects."""

    top: Literal["all", "any"] = "all"
    groups: list[Group] = field(default_factory=list)
    part: str = ""
    part_name: str = ""
    part_problem: str = ""  # what is wrong with the part

    @property
    def is_blank(self) -> bool:
        return not self.part and all(row.is_blank for group in self.groups for row in group.rows)


# ---- from what was typed to the rule ---------------------------------------------------------


def typed(sent: Mapping[str, str]) -> Form:
    """The form as it was sent: ``g0-how``, ``g0-r0-field``, ``g0-r0-asks``, ``g0-r0-value``…"""
    form = Form("any" if sent.get("top") == "any" else "all")
    form.part = sent.get("part", "") if sent.get("part", "") in PARTS else ""
    form.part_name = sent.get("part_name", "").strip()
    for g in range(MOST_GROUPS):
        if f"g{g}-how" not in sent:
            break
        how: How = next((one for one in get_args(How) if one == sent[f"g{g}-how"]), "all")
        form.groups.append(Group(how, list(_typed_rows(sent, f"g{g}-r"))))
    return form


def _typed_rows(sent: Mapping[str, str], prefix: str) -> Iterator[Row]:
    for r in range(MOST_ROWS):
        if f"{prefix}{r}-field" not in sent:
            return
        asks = sent.get(f"{prefix}{r}-asks", "is")
        yield Row(
            sent[f"{prefix}{r}-field"].strip(),
            asks if asks in WORDS else "is",
            sent.get(f"{prefix}{r}-value", "").strip(),
        )


def rule(form: Form) -> dict[str, Any]:
    """The rule that the form says; blank rows say nothing. It is for ``rules.read`` to judge."""
    nodes: list[Any] = []
    for group in form.groups:
        said = [_condition(row) for row in group.rows if not row.is_blank]
        if not said:
            continue
        if group.how == form.top:
            nodes += said
        elif group.how == "none":
            nodes.append({"not": {"any": said}})
        else:
            nodes.append({group.how: said})
    if not form.part:
        return {form.top: nodes}
    if not form.part_name:
        raise Refused(UNNAMED)
    operator, _, number = form.part.partition(" ")
    part = {"field": f"sample.{form.part_name}", operator: int(number)}
    if form.top == "all" or not nodes:
        return {"all": [*nodes, part]}
    return {"all": [{"any": nodes}, part]}


def _condition(row: Row) -> dict[str, Any]:
    operator, turned = WORDS[row.asks]
    said = {"field": row.field, operator: _value(row, operator)}
    return {"not": said} if turned else said


def _value(row: Row, operator: str) -> Any:
    if operator == "exists":
        return True
    if operator == "in":
        try:
            parts = next(csv.reader([row.value], skipinitialspace=True), [])
        except csv.Error as problem:
            raise Refused(f"The values of {row.field} can't be read: {problem}.") from None
        return [part.strip() for part in parts]
    if row.field.startswith(("attribute.", "sample.")) and operator not in {"is", "contains"}:
        try:
            return int(row.value)
        except ValueError:
            pass
        try:
            return float(row.value)
        except ValueError:
            return row.value
    return row.value


# ---- what is wrong with it -----------------------------------------------------------------------


def faults(form: Form) -> int:
    """Note at each row, in the form's own words, why it is none; how many that are."""
    rows = [row for group in form.groups for row in group.rows if not row.is_blank]
    for row in rows:
        row.problem = _fault(row)
    form.part_problem = UNNAMED if form.part and not form.part_name else ""
    return sum(bool(row.problem) for row in rows) + bool(form.part_problem)


def _fault(row: Row) -> str:
    operator, _ = WORDS[row.asks]
    asked = rules.OPERATORS.get(row.field.partition(".")[0], ())
    if asked and operator not in asked:
        known = ", ".join(f"“{word}”" for word, (meant, turned) in WORDS.items()
                          if meant in asked and not turned)  # fmt: skip
        return f"{row.field} can be asked: {known}, and the contrary of each."
    if asked and not row.value and operator != "exists":
        return "Write what it should be, or choose “is known”."
    try:
        rules.read({"field": row.field, operator: _value(row, operator)})
    except rules.Mistake as problem:
        return f"{problem.why[:1].upper()}{problem.why[1:]}"
    except Refused as problem:
        return str(problem)
    return ""


def blame(form: Form, mistake: rules.Mistake) -> bool:
    """Note a mistake at the row that it is about; False where it is about none."""
    rows = [row for group in form.groups for row in group.rows if not row.is_blank]
    for place, row in zip(_places(rule(form), ""), rows, strict=False):  # a part comes last
        if f"{mistake.place}.".startswith(f"{place}."):
            row.problem = f"{mistake.why[:1].upper()}{mistake.why[1:]}"
            return True
    return False


def _places(said: Any, place: str) -> Iterator[str]:
    """Where each condition of a rule stands, in the order of the rows that say them."""
    if "field" in said:
        yield place
        return
    ((word, inside),) = said.items()
    at = f"{place}.{word}" if place else word
    if word == "not":
        yield from _places(inside, at)
        return
    for index, part in enumerate(inside):
        yield from _places(part, f"{at}[{index}]")


# ---- from the rule to the form ------------------------------------------------------------------


def form(said: Any) -> Form | None:
    """The form that says this rule (one that ``rules.read`` takes); None where none can."""
    parts, part = _without_part(said)
    top: Literal["all", "any"] = "all"
    if len(parts) == 1 and part and "any" in parts[0]:
        top, parts = "any", parts[0]["any"]
    elif not part and "any" in said:
        top, parts = "any", said["any"]
    made = Form(top, [Group(top)])
    if part:
        kind, value = next((key, one) for key, one in part.items() if key != "field")
        made.part, made.part_name = f"{kind} {value:g}", part["field"].removeprefix("sample.")
    for one in parts:
        if (row := _row(one)) is not None:
            made.groups[0].rows.append(row)
        elif (group := _group(one)) is not None:
            made.groups.append(group)
        else:
            return None
    fits = len(made.groups) <= MOST_GROUPS and all(
        len(group.rows) <= MOST_ROWS for group in made.groups
    )
    return made if fits else None


def _without_part(said: Any) -> tuple[list[Any], dict[str, Any] | None]:
    """What the top says, and the sample at its end where the form has it as a part."""
    parts = said.get("all", [said])
    last = parts[-1]
    if "all" in said and str(last.get("field", "")).startswith("sample."):
        (kind, value), *_ = ((key, one) for key, one in last.items() if key != "field")
        if f"{kind} {value:g}" in PARTS:
            return parts[:-1], last
    return parts, None


def _row(said: Any) -> Row | None:
    """A condition, or a condition turned round, as a row."""
    turned = "not" in said
    said = said["not"] if turned else said
    if "field" not in said:
        return None
    (operator, value), *_ = ((key, one) for key, one in said.items() if key != "field")
    asks = next((word for word, meant in WORDS.items() if meant == (operator, turned)), None)
    texts = value if isinstance(value, list) else [value]
    # Blanks around a value are lost on the way through a form, and mean something in a rule.
    if asks is None or any(isinstance(text, str) and text != text.strip() for text in texts):
        return None
    return Row(said["field"], asks, _written(operator, value))


def _written(operator: str, value: Any) -> str:
    if operator == "exists":
        return ""
    if operator != "in":
        return str(value)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(value)
    return out.getvalue().replace(",", ", ") if '"' not in out.getvalue() else out.getvalue()


def _group(said: Any) -> Group | None:
    if "field" in said:
        return None
    how: How = "none" if "not" in said else "all" if "all" in said else "any"
    inside = said["not"] if how == "none" else said
    if how == "none" and "any" not in inside:
        return None
    rows = [_row(one) for one in (inside["any"] if how == "none" else inside[how])]
    return None if None in rows else Group(how, [row for row in rows if row])
