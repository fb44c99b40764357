"""Webhooks: who is told what, and the queue of what is told."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import ConflictError, DomainError, ForbiddenError
from accounts.tests.factories import UserFactory
from components.tests.factories import ComponentFactory, EntryFactory
from grading.enums import DeliveryState, WebhookEvent
from grading.models import Webhook, WebhookDelivery
from grading.services.grading import request_regrade
from grading.services.imports import import_submissions
from grading.services.outcomes import CriterionDecision, override_outcome, release_outcome
from grading.services.submissions import submit_answer
from grading.services.webhooks import (
    MAX_ATTEMPTS,
    WAITS,
    announce,
    claim_deliveries,
    prune_deliveries,
    record_answer,
    record_delivery_failure,
    register_webhook,
    remove_webhook,
    resend_delivery,
    update_webhook,
    wait_after,
)
from grading.tests.concurrency import in_threads
from grading.tests.factories import (
    HOOK,
    claim_delivery,
    grade,
    make_delivery,
    make_submission,
    make_webhook,
    reply_text,
)

pytestmark = pytest.mark.django_db
CREATED, AVAILABLE, OVERRIDDEN = WebhookEvent
UNSURE = reply_text(1, confidence=5)


def ago(**span):
    return timezone.now() - timedelta(**span)


def error_of(call, *args, **fields):
    with pytest.raises(DomainError) as caught:
        call(*args, **fields)
    return caught.value


def told(webhook):
    """The events a webhook was told of, in order."""
    return list(webhook.deliveries.order_by("created_at").values_list("event", flat=True))


def lose_sender(delivery, **changes):
    """Leave a claimed delivery as a killed sender does: its lease runs out."""
    stale = {"lease_expires_at": ago(seconds=1), **changes}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**stale)


def changed(delivery, **fields):
    """The delivery's row, after changing it as time would."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**fields)
    return WebhookDelivery.objects.get(pk=delivery.pk)


def override(submission, by):
    return override_outcome(
        submission,
        decisions=[CriterionDecision(1), CriterionDecision(2)],
        feedback="Look again.",
        reason="Too kind.",
        expected_revision=None,
        by=by,
    )


@pytest.fixture
def webhook(component):
    return make_webhook(component)


