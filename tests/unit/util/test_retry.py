"""Back-off: how delays grow, where they end, and when a call is repeated."""

from itertools import chain, repeat

import pytest

from cmean.util.retry import Backoff, retry_call


class Calls:
    """Raises errors in their order, then returns "done"."""

    def __init__(self, *errors):
        self.errors = iter(errors)
        self.count = 0

    def __call__(self):
        self.count += 1
        error = next(self.errors, None)
        if error is not None:
            raise error
        return "done"


def steady(first=1.0, longest=5.0, **others):
    return Backoff(first, longest, jitter=(1.0, 1.0), **others)


def test_delays_double_up_to_the_longest_and_start_again_after_a_reset():
    backoff = steady()

    assert [backoff.next_delay() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert [backoff.next_delay() for _ in range(2)] == [1.0, 2.0]


def test_growth_may_be_slower():
    backoff = steady(2.0, 20.0, growth=1.5)

    assert [backoff.next_delay() for _ in range(3)] == [2.0, 3.0, 4.5]


def test_no_delay_exceeds_the_longest_even_the_first():
    assert steady(10.0, 3.0).next_delay() == 3.0
    assert steady(0.0, 30.0).next_delay() == 0.0


def test_jitter_multiplies_each_delay_by_a_factor_of_its_range():
    backoff = Backoff(8.0, 8.0, jitter=(0.5, 1.0))

    delays = [backoff.next_delay() for _ in range(200)]

    assert all(4.0 <= delay <= 8.0 for delay in delays)
    assert len(set(delays)) > 100


def test_a_call_is_repeated_after_its_error_until_it_succeeds():
    call, waited, seen = Calls(OSError("a"), OSError("b")), [], []

    result = retry_call(
        call, retry_on=OSError, backoff=steady(), wait=waited.append, on_retry=seen.append
    )

    assert (result, call.count, waited) == ("done", 3, [1.0, 2.0])
    assert [str(error) for error in seen] == ["a", "b"]


def test_another_error_is_raised_at_once():
    call, waited = Calls(ValueError("other")), []

    with pytest.raises(ValueError, match="other"):
        retry_call(call, retry_on=OSError, backoff=steady(), wait=waited.append)

    assert (call.count, waited) == (1, [])


@pytest.mark.parametrize(("stops", "delays"), [([True], 0), ([False, True], 1)])
def test_the_error_is_raised_once_stopped_before_or_during_a_delay(stops, delays):
    call, waited, answers = Calls(*[OSError("away")] * 9), [], chain(stops, repeat(True))

    with pytest.raises(OSError, match="away"):
        retry_call(
            call,
            retry_on=OSError,
            backoff=steady(),
            is_stopped=lambda: next(answers),
            wait=waited.append,
        )

    assert (call.count, len(waited)) == (1, delays)
