"""What clients remember against the leaves."""

import pytest

from services.checker.history import Answer, Attempt, check_history

A, B = b"a" * 32, b"b" * 32
ACKED, REFUSED, UNKNOWN = Answer.ACKED, Answer.REFUSED, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("answers", "leaf", "faults"),
    [
        ([ACKED], 5, []),
        ([ACKED], None, ["acknowledged"]),
        ([UNKNOWN, REFUSED, ACKED], None, ["acknowledged"]),
        ([REFUSED], None, []),
        ([REFUSED, REFUSED], 5, ["refused each time"]),
        ([UNKNOWN], None, []),
        ([UNKNOWN], 5, []),
        ([REFUSED, UNKNOWN], 5, []),
        ([UNKNOWN, REFUSED], None, []),
    ],
)
def test_what_a_client_heard_binds_the_log(
    answers: list[Answer], leaf: int | None, faults: list[str]
) -> None:
    history = [Attempt("alpha", "s", A, answer) for answer in answers]
    leaves = {} if leaf is None else {("alpha", "s", A): leaf}
    assert [finding.what for finding in check_history(history, leaves)] == faults


def test_other_bytes_under_a_known_id_were_never_sent() -> None:
    history = [Attempt("alpha", "s", A, ACKED)]
    leaves = {("alpha", "s", A): 4, ("alpha", "s", B): 5, ("beta", "s", B): 6}
    (finding,) = check_history(history, leaves)
    assert (finding.what, finding.found) == ("never sent", "leaf 5")


def test_an_acknowledged_body_may_still_wait_for_its_leaf() -> None:
    waiting = {("alpha", "s", A)}
    assert list(check_history([Attempt("alpha", "s", A, ACKED)], {}, waiting)) == []
    (finding,) = check_history([Attempt("alpha", "s", A, REFUSED)], {}, waiting)
    assert finding.found == "waiting in the intake"
    (finding,) = check_history([Attempt("alpha", "other", B, UNKNOWN)], {}, waiting)
    assert finding.what == "never sent"
