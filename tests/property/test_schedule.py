"""Next firings over every change of clocks: none lost, none doubled, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.schedule import Timing, between, firings, following, latest, problems, words

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    "Africa/Casablanca",
    "America/Santiago",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)
CRONS = (
    "30 2 * * *",
    "*/10 * * * *",
    "0 * * * *",
    "15 0,1,2,3 * * *",
    "0 0 * * *",
    "59 23 * * 1-5",
    "7 */2 * * 0",
)

moments = st.integers(
    int(datetime(2010, 6, 1, tzinfo=UTC).timestamp()), int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())
)


def at(zone: str, *when: int, fold: int = 0) -> float:
    return datetime(*when, tzinfo=ZoneInfo(zone), fold=fold).timestamp()  # type: ignore[arg-type, misc]


def expected(cron_minutes: set[tuple[int, int]], zone: str, start: float, hours: int) -> list[float]:
    """The rule told another way: walk real minutes, fire when the clock first shows, or has jumped over, a time."""
    tz = ZoneInfo(zone)
    found, shown_before = [], datetime.fromtimestamp(start, tz).replace(tzinfo=None, fold=0)
    latest_shown = shown_before
    # what the clock has shown in the hours before cannot be shown for the first time again
    for back in range(1, 26 * 60):
        shown = datetime.fromtimestamp(start - 60 * back, tz).replace(tzinfo=None, fold=0)
        latest_shown = max(latest_shown, shown)
    for minute in range(1, hours * 60 + 1):
        moment = start + 60 * minute
        shown = datetime.fromtimestamp(moment, tz).replace(tzinfo=None, fold=0)
        wall, hit = latest_shown + timedelta(minutes=1), False
        while wall <= shown:
            hit = hit or (wall.hour, wall.minute) in cron_minutes
            wall += timedelta(minutes=1)
        if hit:
            found.append(moment)
        latest_shown = max(latest_shown, shown)
    return found


MINUTES = {
    "30 2 * * *": {(2, 30)},
    "*/10 * * * *": {(hour, minute) for hour in range(24) for minute in range(0, 60, 10)},
    "15 0,1,2,3 * * *": {(hour, 15) for hour in range(4)},
    "0 0 * * *": {(0, 0)},
}


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), cron=st.sampled_from(sorted(MINUTES)), start=moments)
def test_a_cron_fires_as_the_rule_says_around_any_moment(zone: str, cron: str, start: int) -> None:
    start -= start % 60
    assert list(between_strict(Timing(cron=cron, zone=zone), float(start), start + 30 * 3600.0)) == expected(
        MINUTES[cron], zone, float(start), 30
    )


CHANGES = [
    ("Europe/Berlin", (2026, 3, 28, 20)),
    ("Europe/Berlin", (2026, 10, 24, 20)),
    ("America/New_York", (2026, 3, 7, 20)),
    ("America/New_York", (2026, 10, 31, 20)),
    ("Australia/Lord_Howe", (2026, 10, 3, 20)),
    ("Australia/Lord_Howe", (2026, 4, 4, 20)),
    ("America/Santiago", (2026, 9, 5, 12)),
    ("Pacific/Apia", (2011, 12, 29, 12)),
    ("Pacific/Chatham", (2026, 4, 4, 20)),
]


@pytest.mark.parametrize(("zone", "start"), CHANGES)
@pytest.mark.parametrize("cron", sorted(MINUTES))
def test_a_cron_fires_as_the_rule_says_over_a_change(zone: str, start: tuple[int, ...], cron: str) -> None:
    begin = at(zone, *start)
    told = list(between_strict(Timing(cron=cron, zone=zone), begin, begin + 30 * 3600))
    assert told == expected(MINUTES[cron], zone, begin, 30)


def between_strict(timing: Timing, start: float, until: float) -> list[float]:
    found = []
    for moment in firings(timing, start):
        if moment > until:
            return found
        found.append(moment)
    return found


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(CRONS),
    start=moments,
    cuts=st.lists(st.integers(0, 90_000), max_size=5),
)
def test_asking_again_from_anywhere_loses_and_doubles_nothing(
    zone: str, cron: str, start: int, cuts: list[int]
) -> None:
    timing = Timing(cron=cron, zone=zone)
    whole = list(islice(firings(timing, float(start)), 30))
    assert all(one < two for one, two in pairwise(whole))
    stepped, moment = [], float(start)
    for _ in whole:
        following_one = following(timing, moment)
        assert following_one is not None
        moment = following_one
        stepped.append(moment)
    assert stepped == whole
    for cut in cuts:
        place = start + cut
        assert [one for one in whole if one > place] == between_strict(timing, float(place), whole[-1])


@settings(max_examples=60, deadline=None)
@given(
    cron=st.sampled_from(CRONS), zone=st.sampled_from(ZONES), start=moments, later=st.integers(0, 20 * 86_400)
)
def test_the_latest_is_the_last_of_all(cron: str, zone: str, start: int, later: int) -> None:
    timing = Timing(cron=cron, zone=zone)
    first = following(timing, float(start))
    assert first is not None
    until = first + later
    assert latest(timing, first, until) == list(between(timing, first, until))[-1]


def test_an_interval_is_elapsed_time_over_a_change_of_clocks() -> None:
    start = at("Europe/Berlin", 2026, 3, 29, 0)
    told = list(islice(firings(Timing(every=900, zone="Europe/Berlin"), start, start), 20))
    assert [two - one for one, two in pairwise([start, *told])] == [900.0] * 20


def test_the_two_nights_in_plain_numbers() -> None:
    timing = Timing(cron="30 2 * * *", zone="Europe/Berlin")
    assert following(timing, at("Europe/Berlin", 2026, 3, 28, 12)) == at("Europe/Berlin", 2026, 3, 29, 3, 0)
    first = at("Europe/Berlin", 2026, 10, 25, 2, 30, fold=0)
    assert following(timing, at("Europe/Berlin", 2026, 10, 24, 12)) == first
    assert following(timing, first) == at("Europe/Berlin", 2026, 10, 26, 2, 30)


@pytest.mark.parametrize(
    ("timing", "code"),
    [
        (Timing(cron="61 * * * *"), "E-CRON"),
        (Timing(cron="0 0 30 2 *"), "E-CRON"),
        (Timing(cron="0 0 6 * * *"), "E-CRON"),
        (Timing(cron=""), "E-CRON"),
        (Timing(cron="@daily"), "E-CRON"),
        (Timing(cron="0 6 * * *", zone="Europe/Atlantis"), "E-ZONE"),
        (Timing(every=3), "E-INTERVAL"),
    ],
)
def test_a_timing_that_cannot_fire_says_why(timing: Timing, code: str) -> None:
    (problem,) = problems(timing)
    assert (problem.code, problem.cure != "", problem.field != "") == (code, True, True)


@pytest.mark.parametrize(
    ("timing", "said"),
    [
        (Timing(cron="0 6 * * 1-5", zone="Europe/Berlin"), "Every weekday at 06:00, Europe/Berlin"),
        (Timing(cron="5 18 * * 0"), "Every Sunday at 18:05, UTC"),
        (Timing(cron="0 7 1 * *"), "On day 1 of every month at 07:00, UTC"),
        (Timing(cron="*/15 * * * *"), "Every 15 minutes of the hour, UTC"),
        (Timing(every=900), "Every 15 minutes"),
        (Timing(every=3600), "Every hour"),
    ],
)
def test_a_timing_is_said_in_words(timing: Timing, said: str) -> None:
    assert words(timing) == said