@pytest.fixture
def resolve(monkeypatch):
    """Have names lead to addresses of the test's choice; literal addresses stay what they are."""
    names: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host not in names:
            return real(host, port, *args, **options)
        if not names[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for ip in names[host] for found in real(ip, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


# --- registering ---------------------------------------------------------------
def test_registered_webhook_is_active_and_keeps_its_events_sorted(component, configurator):
    events = [OVERRIDDEN, "outcome.available", OVERRIDDEN]
    webhook = register_webhook(component, url=HOOK, events=events, by=configurator)
    webhook.refresh_from_db()
    assert webhook.events == ["outcome.available", "outcome.overridden"]
    assert (webhook.url, webhook.is_active, webhook.created_by) == (HOOK, True, configurator)


def test_registered_webhook_gets_a_random_secret_unless_one_is_given(webhook):
    other = make_webhook(webhook.component)
    assert len(webhook.secret) == len(other.secret) == 43
    assert webhook.secret != other.secret
    assert make_webhook(secret="sixteen letters!").secret == "sixteen letters!"


@pytest.mark.parametrize("who", ["student", "stranger", "outsider"])
@pytest.mark.parametrize("what", ["register", "update", "remove", "resend"])
def test_webhooks_are_for_people_in_charge_only(request, webhook, who, what):
    by = request.getfixturevalue(who)
    delivery = make_delivery(webhook)
    calls: dict[str, Callable[..., object]] = {
        "register": partial(register_webhook, webhook.component, url=HOOK, events=[CREATED]),
        "update": partial(update_webhook, webhook, is_active=False),
        "remove": partial(remove_webhook, webhook),
        "resend": partial(resend_delivery, delivery),
    }
    with pytest.raises(ForbiddenError) as caught:
        calls[what](by=by)
    assert caught.value.code == "forbidden"
    assert Webhook.objects.get().is_active


def test_admin_may_register_everywhere(component, admin):
    assert make_webhook(component, by=admin).created_by == admin


@pytest.mark.parametrize("read", [Webhook.objects.visible_to, Webhook.objects.managed_by])
def test_webhooks_are_visible_to_people_in_charge_only(
    webhook, read, configurator, admin, stranger, student
):
    assert list(read(configurator)) == list(read(admin)) == [webhook]
    assert not read(stranger)
    assert not read(student)


@pytest.mark.parametrize("events", [[], ["outcome.deleted"], [CREATED, ""], "submission.created"])
def test_unknown_or_no_events_are_refused(component, events):
    error = error_of(make_webhook, component, events=events)
    assert (error.code, error.field) == ("bad_events", "events")


@pytest.mark.parametrize("secret", ["fifteen letters", "x" * 201, "x" * 20 + "\x00", " "])
def test_unusable_secret_is_refused(component, secret):
    error = error_of(make_webhook, component, secret=secret)
    assert (error.code, error.field) == ("bad_secret", "secret")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org/x",
        "//hooks.example.org/x",
        "ftp://hooks.example.org/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://:80/",
        "http://[::1",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://user@example.org/",
        "http://user:password@example.org/",
        "http://@example.org/",
        "http://example.org/#part",
        "http://example.org/#",
        "http://example.org:0/",
        "http://example.org:65536/",
        "http://example.org:http/",
        "http://example.org:-1/",
        "http://example.org/a b",
        " http://example.org/",
        "http://example.org/\n",
        "http://exa\tmple.org/",
        "http://example.org/\x00",
        "http://example.org/\ud800",
        "http://example.org\\@127.0.0.1/",
        "http://*.example.org/",
        "http://.example.org/",
        "http://a..example.org/",
        f"http://{'a' * 64}.example.org/",
        f"http://{'ä' * 64}.example.org/",
        "http://xn--\u00e4.example.org/",
        "http://\u2603\ufe0f\u200d.example.org/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://127\u30020\u30020\u30021/",
        f"http://example.org/{'x' * 1982}",
    ],
)
@pytest.mark.parametrize("is_open", [True, False])
def test_impossible_address_is_refused(settings, component, url, is_open):
    settings.WEBHOOK_PRIVATE_ADDRESSES = is_open
    error = error_of(make_webhook, component, url=url)
    assert (error.code, error.field) == ("bad_url", "url")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14",
        "HTTPS://93.184.215.14:8443/a/b?c=d&e=%20f",
        "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8080/",
        f"http://93.184.215.14/{'x' * 1978}",
    ],
)
def test_possible_address_is_kept_as_it_is(component, url):
    assert make_webhook(component, url=url).url == url


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "2130706433",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ],
)
def test_private_address_is_refused_however_it_is_spelled(settings, component, resolve, host):
    resolve["localhost."] = ["127.0.0.1"]
    resolve["127.0.0.1."] = ["127.0.0.1"]  # as some resolvers have it
    error = error_of(make_webhook, component, url=f"http://{host}:8000/")
    assert (error.code, error.field) == ("private_address", "url")
    settings.WEBHOOK_PRIVATE_ADDRESSES = True
    assert make_webhook(component, url=f"http://{host}:8000/").pk


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1", "93.184.215.14"], ["fd00::1"]],
)
def test_name_is_refused_if_any_of_its_addresses_is_private(component, resolve, addresses):
    resolve["hooks.example.org"] = addresses
    error = error_of(make_webhook, component, url="https://hooks.example.org/")
    assert error.code == "private_address"


def test_name_that_is_not_found_now_is_accepted(component, resolve):
    resolve["hooks.example.org"] = []
    assert make_webhook(component, url="https://hooks.example.org/").pk


def test_name_of_another_script_is_looked_up_as_it_is_sent(component, resolve):
    resolve["xn--bcher-kva.example"] = ["10.0.0.1"]
    error = error_of(make_webhook, component, url="https://b\u00fccher.example/")
    assert error.code == "private_address"


