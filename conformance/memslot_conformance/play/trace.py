"""What happens in one play, in one order, and what each thread is doing.

The one place where calls, replies and views become events. A call is recorded
before it is made and its reply after it came, so that an operation never looks
shorter than it was.
"""

from __future__ import annotations

import signal
import threading

from memslot_conformance.adapter.capabilities import observed
from memslot_conformance.adapter.perform import perform
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.play.played import TargetFault, fault_of
from memslot_spec.history.events import Call, Event, Observed, Return
from memslot_spec.model.operations import Operation


class Trace:
    """The events of one play so far, and the first fault of the target.

    `doing` gives each thread's newest operation, None where it looks at what
    introspection shows. To a `closed` trace nothing is added.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fault: TargetFault | None = None
        self.doing: dict[int, Operation | None] = {}
        self.closed = False

    def foretell(
        self,
        implementation: AnyImplementation,
        operations: tuple[Operation, ...],
        *,
        watched: bool,
    ) -> None:
        """Say to a target that can make use of it what thread 0 will ask next."""
        foresee = getattr(implementation, "foresee", None)
        if foresee is None:
            return
        try:
            foresee(operations, watched=watched)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the target broke
            self.broke(0, error)

    def carry_out(
        self, implementation: AnyImplementation, thread: int, operation: Operation
    ) -> None:
        """Have a thread carry out one operation."""
        self.doing[thread] = operation
        self.add(Call(thread, operation))
        try:
            reply = perform(implementation, operation)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the target broke
            self.broke(thread, error)
        else:
            self.add(Return(thread, reply))

    def observe(self, implementation: AnyImplementation) -> None:
        """Record what introspection shows to thread 0, where there is any."""
        self.doing[0] = None
        try:
            view = observed(implementation)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the target broke
            self.broke(0, error)
            return
        if view is not None:
            self.add(Observed(0, view))

    def add(self, event: Event) -> None:
        """Record an event."""
        if not self.closed:
            self.events.append(event)

    def broke(self, thread: int, error: BaseException) -> None:
        """Record that the target raised this; later faults follow from the first.

        Errors: the `error` itself, where it is an interrupt of whoever runs the suite.
        """
        if is_interrupt_of_user(error):
            raise error
        if self.fault is None and not self.closed:
            self.fault = fault_of(thread, self.doing.get(thread), error)


def is_interrupt_of_user(error: BaseException) -> bool:
    """An interrupt may be the user's where a signal becomes one.

    In a worker it never does, so there the target raised it.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
