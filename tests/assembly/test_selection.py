from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly import adaptive, selection
from assembly.qti.assessment import (
    AdaptiveSettings,
    AssessmentTest,
    Child,
    ItemRef,
    Section,
    Selection,
    TestPart,
)
from assembly.selection import Mode, Order, PlannedItem, Select, SelectionError, Stream, TestPlan

STREAM = Stream(bytes(range(32)))
KEYS = st.binary(min_size=1, max_size=32)


def ref(identifier: str, *, required: bool = False, fixed: bool = False) -> ItemRef:
    return ItemRef(identifier=identifier, href=f"{identifier}.xml", required=required, fixed=fixed)


def refs(names: str) -> tuple[ItemRef, ...]:
    """Item refs from words; `!` marks a required one, `*` a fixed one."""
    return tuple(
        ref(name.strip("!*"), required="!" in name, fixed="*" in name) for name in names.split()
    )


def section(
    identifier: str,
    children: str | Sequence[Child],
    *,
    select: Selection | None = None,
    shuffle: bool = False,
    visible: bool = True,
    keep_together: bool = True,
    fixed: bool = False,
) -> Section:
    return Section(
        identifier=identifier,
        title=identifier,
        selection=select,
        ordering_shuffle=shuffle,
        visible=visible,
        keep_together=keep_together,
        fixed=fixed,
        children=refs(children) if isinstance(children, str) else tuple(children),
    )


def a_test(*sections: Section, identifier: str = "demo") -> AssessmentTest:
    return AssessmentTest(
        identifier=identifier,
        title="Demo",
        parts=(TestPart(identifier="P1", children=sections),),
    )


def keys(plan: TestPlan) -> list[str]:
    return [item.key for item in plan.items]


def planned(
    *sections: Section, stream: Stream = STREAM, mode: Mode = selection.AS_WRITTEN
) -> list[str]:
    return keys(selection.plan(a_test(*sections), stream, mode=mode))


# The stream


def test_stream_gives_the_published_permutation() -> None:
    order = STREAM.permutation(10, "demo|section:S1|order|")
    assert order == [2, 4, 0, 6, 5, 1, 8, 9, 3, 7]


def test_section_is_ordered_by_the_published_label() -> None:
    names = [f"Q{n}" for n in range(10)]
    found = planned(section("S1", " ".join(names), shuffle=True))
    assert found == [names[n] for n in (2, 4, 0, 6, 5, 1, 8, 9, 3, 7)]


def test_every_order_is_as_likely_as_any_other() -> None:
    seen = Counter(tuple(STREAM.permutation(4, f"trial {n}|")) for n in range(4800))
    assert set(seen) == set(permutations(range(4)))
    # 23 degrees of freedom: a fair shuffle passes 49.7 once in a thousand keys.
    assert sum((count - 200) ** 2 / 200 for count in seen.values()) < 49.7


@given(KEYS, st.integers(1, 2**64), st.text(max_size=20))
def test_below_stays_below(key: bytes, n: int, label: str) -> None:
    assert 0 <= Stream(key).below(n, label) < n


@given(KEYS, st.integers(0, 200))
def test_permutation_is_a_permutation_and_repeatable(key: bytes, n: int) -> None:
    order = Stream(key).permutation(n, "label")
    assert sorted(order) == list(range(n))
    assert order == Stream(key).permutation(n, "label")


def test_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        STREAM.below(0, "label")