# --- changing ------------------------------------------------------------------
def test_update_changes_what_is_given_only(webhook, configurator):
    secret = webhook.secret
    update_webhook(webhook, url="http://93.184.215.14/new", events=[CREATED], by=configurator)
    webhook.refresh_from_db()
    assert (webhook.url, webhook.events) == ("http://93.184.215.14/new", ["submission.created"])
    assert (webhook.secret, webhook.is_active) == (secret, True)


def test_update_with_an_empty_secret_makes_a_new_one(webhook, configurator):
    changed = update_webhook(webhook, secret="", by=configurator)
    assert len(changed.secret) == 43
    assert changed.secret != webhook.secret


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "ftp://x"}, "bad_url"),
        ({"url": "http://10.0.0.1/"}, "private_address"),
        ({"events": []}, "bad_events"),
        ({"secret": "short"}, "bad_secret"),
    ],
)
def test_update_refuses_what_registering_refuses(webhook, configurator, change, code):
    error = error_of(update_webhook, webhook, is_active=False, **change, by=configurator)
    webhook.refresh_from_db()
    assert (error.code, webhook.is_active) == (code, True)


def test_switching_off_gives_up_what_waits(webhook, configurator):
    done, waiting = make_delivery(webhook), make_delivery(webhook)
    record_answer(claim_delivery(done), 200, "")
    update_webhook(webhook, is_active=False, by=configurator)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.last_error) == ("failed", "The webhook was switched off.")
    assert webhook.deliveries.filter(state=DeliveryState.DELIVERED).count() == 1


def test_what_was_queued_while_the_webhook_was_switched_off_is_given_up(webhook):
    delivery = make_delivery(webhook)
    Webhook.objects.update(is_active=False)
    assert claim_deliveries(10) == []
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 0)


def test_removed_webhook_takes_its_deliveries_along(webhook, configurator):
    make_delivery(webhook)
    remove_webhook(webhook, by=configurator)
    assert not Webhook.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_webhook_removed_meanwhile_is_missing(webhook, configurator):
    delivery = claim_delivery(make_delivery(webhook))
    remove_webhook(Webhook.objects.get(), by=configurator)
    for record in (partial(record_answer, status=200), partial(record_answer, status=410)):
        assert record(delivery, answer="") is None
    assert record_delivery_failure(delivery, "It broke.") is None
    assert error_of(update_webhook, webhook, is_active=False, by=configurator).code == (
        "webhook_missing"
    )
    assert error_of(resend_delivery, delivery, by=configurator).code == "delivery_missing"
    remove_webhook(webhook, by=configurator)


# --- what is told --------------------------------------------------------------
def base_payload(submission, event):
    return {
        "event": event,
        "flex_age_comp_id": str(submission.entry.component_id),
        "entry_id": str(submission.entry_id),
        "submission_id": str(submission.pk),
        "student_user_id": str(submission.student_id),
        "attempt": submission.attempt,
        "submitted_at": submission.submitted_at.isoformat(),
    }


def outcome_payload(submission, event, **changes):
    outcome = submission.outcome
    return {
        **base_payload(submission, event),
        "outcome_id": str(outcome.pk),
        "score": float(outcome.current.score),
        "max_score": float(outcome.current.max_score),
        "is_llm_generated": True,
        "needs_review": False,
        "generated_at": outcome.current.created_at.isoformat(),
        **changes,
    }


def test_new_submission_is_told(webhook, entry, student):
    submission = make_submission(entry, student, title="My secret title")
    delivery = webhook.deliveries.get()
    assert delivery.payload == base_payload(submission, "submission.created")
    assert datetime.fromisoformat(delivery.payload["submitted_at"]).tzinfo == UTC
    assert (delivery.event, delivery.state, delivery.attempts) == (CREATED, "queued", 0)


