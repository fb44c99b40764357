"""The sender, against a real HTTP server; the worker that runs it, as a process of its own."""

import hashlib
import hmac
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from grading import webhooks
from grading.enums import DeliveryState
from grading.models import WebhookDelivery, WorkerHeartbeat
from grading.services.webhooks import claim_deliveries, update_webhook
from grading.tests.commands.test_worker import log, start, wait_until  # noqa: F401 (fixtures)
from grading.tests.factories import claim_delivery, make_delivery, make_submission, make_webhook
from grading.tests.fakes.receiver import Receiver
from grading.webhooks import Flight, WebhookSender, body_of, settle, sign

pytestmark = pytest.mark.django_db
SECRET = "a secret of the tests"
TIMED_OUT = "The receiver did not answer in time."
BROKE_OFF = "The receiver could not be reached, or broke off."
PRIVATE = "The address leads to a private network, where nothing is sent."


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_PRIVATE_ADDRESSES = True
    with Receiver() as server:
        yield server


@pytest.fixture
def webhook(component, receiver):
    return make_webhook(component, url=receiver.url, secret=SECRET)


def deliver(delivery):
    """Make one attempt, as the sender does; the delivery as it is then."""
    flight = Flight(claim_delivery(delivery))
    with ThreadPoolExecutor(1) as pool:
        settle(flight, pool.submit(flight.send))
    return WebhookDelivery.objects.get(pk=delivery.pk)


@contextmanager
def running_sender():
    sender = WebhookSender()
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()
        sender.join()


def all_have_ended():
    return not WebhookDelivery.objects.active().exists()


# --- what is on the wire -------------------------------------------------------
def test_signature_is_that_of_other_programs():
    # printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
    expected = "9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23"
    assert sign("0123456789abcdef", 1700000000, b'{"a":1}') == expected


def test_message_is_signed_and_says_what_happened(webhook, receiver):
    before = int(time.time())
    delivery = deliver(make_delivery(webhook))
    (call,) = receiver.calls
    assert (call.path, call.headers["content-type"]) == ("/hook?from=flexage", "application/json")
    assert call.headers["user-agent"] == "FlexAGE-Webhooks/1"
    assert call.headers["flexage-event"] == "submission.created"
    assert call.headers["flexage-delivery"] == str(delivery.pk)
    timestamp = call.headers["flexage-timestamp"]
    assert before <= int(timestamp) <= time.time()
    signed = timestamp.encode() + b"." + call.body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert call.headers["flexage-signature"] == f"v1={digest}"
    own = {"delivery_id": str(delivery.pk), "occurred_at": delivery.created_at.isoformat()}
    assert call.message == delivery.payload | own
    assert datetime.fromisoformat(call.message["occurred_at"]).tzinfo


def test_accepted_message_is_delivered(webhook, receiver):
    receiver.play(202, body="Dankeschön".encode())
    delivery = deliver(make_delivery(webhook))
    assert (delivery.state, delivery.last_status) == (DeliveryState.DELIVERED, 202)
    assert (delivery.last_answer, delivery.last_error) == ("Dankeschön", "")


def test_body_is_the_same_at_every_attempt(webhook, receiver):
    receiver.play(500, times=1)
    delivery = deliver(make_delivery(webhook))
    WebhookDelivery.objects.update(due_at=timezone.now())
    assert deliver(delivery).state == DeliveryState.DELIVERED
    first, second = receiver.calls
    assert first.body == second.body == body_of(delivery)
    assert json.loads(first.body)["delivery_id"] == str(delivery.pk)


def test_message_waiting_is_sent_with_the_secret_and_to_the_address_of_now(
    webhook, receiver, configurator
):
    delivery = make_delivery(webhook)
    new = f"{receiver.url}&new"
    update_webhook(webhook, url=new, secret="another secret now", by=configurator)
    deliver(delivery)
    (call,) = receiver.calls
    signed = call.headers["flexage-timestamp"].encode() + b"." + call.body
    digest = hmac.new(b"another secret now", signed, hashlib.sha256).hexdigest()
    assert call.headers["flexage-signature"] == f"v1={digest}"
    assert call.path.endswith("&new")