def test_sessions_have_keys_of_their_own_and_the_commitment_is_a_hash() -> None:
    secret = bytes(32)
    first = selection.session_key(secret, sitting="1", session="a")
    assert first != selection.session_key(secret, sitting="1", session="b")
    assert first != selection.session_key(secret, sitting="2", session="a")
    assert selection.commitment(secret) == (
        "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    )


# Selection


def test_a_test_without_rules_is_planned_as_written() -> None:
    plan = selection.plan(a_test(section("A", "Q1 Q2"), section("B", "Q3")), STREAM)
    assert plan.items == (
        PlannedItem("Q1", "Q1", "P1", ("A",)),
        PlannedItem("Q2", "Q2", "P1", ("A",)),
        PlannedItem("Q3", "Q3", "P1", ("B",)),
    )
    assert [(s.identifier, s.parent, s.part) for s in plan.sections] == [
        ("A", None, "P1"),
        ("B", None, "P1"),
    ]


@given(KEYS, st.integers(2, 6))
def test_selection_keeps_size_order_and_required_children(key: bytes, n: int) -> None:
    found = planned(section("A", "Q1 Q2! Q3 Q4 Q5! Q6", select=Selection(n)), stream=Stream(key))
    assert len(found) == n == len(set(found))
    assert {"Q2", "Q5"} <= set(found)
    assert found == sorted(found)


def test_first_takes_the_first_in_document_order_after_the_required() -> None:
    rule = Selection(3, first=True)
    assert planned(section("A", "Q1 Q2 Q3 Q4!", select=rule)) == ["Q1", "Q2", "Q4"]


def test_fixed_mode_takes_the_first_even_where_a_section_draws() -> None:
    fixed = Mode(select=Select.FIXED)
    assert planned(section("A", "Q1 Q2 Q3", select=Selection(2)), mode=fixed) == ["Q1", "Q2"]


def test_random_mode_draws_even_where_a_section_takes_the_first() -> None:
    part = section("A", "Q1 Q2 Q3 Q4", select=Selection(1, first=True))
    found = {
        planned(part, stream=Stream(bytes([n])), mode=Mode(select=Select.RANDOM))[0]
        for n in range(40)
    }
    assert found == {"Q1", "Q2", "Q3", "Q4"}


@given(KEYS)
def test_selection_with_replacement_numbers_its_instances(key: bytes) -> None:
    rule = Selection(6, with_replacement=True)
    plan = selection.plan(a_test(section("A", "Q1! Q2", select=rule, shuffle=True)), Stream(key))
    assert len(plan.items) == 6
    assert len(set(keys(plan))) == 6
    for name in ("Q1", "Q2"):
        mine = [item.key for item in plan.items if item.ref == name]
        numbered = [f"{name}.{n}" for n in range(1, len(mine) + 1)]
        assert mine == (numbered if len(mine) > 1 else [name] * len(mine))
    assert any(item.ref == "Q1" for item in plan.items)


def test_more_required_than_selected_is_refused() -> None:
    with pytest.raises(SelectionError, match="required"):
        planned(section("A", "Q1! Q2! Q3", select=Selection(1)))


def test_a_pool_smaller_than_its_select_is_refused() -> None:
    with pytest.raises(SelectionError, match="selects 4 of only 2"):
        planned(section("A", "Q1 Q2", select=Selection(4)))


def test_repeats_that_could_be_mistaken_for_another_item_are_refused() -> None:
    rule = Selection(2, with_replacement=True)
    with pytest.raises(SelectionError, match="told apart"):
        planned(section("A", "Q1", select=rule), section("B", "Q1.2"))


def test_a_selected_section_brings_all_that_it_selects() -> None:
    inner = section("B", "Q1 Q2 Q3", select=Selection(2, first=True))
    assert planned(section("A", [inner, *refs("Q4")], select=Selection(2))) == ["Q1", "Q2", "Q4"]


# Order


@given(KEYS, st.lists(st.booleans(), min_size=1, max_size=12))
def test_fixed_children_keep_their_places(key: bytes, fixed: list[bool]) -> None:
    names = [f"Q{n:02}{'*' if still else ''}" for n, still in enumerate(fixed)]
    found = planned(section("A", " ".join(names), shuffle=True), stream=Stream(key))
    assert sorted(found) == [name.strip("*") for name in names]
    for place, name in enumerate(names):
        if name.endswith("*"):
            assert found[place] == name.strip("*")


@given(KEYS)
def test_visible_and_kept_sections_stay_whole_when_their_parent_shuffles(key: bytes) -> None:
    visible = section("B", "B1 B2 B3", keep_together=False)
    kept = section("C", "C1 C2 C3", visible=False)
    found = planned(section("A", [visible, kept, *refs("A1 A2")], shuffle=True), stream=Stream(key))
    text = " ".join(found)
    assert "B1 B2 B3" in text
    assert "C1 C2 C3" in text


def test_invisible_sections_that_need_not_keep_together_mix_with_their_parent() -> None:
    loose = section("B", "B1 B2 B3", visible=False, keep_together=False)
    whole = section("A", [loose, *refs("A1 A2 A3")], shuffle=True)
    plans = [selection.plan(a_test(whole), Stream(bytes([n]))) for n in range(30)]
    assert any(
        "B1 B2 B3" not in " ".join(sorted(keys(plan), key=keys(plan).index)) for plan in plans
    )
    for plan in plans:
        assert sorted(keys(plan)) == ["A1", "A2", "A3", "B1", "B2", "B3"]
        assert {item.sections for item in plan.items if item.key[0] == "B"} == {("A", "B")}


def test_sequential_mode_shuffles_nothing() -> None:
    part = section("A", "Q1 Q2 Q3 Q4", shuffle=True)
    assert planned(part, mode=Mode(order=Order.SEQUENTIAL)) == ["Q1", "Q2", "Q3", "Q4"]


def test_random_mode_shuffles_inside_sections_and_keeps_their_order() -> None:
    parts = section("A", "A1 A2 A3 A4"), section("B", "B1 B2 B3 B4")
    found = planned(*parts, mode=Mode(order=Order.RANDOM))
    assert [name[0] for name in found] == list("AAAABBBB")
    assert found != sorted(found)


def test_shuffled_sections_keep_their_insides_and_fixed_ones_their_place() -> None:
    parts = [section(name, f"{name}1 {name}2", fixed=name == "A") for name in "ABCD"]
    mode = Mode(order=Order.SHUFFLE_SECTIONS)
    orders = set()
    for n in range(60):
        found = planned(*parts, stream=Stream(bytes([n])), mode=mode)
        assert all(found[i][0] == found[i + 1][0] for i in range(0, 8, 2))
        orders.add("".join(name[0] for name in found[::2]))
    assert orders == {"A" + "".join(rest) for rest in permutations("BCD")}


@given(KEYS, st.integers(0, 5))
def test_what_one_section_draws_never_moves_another(key: bytes, extra: int) -> None:
    second = section("B", "B1 B2 B3 B4 B5 B6", select=Selection(4), shuffle=True)
    alone = planned(section("A", "A1", shuffle=True), second, stream=Stream(key))
    more = " ".join(f"A{n}" for n in range(extra + 2))
    beside = planned(section("A", more, shuffle=True), second, stream=Stream(key))
    assert [k for k in alone if k[0] == "B"] == [k for k in beside if k[0] == "B"]


def test_two_tests_draw_independently_under_one_key() -> None:
    part = section("A", "Q1 Q2 Q3 Q4 Q5 Q6 Q7", shuffle=True)
    first, second = (
        keys(selection.plan(a_test(part, identifier=name), STREAM)) for name in ("one", "two")
    )
    assert first != second


# Adaptive sections


def adaptive_section(identifier: str, names: str) -> Section:
    rules = adaptive.Settings(min_items=2, max_items=4)
    return Section(
        identifier=identifier,
        title=identifier,
        adaptive=AdaptiveSettings(engine_href=adaptive.ENGINE, settings_href=rules.href()),
        children=refs(names),
    )


def test_adaptive_items_are_appended_in_their_sections_place() -> None:
    whole = section("A", [*refs("Q1"), adaptive_section("X", "X1 X2"), *refs("Q2")])
    plan = selection.plan(a_test(whole, adaptive_section("Y", "Y1 Y2"), section("B", "Q3")), STREAM)
    assert keys(plan) == ["Q1", "Q2", "Q3"]
    for name, ident in (("Y", "Y2"), ("X", "X1"), ("Y", "Y1"), ("X", "X2")):
        plan = plan.with_item(name, plan.adaptive_item(name, ident))
    assert keys(plan) == ["Q1", "X1", "X2", "Q2", "Y2", "Y1", "Q3"]
    assert plan.items[1] == PlannedItem("X1", "X1", "P1", ("A", "X"))
    assert plan.section("X").adaptive == selection.AdaptivePlan(
        ("X1", "X2"), adaptive.Settings(min_items=2, max_items=4), position=1
    )


def test_neighbouring_adaptive_sections_keep_their_order() -> None:
    plan = selection.plan(a_test(adaptive_section("X", "X1"), adaptive_section("Y", "Y1")), STREAM)
    plan = plan.with_item("Y", plan.adaptive_item("Y", "Y1"))
    plan = plan.with_item("X", plan.adaptive_item("X", "X1"))
    assert keys(plan) == ["X1", "Y1"]


def test_an_adaptive_item_is_given_once_and_only_by_an_adaptive_section() -> None:
    plan = selection.plan(a_test(adaptive_section("X", "X1 X2"), section("B", "Q1")), STREAM)
    plan = plan.with_item("X", plan.adaptive_item("X", "X1"))
    with pytest.raises(SelectionError, match="already"):
        plan.with_item("X", plan.adaptive_item("X", "X1"))
    with pytest.raises(SelectionError, match="not adaptive"):
        plan.with_item("B", plan.adaptive_item("B", "Q9"))


def test_an_unknown_adaptive_engine_is_refused() -> None:
    foreign = Section(
        identifier="X", title="X", adaptive=AdaptiveSettings(engine_href="urn:other"), children=()
    )
    with pytest.raises(SelectionError, match="urn:other"):
        selection.plan(a_test(foreign), STREAM)


def test_plan_survives_json() -> None:
    whole = section("A", [*refs("Q1 Q2"), adaptive_section("X", "X1 X2")], shuffle=True)
    plan = selection.plan(a_test(whole), STREAM)
    plan = plan.with_item("X", plan.adaptive_item("X", "X2"))
    assert TestPlan.from_json(plan.to_json()) == plan
