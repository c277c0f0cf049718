"""What the stages share: places for those who ask, and a thread for what only computes."""

import threading

import pytest

from pipeline.stages import Background, Lane


def test_place_is_free_once_an_answer_was_read_and_is_given_back_only_once() -> None:
    free = threading.Semaphore(1)
    lane = Lane(free)
    assert lane.until(str.upper)("read") == "READ"
    lane.leave()
    assert free.acquire(blocking=False)
    assert not free.acquire(blocking=False)


def test_place_is_kept_while_an_answer_cannot_be_read() -> None:
    free = threading.Semaphore(1)
    with pytest.raises(ValueError, match="invalid"):
        Lane(free).until(int)("not a number")
    assert not free.acquire(blocking=False)


def test_waiting_for_a_place_is_used_until_there_is_one() -> None:
    free, done = threading.Semaphore(0), []

    def meanwhile() -> bool:
        done.append("something")
        if len(done) == 3:
            free.release()
        return True

    Lane(free, meanwhile)
    assert len(done) == 3


def test_background_waits_for_its_start_and_keeps_the_order() -> None:
    done: list[int] = []
    with Background() as background:
        results = [background.submit(done.append, number) for number in range(3)]
        assert not any(result.done() for result in results)
        background.start()
        results[-1].result(5)
        assert done == [0, 1, 2]