def test_proxy_of_the_environment_is_not_asked(webhook, receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert deliver(make_delivery(webhook)).state == DeliveryState.DELIVERED


# --- what receivers do ---------------------------------------------------------
@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_refused_message_is_put_back(webhook, receiver, status):
    receiver.play(status, body=b"no, thanks")
    delivery = deliver(make_delivery(webhook))
    assert (delivery.state, delivery.last_status) == (DeliveryState.QUEUED, status)
    assert delivery.last_answer == "no, thanks"
    assert delivery.last_error == f"The receiver answered with status {status}."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(webhook, receiver, status):
    receiver.play(status, headers={"Location": f"{receiver.url}&else"})
    delivery = deliver(make_delivery(webhook))
    assert len(receiver.calls) == 1
    assert (delivery.state, delivery.last_status) == (DeliveryState.QUEUED, status)
    assert delivery.last_error == "The receiver redirected; give its final address."


def test_receiver_that_is_gone_switches_the_webhook_off(webhook, receiver):
    receiver.play(410)
    assert deliver(make_delivery(webhook)).state == DeliveryState.FAILED
    webhook.refresh_from_db()
    assert not webhook.is_active


@pytest.mark.parametrize("status", [200, 302, 500])
def test_endless_answer_is_read_a_little_only(webhook, receiver, status):
    receiver.play(status, manner="endless", headers={"Location": "/else"})
    delivery = deliver(make_delivery(webhook))
    assert (delivery.last_status, delivery.last_answer) == (status, "x" * 1000)


@pytest.mark.parametrize(
    ("manner", "sentence"),
    [("silent", TIMED_OUT), ("reset", BROKE_OFF), ("garbage", BROKE_OFF)],
)
def test_broken_answer_is_a_failure_with_a_cause(webhook, receiver, monkeypatch, manner, sentence):
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.3)
    receiver.play(manner=manner)
    delivery = deliver(make_delivery(webhook))
    assert (delivery.state, delivery.last_error) == (DeliveryState.QUEUED, sentence)
    assert (delivery.last_status, delivery.last_answer) == (None, "")


def test_status_counts_where_the_rest_of_the_answer_does_not_come(webhook, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.3)
    receiver.play(200, manner="silent_after_head")
    delivery = deliver(make_delivery(webhook))
    assert (delivery.state, delivery.last_answer) == (DeliveryState.DELIVERED, "")


def test_unreadable_answer_is_kept_as_far_as_it_can_be(webhook, receiver):
    receiver.play(500, body=b"\xff\x00ok", headers={"Content-Encoding": "gzip"})
    assert deliver(make_delivery(webhook)).last_answer == "\ufffd\ufffdok"


def test_nobody_listening_is_a_failure_with_a_cause(component, settings):
    settings.WEBHOOK_PRIVATE_ADDRESSES = True
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        delivery = deliver(make_delivery(make_webhook(component, url=url)))
    assert (delivery.state, delivery.last_error) == (DeliveryState.QUEUED, BROKE_OFF)


def test_receiver_without_a_certificate_is_a_failure_with_a_cause(component, receiver):
    url = receiver.url.replace("http:", "https:")
    delivery = deliver(make_delivery(make_webhook(component, url=url)))
    assert delivery.last_error.startswith("No secure connection")


# --- where messages may go -----------------------------------------------------
@pytest.fixture
def internet(monkeypatch):
    """Where names and public addresses lead, for the sender's own machine."""
    routes: dict[str, str] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        target = routes.get(host, host)
        if isinstance(target, Exception):
            raise target
        return real(target, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return routes


@pytest.fixture
def public_webhook(component, receiver, internet, settings):
    """A webhook whose name leads to a public address, at which the receiver listens."""
    settings.WEBHOOK_PRIVATE_ADDRESSES = False
    internet["hooks.example.org"] = "93.184.215.14"
    url = f"http://hooks.example.org:{receiver.port}/hook"
    webhook = make_webhook(component, url=url)
    internet["93.184.215.14"] = "127.0.0.1"
    return webhook


def test_message_goes_to_the_public_address_of_a_name(public_webhook, receiver):
    assert deliver(make_delivery(public_webhook)).state == DeliveryState.DELIVERED
    (call,) = receiver.calls
    assert call.headers["host"] == f"hooks.example.org:{receiver.port}"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_name_that_leads_to_a_private_address_later_is_not_followed(
    public_webhook, receiver, internet, address
):
    internet["hooks.example.org"] = address
    delivery = deliver(make_delivery(public_webhook))
    assert (delivery.state, delivery.last_error) == (DeliveryState.QUEUED, PRIVATE)
    assert receiver.calls == []


def test_private_address_is_not_followed_once_the_setting_is_off(webhook, receiver, settings):
    settings.WEBHOOK_PRIVATE_ADDRESSES = False
    assert deliver(make_delivery(webhook)).last_error == PRIVATE
    assert receiver.calls == []


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("too long")])
def test_name_that_cannot_be_looked_up_is_a_failure_with_a_cause(public_webhook, internet, error):
    internet["hooks.example.org"] = error
    delivery = deliver(make_delivery(public_webhook))
    assert delivery.state == DeliveryState.QUEUED
    assert delivery.last_error.endswith(".")
    assert "FlexAGE" not in delivery.last_error


