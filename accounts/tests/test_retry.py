import pytest
from django.db import OperationalError, transaction

from accounts.retry import TRIES, through_deadlocks


class ServerError(Exception):
    """What a driver raises."""

    def __init__(self, sqlstate):
        super().__init__("ended")
        self.sqlstate = sqlstate


def failing(times, sqlstate="40P01"):
    """A service that a database ends so many times before it works."""
    calls = []

    @through_deadlocks
    def service(answer):
        calls.append(answer)
        if len(calls) <= times:
            raise OperationalError("ended") from ServerError(sqlstate)
        return answer

    return service, calls


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
def test_deadlock_is_tried_again(times):
    service, calls = failing(times)
    assert service("done") == "done"
    assert len(calls) == times + 1


@pytest.mark.django_db(transaction=True)
def test_deadlock_again_and_again_is_an_error():
    service, calls = failing(TRIES)
    with pytest.raises(OperationalError):
        service("never")
    assert len(calls) == TRIES


@pytest.mark.django_db(transaction=True)
def test_other_trouble_of_the_database_is_an_error_at_once():
    service, calls = failing(1, sqlstate="57014")
    with pytest.raises(OperationalError):
        service("never")
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_deadlock_inside_a_transaction_of_the_caller_is_an_error_at_once():
    service, calls = failing(1)
    with pytest.raises(OperationalError), transaction.atomic():
        service("never")
    assert len(calls) == 1