def test_answer_handed_in_twice_with_the_same_key_is_told_once(webhook, entry, student):
    for _i in range(2):
        submit_answer(entry, content="<p>Light.</p>", idempotency_key="k", by=student)
    assert told(webhook) == [CREATED]


def test_released_evaluation_is_told(entry, student):
    submission = make_submission(entry, student)
    webhook = make_webhook(entry.component)
    grade(submission)
    payload = webhook.deliveries.get().payload
    assert payload == outcome_payload(submission, "outcome.available")
    assert isinstance(payload["score"], float)
    assert payload["score"] <= payload["max_score"]


def test_evaluation_that_waits_for_a_person_is_told_when_it_is_released(
    webhook, entry, student, configurator
):
    submission = make_submission(entry, student)
    grade(submission, UNSURE)
    assert told(webhook) == [CREATED]
    release_outcome(submission, expected_revision=1, by=configurator)
    assert told(webhook) == [CREATED, AVAILABLE]
    submission.outcome.refresh_from_db()
    payload = webhook.deliveries.get(event=AVAILABLE).payload
    assert payload == outcome_payload(submission, "outcome.available")


def test_new_evaluation_that_is_released_is_told_again(webhook, entry, student, configurator):
    submission = make_submission(entry, student)
    grade(submission)
    request_regrade(submission, by=configurator)
    grade(submission)
    assert told(webhook) == [CREATED, AVAILABLE, AVAILABLE]


def test_override_of_a_released_outcome_is_told_as_such_only(entry, student, configurator):
    submission = make_submission(entry, student)
    grade(submission)
    webhook = make_webhook(entry.component)
    override(submission, configurator)
    submission.refresh_from_db()
    payload = webhook.deliveries.get().payload
    assert payload == outcome_payload(submission, "outcome.overridden", is_llm_generated=False)


@pytest.mark.parametrize("prepare", [lambda submission: None, lambda s: grade(s, UNSURE)])
def test_override_that_is_the_first_release_is_told_as_both(entry, student, configurator, prepare):
    submission = make_submission(entry, student)
    prepare(submission)
    webhook = make_webhook(entry.component)
    override(submission, configurator)
    assert sorted(told(webhook)) == [AVAILABLE, OVERRIDDEN]


def test_evaluation_behind_a_persons_decision_is_not_told(webhook, entry, student, configurator):
    submission = make_submission(entry, student)
    override(submission, configurator)
    before = told(webhook)
    grade(submission)
    assert told(webhook) == before


def test_imported_answers_are_not_told_but_their_outcomes_are(webhook, entry, student):
    (submission,) = import_submissions(entry, [{"student": student.username, "content": "Light."}])
    assert told(webhook) == []
    grade(submission, reply_text(quote="Light."))
    assert told(webhook) == [AVAILABLE]


def test_nothing_is_told_of_what_is_rolled_back(webhook, entry, student):
    with transaction.atomic():
        make_submission(entry, student)
        assert told(webhook) == [CREATED]
        transaction.set_rollback(True)
    assert told(webhook) == []


def test_no_name_and_no_text_is_told(webhook, entry, configurator):
    student = UserFactory(username="jane.roe", enrolled_in=entry.component)
    submission = make_submission(entry, student, title="My secret title")
    grade(submission)
    override(submission, configurator)
    payloads = [delivery.payload for delivery in webhook.deliveries.all()]
    everything = json.dumps(payloads)
    for text in ("secret title", student.username, student.full_name, "glucose", "Look again"):
        assert text not in everything


def test_webhook_is_told_what_it_wants_about_its_component_only(webhook, entry, student):
    component = entry.component
    unsubscribed = make_webhook(component, events=[AVAILABLE])
    elsewhere = make_webhook(ComponentFactory())
    off = make_webhook(component)
    update_webhook(off, is_active=False, by=component.configurators.get())
    second = make_webhook(component, events=[CREATED])
    make_submission(entry, student)
    counts = [told(one) for one in (webhook, second, unsubscribed, elsewhere, off)]
    assert counts == [[CREATED], [CREATED], [], [], []]