# --- the loop ------------------------------------------------------------------
@pytest.mark.usefixtures("shared_database")
class TestSender:
    def test_everything_due_is_sent_without_waiting_for_the_next_look(self, webhook, receiver):
        for _i in range(10):
            make_delivery(webhook)
        with running_sender():
            wait_until(all_have_ended, seconds=8)
        states = WebhookDelivery.objects.values_list("state", "attempts")
        assert set(states) == {(DeliveryState.DELIVERED, 1)}
        assert (len(receiver.calls), receiver.most_at_once) == (10, 1)

    def test_silent_receiver_holds_up_nobody_else(self, webhook, component, receiver):
        with Receiver() as silent:
            silent.play(manner="silent")
            other = make_webhook(component, url=silent.url)
            for _i in range(6):
                make_delivery(webhook)
            with running_sender():
                wait_until(lambda: len(receiver.calls) == 6 and silent.calls)
                assert silent.most_at_once == 1
                silent.is_over.set()
        assert other.deliveries.filter(attempts=0).exists()

    def test_receiver_that_never_comes_to_an_end_is_cut_off(self, webhook, receiver, monkeypatch):
        monkeypatch.setattr(webhooks, "MAX_SECONDS", 0.5)
        receiver.play(manner="dripping")
        delivery = make_delivery(webhook)
        with running_sender():
            wait_until(lambda: webhook.deliveries.filter(state=DeliveryState.QUEUED, attempts=1))
        delivery.refresh_from_db()
        assert delivery.last_error == TIMED_OUT

    def test_sender_that_is_stopped_lets_what_is_in_flight_land(self, webhook, receiver):
        receiver.delay = 0.5
        make_delivery(webhook)
        make_delivery(webhook)
        with running_sender():
            wait_until(lambda: receiver.calls)
        states = sorted(WebhookDelivery.objects.values_list("state", flat=True))
        assert states == [DeliveryState.DELIVERED, DeliveryState.QUEUED]
        assert not [t for t in threading.enumerate() if t.name.startswith("webhook")]

    def test_idle_sender_stops_at_once(self, receiver):
        with running_sender():
            time.sleep(0.2)
            began = time.monotonic()
        assert time.monotonic() - began < 0.9

    def test_database_in_trouble_is_waited_for(self, webhook, receiver, caplog):
        table = WebhookDelivery._meta.db_table
        make_delivery(webhook)
        with running_sender():
            wait_until(all_have_ended)
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
            wait_until(lambda: "Webhooks have to wait" in caplog.text)
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE elsewhere RENAME TO {table}")
            make_delivery(webhook)
            wait_until(all_have_ended)
        assert len(receiver.calls) == 2

    def test_old_deliveries_are_deleted_now_and_then(self, webhook, receiver):
        delivery = deliver(make_delivery(webhook))
        long_ago = timezone.now() - timedelta(days=31)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(finished_at=long_ago)
        with running_sender():
            wait_until(lambda: not WebhookDelivery.objects.exists())


# --- the worker ----------------------------------------------------------------
@pytest.mark.worker
@pytest.mark.usefixtures("shared_database")
def test_worker_sends_what_it_grades_and_says_that_it_lives(
    webhook, receiver, entry, monkeypatch, request
):
    monkeypatch.setenv("WEBHOOK_PRIVATE_ADDRESSES", "true")
    worker = request.getfixturevalue("start")()
    wait_until(WorkerHeartbeat.objects.exists)
    submission = make_submission(entry)
    wait_until(lambda: len(receiver.calls) == 2)
    wait_until(all_have_ended)
    assert WorkerHeartbeat.objects.get().pid == worker.process.pid
    events = {call.message["event"]: call.message for call in receiver.calls}
    assert set(events) == {"submission.created", "outcome.available"}
    assert events["outcome.available"]["submission_id"] == str(submission.pk)
    assert events["outcome.available"]["is_llm_generated"] is True
    worker.process.terminate()
    assert worker.process.wait(timeout=10) == 0
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.worker
@pytest.mark.usefixtures("shared_database")
def test_worker_sends_to_private_addresses_only_where_it_may(webhook, receiver, request):
    delivery = make_delivery(webhook)
    request.getfixturevalue("start")()
    tried = webhook.deliveries.filter(pk=delivery.pk, state=DeliveryState.QUEUED, attempts=1)
    wait_until(tried.exists)
    delivery.refresh_from_db()
    assert (delivery.last_error, receiver.calls) == (PRIVATE, [])


@pytest.mark.worker
@pytest.mark.usefixtures("shared_database")
def test_message_of_a_killed_worker_is_sent_by_another(webhook, receiver, monkeypatch, request):
    monkeypatch.setenv("WEBHOOK_PRIVATE_ADDRESSES", "true")
    receiver.play(manner="silent", times=1)
    delivery = make_delivery(webhook)
    start_worker = request.getfixturevalue("start")
    worker = start_worker()
    wait_until(lambda: receiver.calls)
    worker.kill()
    assert claim_deliveries(1) == []
    sending = WebhookDelivery.objects.filter(state=DeliveryState.SENDING)
    assert sending.update(lease_expires_at=timezone.now()) == 1
    start_worker()
    wait_until(all_have_ended)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 2)
    sent = [call.message["delivery_id"] for call in receiver.calls]
    assert sent.count(str(delivery.pk)) == 2
