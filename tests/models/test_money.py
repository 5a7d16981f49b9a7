"""Money at the border: exact both ways, or refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.money import LARGEST, PER_USD, NotAnAmount, dumps, parse_usd, usd
from models.pricing import as_text, surcharged
from models.strict_json import NotStrictJson, parse

AMOUNTS = st.integers(-LARGEST, LARGEST)
exactly = settings(max_examples=300, derandomize=True, deadline=None)


@exactly
@given(micros=AMOUNTS)
@example(micros=1)
@example(micros=-1)
@example(micros=LARGEST)
@example(micros=LARGEST - 1)
def test_an_amount_comes_back_as_it_went_out(micros: int) -> None:
    spelled = dumps(usd(micros))

    assert parse_usd(parse(spelled.encode())) == micros
    assert parse_usd(spelled) == micros
    assert Decimal(spelled) * PER_USD == micros


@exactly
@given(micros=AMOUNTS)
def test_an_amount_is_spelled_plainly_and_as_shortly_as_can_be(micros: int) -> None:
    spelled = dumps(usd(micros))

    assert set(spelled) <= set("-0123456789.")
    whole, _, fraction = spelled.partition(".")
    assert len(fraction) <= 6
    assert not fraction.endswith("0")
    assert whole.lstrip("-") == "0" or not whole.lstrip("-").startswith("0")
    assert spelled != "-0"


@pytest.mark.parametrize(
    ("micros", "spelled"),
    [
        (0, "0"), (1, "0.000001"), (-1, "-0.000001"), (10, "0.00001"), (300_000, "0.3"), (12_340_000, "12.34"),
        (5_000_000, "5"), (100_000_000, "100"), (1_000_000_100_000, "1000000.1"), (999_999_999_999_999, "999999999.999999"),
        (LARGEST, "1000000000"),
    ],
)  # fmt: skip
def test_amounts_are_spelled_exactly(micros: int, spelled: str) -> None:
    assert dumps({"amount_usdt": usd(micros)}) == f'{{"amount_usdt":{spelled}}}'


@pytest.mark.parametrize(
    ("spelled", "micros"),
    [
        ("12.34", 12_340_000), ('"12.34"', 12_340_000), ("0.1", 100_000), ("1e2", 100_000_000), ("1E-6", 1), ("1.5e1", 15_000_000),
        ("-0", 0), ("-0.0", 0), ("5", 5_000_000), ('"5"', 5_000_000), ('"005.10"', 5_100_000), ('"-3.000001"', -3_000_001),
        ("12.340000", 12_340_000), ("1000000000", LARGEST),
    ],
)  # fmt: skip
def test_an_amount_is_read_from_a_number_or_a_decimal_string(spelled: str, micros: int) -> None:
    assert parse_usd(parse(spelled.encode())) == micros


@pytest.mark.parametrize(
    "spelled",
    [
        "0.0000001", "12.34000000000", "0.0000010", "12.3400001", "1e-7", "1.00000000000000000000000000000001", "1" + "." + "0" * 60_000 + "1", "1e400", "-1e400",
        "1e-400", "1e-999999", "1000000000.000001", "-1000000000.000001", "9" * 4000, "true", "false", "null", "[]", "{}", "[1]",
        '""', '" 1"', '"1 "', '"1,5"', '"1.5.1"', '".5"', '"5."', '"+5"', '"--5"', '"-"', '"."', '"1e2"', '"0x1"', '"1_0"', '"NaN"',
        '"Infinity"', '"٣"', '"５"', '"²"', '"1\\u00001"', '"\\u200b1"', '"' + "1" * 41 + '"', '"1.' + "0" * 36 + '1"', '"$5"', '"5 USDT"',
    ],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(spelled: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_usd(parse(spelled.encode()))


@pytest.mark.parametrize(
    "value", [0.1, float("nan"), 1.0, b"1", 1j, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), object()]
)
def test_what_json_cannot_give_is_refused_too(value: Any) -> None:
    with pytest.raises(NotAnAmount):
        parse_usd(value)


@exactly
@given(text=st.text(max_size=12) | st.from_regex(r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?", fullmatch=True))
def test_whatever_text_is_read_it_is_an_exact_amount_or_refused(text: str) -> None:
    try:
        micros = parse_usd(text)
    except NotAnAmount:
        return
    assert Decimal(text) * PER_USD == micros


@exactly
@given(number=st.decimals(allow_nan=False, allow_infinity=False))
def test_whatever_number_is_read_it_is_an_exact_amount_or_refused(number: Decimal) -> None:
    try:
        micros = parse_usd(parse(str(number).encode()))
    except (NotAnAmount, NotStrictJson):
        return
    assert Decimal(micros) / PER_USD == number


@exactly
@given(total=st.integers(1, LARGEST), hits=st.integers(0, 20))
def test_a_surcharge_is_a_whole_number_of_micro_dollars_and_never_above_ten_per_cent(total: int, hits: int) -> None:
    price = surcharged(total, hits)

    assert total <= price <= total + total // 10
    assert (price - total) * 100 <= total * min(hits, 10) < (price - total + 1) * 100


@pytest.mark.parametrize(("micros", "text"), [(5_000_000, "5.00"), (12_340_000, "12.34"), (1, "0.000001"), (0, "0.00")])
def test_an_amount_in_a_sentence_looks_like_money(micros: int, text: str) -> None:
    assert as_text(micros) == text
