"""Years from dates as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.tables.years import NEWEST, OLDEST, middle, number, year_of

YEARS = st.integers(1000, NEWEST)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1889", 1889), (" 1889 ", 1889), ("1869.0", 1869), ("ca. 1650-60", 1655), ("c. 1480 - c. 1485", 1482.5),
        ("1889/90", 1889.5), ("1889–1890", 1889.5), ("1633 or 1634", 1633.5), ("between 1650 and 1660", 1655),
        ("zwischen 1650 und 1660", 1655), ("de 1650 à 1660", 1655), ("um 1500", 1500), ("vers 1880", 1880),
        ("hacia 1780", 1780), ("circa 1520", 1520), ("omstreeks 1640", 1640), ("nach 1510", 1510), ("Ca. 1800", 1800),
        ("17th century", 1650), ("17e eeuw", 1650), ("17. Jahrhundert", 1650), ("17. Jh.", 1650), ("15. Jhdt.", 1450),
        ("XVIIe siècle", 1650), ("siglo XVII", 1650), ("s. XVI", 1550), ("XVII secolo", 1650), ("19e siècle", 1850),
        ("early 17th century", 1615), ("first half of the 16th century", 1525), ("2. Hälfte 18. Jh.", 1775),
        ("2nd quarter 17th century", 1637.5), ("Ende 15. Jahrhundert", 1485), ("mid-19th century", 1850),
        ("17th–18th century", 1700), ("late 19th–early 20th century", 1900), ("1880s", 1885), ("1880er Jahre", 1885),
        ("années 1880", 1885), ("1889-05-12", 1889), ("1889-05", 1889), ("+1889-00-00T00:00:00Z", 1889),
        ("1798-01-01T00:00:00.000Z", 1798), ("12.05.1889", 1889), ("January 5, 1889", 1889), ("12/5/1889", 1889),
        ("1927, printed and published 1931", 1927), ("1889 (signed 1890)", 1889), ("500 BC", -500), ("ca. 950", 950),
        ("300 v. Chr.", -300), ("3rd century BC", -250), ("[1745]", 1745), ("1432?", 1432),
    ],
)  # fmt: skip
def test_dates_of_museums_and_people(text: str, year: float):
    assert year_of(text) == year


@pytest.mark.parametrize(
    "text",
    ["", "n.d.", "undated", "o. J.", "Udateret", "xx", "inv. 12", "0", "0000", "9999", "1606-1669", "IX", "'600"],
)
def test_no_year(text: str):
    assert math.isnan(year_of(text))


@given(YEARS)
def test_a_year_alone_is_itself(year: int):
    assert year_of(str(year)) == year_of(f"um {year}") == year_of(f"{year}-01-31") == number(str(year)) == year


@given(YEARS, st.integers(0, 50))
def test_a_range_lies_between_its_ends(year: int, more: int):
    end = min(year + more, NEWEST)
    for text in (f"{year}-{end}", f"{year} – {end}", f"{year} to {end}", f"entre {year} et {end}"):
        assert year_of(text) == (year + end) / 2


@given(st.integers(1, 21), st.sampled_from(["{}th century", "{}. Jahrhundert", "{}e siècle", "{}e eeuw", "siglo {}"]))
def test_a_century_gives_a_year_in_it(century: int, form: str):
    roman = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"]
    numeral = "X" * (century // 10) + roman[century % 10]
    year = year_of(form.format(numeral if "siglo" in form else century))
    assert (century - 1) * 100 < year < century * 100


@given(st.text(max_size=60) | st.text(st.sampled_from("0123456789-/. bcXVI siècle"), max_size=40))
def test_any_text_gives_a_possible_year_or_none(text: str):
    year = year_of(text)
    assert math.isnan(year) or OLDEST <= year <= NEWEST


def test_middle_of_unknown_or_long_ranges_is_unknown():
    assert middle(1650, 1660) == 1655
    assert all(math.isnan(middle(*pair)) for pair in [(0, 0), (0, 1900), (1700, 1600), (1743, 1809), (math.nan, 1900)])