def test_announcing_to_nobody_is_one_query(entry, student, django_assert_num_queries):
    make_webhook(ComponentFactory())
    submission = make_submission(entry, student)
    with django_assert_num_queries(1):
        announce(CREATED, submission)


@pytest.mark.parametrize("count", [1, 3])
def test_announcing_is_two_queries_however_many_listen(
    entry, student, count, django_assert_num_queries
):
    submission = make_submission(entry, student)
    for _i in range(count):
        make_webhook(entry.component)
    with django_assert_num_queries(2):
        announce(CREATED, submission)
    assert WebhookDelivery.objects.count() == count


# --- claiming ------------------------------------------------------------------
def test_claimed_delivery_is_under_way_and_brings_its_webhook(webhook, django_assert_num_queries):
    make_delivery(webhook)
    (delivery,) = claim_deliveries(10)
    with django_assert_num_queries(0):
        assert delivery.webhook.secret == webhook.secret
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.SENDING, 1)
    assert delivery.claim is not None
    lease = delivery.lease_expires_at or timezone.now()
    assert 100 < (lease - timezone.now()).total_seconds() <= 120
    assert delivery.last_attempt_at is not None


def test_nothing_to_claim_takes_no_write_lock(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert claim_deliveries(10) == []
    with django_assert_num_queries(0):
        assert claim_deliveries(0) == []


def test_delivery_that_is_not_due_yet_is_left(webhook):
    changed(make_delivery(webhook), due_at=timezone.now() + timedelta(seconds=5))
    assert claim_deliveries(10) == []


def test_webhook_is_sent_one_message_at_a_time_oldest_first(webhook):
    deliveries = [make_delivery(webhook) for _i in range(3)]
    other = make_delivery()
    (first, second) = claim_deliveries(10)
    assert {first, second} == {deliveries[0], other}
    assert claim_deliveries(10) == []
    record_answer(first if first == deliveries[0] else second, 200, "")
    assert claim_deliveries(10) == [deliveries[1]]


def test_claim_takes_up_to_the_limit_what_is_due_first(db):
    deliveries = [changed(make_delivery(), due_at=ago(minutes=number)) for number in range(3)]
    assert claim_deliveries(2) == [deliveries[2], deliveries[1]]


@pytest.mark.parametrize("status", [200, 410])
def test_ended_delivery_is_not_claimed(webhook, status):
    record_answer(claim_delivery(make_delivery(webhook)), status, "")
    assert claim_deliveries(10) == []


def test_expired_lease_is_taken_over_as_another_attempt(webhook):
    lost = claim_delivery(make_delivery(webhook))
    lose_sender(lost)
    (taken,) = claim_deliveries(10)
    assert (taken.pk, taken.attempts, taken.claim != lost.claim) == (lost.pk, 2, True)


def test_delivery_that_loses_every_sender_is_given_up(webhook):
    lost = claim_delivery(make_delivery(webhook))
    lose_sender(lost, attempts=MAX_ATTEMPTS)
    assert claim_deliveries(10) == []
    lost.refresh_from_db()
    assert (lost.state, lost.claim, lost.lease_expires_at) == (DeliveryState.FAILED, None, None)
    assert lost.last_error == "FlexAGE was interrupted while sending."


@pytest.mark.usefixtures("shared_database")
def test_claimers_at_the_same_moment_share_the_deliveries(db):
    for _i in range(12):
        make_delivery()
    claims = in_threads(*[partial(claim_deliveries, 2)] * 6)
    taken = [delivery.pk for deliveries in claims for delivery in deliveries]
    while deliveries := claim_deliveries(2):
        taken += [delivery.pk for delivery in deliveries]
    assert len(taken) == len(set(taken)) == 12
    assert not WebhookDelivery.objects.exclude(attempts=1).exists()


@pytest.mark.usefixtures("shared_database")
def test_lost_delivery_is_taken_over_by_one_claimer_only(db):
    lose_sender(claim_delivery(make_delivery()))
    claims = in_threads(*[partial(claim_deliveries, 2)] * 6)
    assert sum(len(deliveries) for deliveries in claims) == 1
    assert WebhookDelivery.objects.get().attempts == 2


@pytest.mark.usefixtures("shared_database")
def test_answer_is_not_lost_where_the_webhook_is_removed_meanwhile(entry, configurator):
    webhook = make_webhook(entry.component)
    is_announced = threading.Event()

    def submit():
        with transaction.atomic():
            make_submission(entry)
            is_announced.set()
            time.sleep(0.5)

    def remove():
        is_announced.wait(10)
        remove_webhook(webhook, by=configurator)

    in_threads(submit, remove)
    assert entry.submissions.count() == 1
    assert not Webhook.objects.exists()
    assert not WebhookDelivery.objects.exists()


# --- recording -----------------------------------------------------------------
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_accepted_delivery_is_delivered(webhook, status):
    record_answer(claim_delivery(make_delivery(webhook)), status, "thanks")
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.last_status) == (DeliveryState.DELIVERED, status)
    assert (delivery.last_answer, delivery.last_error) == ("thanks", "")
    assert (delivery.claim, delivery.lease_expires_at) == (None, None)
    assert delivery.finished_at is not None


