"""The pace of late: known when it means something, close to what lanes really do, without the waits between."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import tempo

NOW = 1_800_000_000.0


def play(
    lanes: list[tuple[float, int]], until: float, begin: float = NOW
) -> Iterator[tuple[float, list[str]]]:
    """(moment, beats) after each batch of lanes that take so long for so many records, over and over."""
    known = ["[]"] * len(lanes)
    due = [(begin + seconds, place) for place, (seconds, _) in enumerate(lanes)]
    heapq.heapify(due)
    while due[0][0] <= begin + until:
        at, place = due[0]
        seconds, count = lanes[place]
        known[place] = tempo.note(known[place], at, count)
        heapq.heapreplace(due, (at + seconds, place))
        yield at, known


def test_nothing_is_said_before_it_means_something() -> None:
    assert tempo.of_late([], NOW, NOW) is None
    assert tempo.of_late(["[]", "[]"], NOW, NOW + 500) is None
    first = [tempo.of_late(known, NOW, at) for at, known in play([(20.0, 500)] * 4, 59.0)]
    assert first == [None] * 7 + [pytest.approx(2000 / 20)], "two batches of each lane"
    quick = [(at, tempo.of_late(known, NOW, at)) for at, known in play([(0.1, 500)], 6.0)]
    assert all(pace is None for at, pace in quick if at < NOW + tempo.SOON - 0.1)
    assert all(pace == pytest.approx(5000, rel=0.01) for at, pace in quick if at > NOW + 4.2)


@given(
    st.floats(0.2, 60),
    st.lists(st.tuples(st.floats(0.5, 2), st.integers(250, 500)), min_size=1, max_size=8),
    st.floats(0.3, 1),
)
def test_steady_lanes_are_told_about_as_fast_as_they_are(
    seconds: float, kinds: list[tuple[float, int]], share: float
) -> None:
    lanes = [(seconds * factor, count) for factor, count in kinds]
    *_, (at, known) = play(lanes, share * max(10 * seconds, 20.0))
    pace = tempo.of_late(known, NOW, at)
    slowest = max(seconds for seconds, _ in lanes)
    if at - NOW > max(tempo.SOON + 1, 4 * slowest):
        assert pace is not None
    if pace is not None:
        assert 0.5 <= pace / sum(count / seconds for seconds, count in lanes) <= 2


def test_the_pace_is_that_of_the_last_minute_however_it_began() -> None:
    *_, (_, [beats]) = play([(1.0, 100)], 300)
    told = []
    for at, _ in play([(1.0, 10)], 100, NOW + 300):
        beats = tempo.note(beats, at, 10)
        told.append(tempo.of_late([beats], NOW, at))
    assert told[0] == pytest.approx(100, rel=0.05)
    assert told == sorted(told, reverse=True), "it comes down step by step"
    assert told[70:] == [pytest.approx(10, rel=0.05)] * 30


def test_what_was_before_a_long_wait_does_not_count() -> None:
    *_, (_, [beats]) = play([(1.0, 100)], 300)
    again = NOW + 1200
    assert tempo.stood_still([beats, "[]"], again)
    assert not tempo.stood_still([beats, "[]"], NOW + 350)
    assert tempo.of_late([beats], again, again + 1) is None
    *_, (at, _) = later = list(play([(2.0, 10)], 20, again))
    for moment, _ in later:
        beats = tempo.note(beats, moment, 10)
    assert tempo.of_late([beats], again, at) == pytest.approx(5)


def test_a_silence_longer_than_usual_makes_it_slower() -> None:
    *_, (at, known) = play([(10.0, 100)], 60)
    quiet = [tempo.of_late(known, NOW, at + seconds) for seconds in (0, 5, 10, 20, 60, 600)]
    assert quiet[:3] == [pytest.approx(10)] * 3, "as long as the next batch may be under way"
    assert quiet[3:] == [pytest.approx(600 / 70), pytest.approx(600 / 110), pytest.approx(600 / 650)]


def test_a_lane_keeps_a_minute_in_few_beats_whatever_the_clock_does() -> None:
    beats = "[]"
    for at in range(4000):
        beats = tempo.note(beats, NOW + at / 50, 1)
    assert len(beats) < 700
    assert tempo.of_late([beats], NOW, NOW + 80) == pytest.approx(50, rel=0.05)
    assert tempo.note(beats, NOW - 50, 5).count("[") == beats.count("["), "a clock that was put back"
