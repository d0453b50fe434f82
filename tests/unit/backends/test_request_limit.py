"""The number of requests in flight, on servers that are computed: no time passes."""

from __future__ import annotations

import heapq
from random import Random

import pytest

from cmean.backends.request_limit import RequestLimit


class Server:
    """Works on so many requests at a time; others wait. Refuses those beyond `refused_from`."""

    def __init__(self, parallel, refused_from=None, seed=1):
        self.now = 0.0
        self.parallel = parallel
        self.refused_from = refused_from
        self.random = Random(seed)  # noqa: S311 - no secret
        self.limit = RequestLimit(128, clock=lambda: self.now)
        self.free = [0.0] * parallel  # when each place is free again
        self.sent = []  # (answered at, sent at)
        self.refusals = self.answers = self.most = 0

    def serve(self, answers):
        """Send as many as are allowed until there are so many answers; the seconds it took."""
        began, wanted = self.now, self.answers + answers
        while self.answers < wanted:
            while self.limit.in_flight < self.limit.limit:
                self.send()
            self.most = max(self.most, self.limit.in_flight)
            answered, sent = heapq.heappop(self.sent)
            self.now = max(self.now, answered)
            if sent is None:
                continue
            self.limit.leave()
            self.limit.count_answer()
            self.answers += 1
        return self.now - began

    def send(self):
        sent = self.limit.enter()
        if self.refused_from is not None and self.limit.in_flight > self.refused_from:
            self.refusals += 1
            self.limit.refuse(sent)
            self.limit.leave()
            self.now += 0.01
            return
        begun = max(heapq.heappop(self.free), self.now)
        answered = begun + self.random.uniform(0.5, 1.5)
        heapq.heappush(self.free, answered)
        heapq.heappush(self.sent, (answered, sent))


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_takes_all_gets_all(seed):
    server = Server(parallel=1000, seed=seed)
    server.serve(128 * 10)
    assert server.limit.limit == 128
    assert 128 / (server.serve(1280) / 10) > 0.95 * 128  # answers in a second


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("parallel", [1, 4, 16])
def test_a_server_that_works_on_few_gets_no_long_queue(parallel, seed):
    server = Server(parallel, seed=seed)
    server.serve(2_000)
    assert server.most <= 64
    assert server.limit.limit <= 32


def test_more_are_tried_when_the_server_can_do_more_later():
    server = Server(parallel=16)
    server.serve(3_000)
    assert server.limit.limit <= 32
    server.free += [server.now] * 500
    server.serve(10_000)
    assert server.limit.limit == 128


def test_refusals_halve_it_and_answers_let_it_grow_again():
    server = Server(parallel=1000, refused_from=40)
    server.serve(4_000)
    assert 16 <= server.limit.limit <= 41
    assert server.refusals < 4_000 / 40
    server.refused_from = None
    server.serve(4_000)
    assert server.limit.limit == 128


def test_one_refusal_counts_for_all_that_were_in_flight():
    limit = RequestLimit(16, clock=lambda: 0.0)
    sent = [limit.enter() for _ in range(16)]
    limit.refuse(sent[0])
    assert limit.limit == 8


def test_nobody_waits_who_is_to_stop():
    limit = RequestLimit(1, clock=lambda: 0.0)
    limit.enter()
    assert limit.enter(lambda: True) == 0.0