@pytest.mark.parametrize("status", [100, 199, 300, 304, 400, 401, 404, 429, 500, 503, 999])
def test_any_other_answer_puts_the_delivery_back_for_later(webhook, status):
    record_answer(claim_delivery(make_delivery(webhook)), status, "no")
    delivery = webhook.deliveries.get()
    assert (delivery.state, delivery.last_status) == (DeliveryState.QUEUED, status)
    assert delivery.last_answer == "no"
    assert delivery.last_error
    assert (delivery.claim, delivery.finished_at) == (None, None)
    assert 8 <= (delivery.due_at - delivery.last_attempt_at).total_seconds() <= 13


def test_redirect_says_what_to_do(webhook):
    record_answer(claim_delivery(make_delivery(webhook)), 302, "")
    sentence = "The receiver redirected; give its final address."
    assert webhook.deliveries.get().last_error == sentence


def test_failure_puts_the_delivery_back_for_later(webhook):
    delivery = claim_delivery(make_delivery(webhook))
    record_answer(delivery, 500, "broken")
    changed(delivery, due_at=ago(seconds=1))
    record_delivery_failure(claim_delivery(delivery), "It did not answer in time.")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.QUEUED, 2)
    assert (delivery.last_status, delivery.last_answer) == (None, "")
    assert delivery.last_error == "It did not answer in time."


def test_delivery_is_given_up_after_the_last_wait(webhook):
    delivery = make_delivery(webhook)
    waits = []
    for _attempt in range(MAX_ATTEMPTS):
        changed(delivery, due_at=ago(seconds=1))
        record_answer(claim_delivery(delivery), 500, "")
        delivery.refresh_from_db()
        waits.append((delivery.due_at - timezone.now()).total_seconds())
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 8)
    assert delivery.last_error == "The receiver answered with status 500."
    for waited, planned in zip(waits[:-1], WAITS, strict=True):
        assert 0.8 * planned - 5 <= waited <= 1.2 * planned


@pytest.mark.parametrize("attempts", range(1, 8))
def test_wait_has_jitter(attempts):
    waits = {wait_after(attempts).total_seconds() for _i in range(50)}
    planned = (10, 60, 300, 1800, 7200, 21600, 43200)[attempts - 1]
    assert 0.8 * planned <= min(waits) < max(waits) <= 1.2 * planned


def test_receiver_that_is_gone_ends_the_delivery_and_the_webhook(webhook):
    delivery, waiting = make_delivery(webhook), make_delivery(webhook)
    record_answer(claim_delivery(delivery), 410, "")
    for one in (delivery, waiting, webhook):
        one.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)
    assert (waiting.state, waiting.attempts) == (DeliveryState.FAILED, 0)
    assert not webhook.is_active
    assert delivery.last_error == "The receiver is gone for good; the webhook was switched off."


