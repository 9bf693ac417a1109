"""A hook that steps belongs to the thread that operations are called in."""

from __future__ import annotations

from threading import Thread

import pytest

from memslot_conformance.play.scheduler import play
from memslot_conformance.play.stepping import NOT_THEIRS
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Finished
from memslot_spec.history.points.tables import UpdateLocked
from memslot_spec.model.operations import MmuPages
from toys import TWO, Toy


class _Announces(Toy):
    """It has a thread of its own that uses the hook."""

    def mmu_pages(self) -> int:
        thread = Thread(target=self.uses)
        thread.start()
        thread.join()
        return 0

    def uses(self) -> None:
        self.hook.point(UpdateLocked)


class _Waits(_Announces):
    def uses(self) -> None:
        self.hook.wait(lambda: False, "somebody")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("target", [_Announces, _Waits])
@pytest.mark.parametrize("scenario", [Scenario((MmuPages(),)), TWO])
def test_a_thread_of_the_targets_own_is_an_error_and_no_verdict(
    target: type[Toy], scenario: Scenario
) -> None:
    played = play(target, scenario)
    assert played.error is not None
    assert played.error.message == f"RuntimeError: {NOT_THEIRS}"
    assert not [event for event in played.events if isinstance(event, Finished)]