def test_unstorable_or_endless_answers_are_recorded(webhook):
    record_answer(claim_delivery(make_delivery(webhook)), 500, "x\x00\ud800" * 1000)
    answer = webhook.deliveries.get().last_answer
    assert (len(answer), answer[:3]) == (1000, "x\ufffd\ufffd")


@pytest.mark.parametrize(
    "record",
    [
        lambda delivery: record_answer(delivery, 200, "thanks"),
        lambda delivery: record_answer(delivery, 410, "gone"),
        lambda delivery: record_delivery_failure(delivery, "It broke."),
    ],
    ids=["accepted", "gone", "failed"],
)
def test_lost_claim_changes_nothing(webhook, record):
    lost = claim_delivery(make_delivery(webhook))
    lose_sender(lost)
    (taken,) = claim_deliveries(10)
    assert record(lost) is None
    delivery = webhook.deliveries.get()
    webhook.refresh_from_db()
    assert (delivery.state, delivery.claim) == (DeliveryState.SENDING, taken.claim)
    assert (delivery.last_error, webhook.is_active) == ("", True)


# --- sending again -------------------------------------------------------------
@pytest.mark.parametrize("status", [200, 500])
def test_ended_delivery_can_be_sent_again(webhook, configurator, status):
    delivery = make_delivery(webhook)
    record_answer(claim_delivery(changed(delivery, attempts=7)), status, "")
    resend_delivery(delivery, by=configurator)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.QUEUED, 0)
    assert delivery.finished_at is None
    assert claim_deliveries(10) == [delivery]


@pytest.mark.parametrize("prepare", [lambda delivery: None, claim_delivery])
def test_delivery_under_way_is_not_sent_again(webhook, configurator, prepare):
    delivery = make_delivery(webhook)
    prepare(delivery)
    with pytest.raises(ConflictError) as caught:
        resend_delivery(delivery, by=configurator)
    assert caught.value.code == "still_queued"


def test_delivery_of_a_webhook_that_is_switched_off_is_not_sent_again(webhook, configurator):
    delivery = make_delivery(webhook)
    update_webhook(webhook, is_active=False, by=configurator)
    with pytest.raises(ConflictError) as caught:
        resend_delivery(delivery, by=configurator)
    assert caught.value.code == "webhook_inactive"


# --- forgetting ----------------------------------------------------------------
def test_ended_deliveries_are_deleted_after_thirty_days(webhook):
    for days in (29, 31):
        delivery = claim_delivery(make_delivery(webhook))
        record_answer(delivery, 200, "")
        changed(delivery, finished_at=ago(days=days), created_at=ago(days=days))
    waiting = changed(make_delivery(webhook), created_at=ago(days=60))
    assert prune_deliveries() == 1
    assert webhook.deliveries.count() == 2
    assert webhook.deliveries.filter(pk=waiting.pk).exists()


def test_component_takes_its_webhooks_along(webhook):
    make_delivery(webhook)
    EntryFactory(component=webhook.component)
    webhook.component.delete()
    assert not Webhook.objects.exists()


def test_person_who_registered_can_be_deleted(webhook, configurator):
    configurator.delete()
    webhook.refresh_from_db()
    assert webhook.created_by is None


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (Webhook, {"url": ""}),
        (Webhook, {"secret": "x" * 15}),
        (Webhook, {"events": []}),
        (WebhookDelivery, {"state": "lost"}),
        (WebhookDelivery, {"event": "outcome.deleted"}),
        (WebhookDelivery, {"state": "sending"}),
        (WebhookDelivery, {"claim": uuid.uuid4()}),
        (WebhookDelivery, {"state": "delivered"}),
        (WebhookDelivery, {"finished_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        (
            WebhookDelivery,
            {"state": "failed", "finished_at": datetime(2026, 1, 1, tzinfo=UTC), "last_error": ""},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value.__name__,
)
def test_database_refuses_impossible_states(webhook, model, changes):
    make_delivery(webhook)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**changes)
