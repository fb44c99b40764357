"""Uses the admin's pages the way a browser does."""

import html
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

CSV = "0"


def browser_of(user):
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def upload(client, model, text):
    """Hand a CSV file to the import page of `model`, such as `accounts_user`."""
    content = text if isinstance(text, bytes) else text.encode()
    typed = {"resource": "0", "format": CSV, "import_file": SimpleUploadedFile("a.csv", content)}
    return client.post(reverse(f"admin:{model}_import"), typed)


def confirm(client, model, preview):
    """Press “Confirm import” on the page that shows the preview."""
    typed = preview.context["confirm_form"].initial
    return client.post(reverse(f"admin:{model}_process_import"), typed, follow=True)


def import_file(client, model, text):
    """Upload a file without mistakes, and confirm it."""
    return confirm(client, model, upload(client, model, text))


def export_file(client, model):
    """What the export page of `model` gives, all columns of it."""
    address = reverse(f"admin:{model}_export")
    fields = client.get(address).context["form"].fields
    ticked = {name: "on" for name, field in fields.items() if field.initial is True}
    return client.post(address, {"resource": "0", "format": CSV, **ticked}).content.decode()


def run_action(client, model, action, rows, **typed):
    """Tick rows of the list and run one of its actions on them."""
    selected = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(f"admin:{model}_changelist"), {**selected, **typed}, follow=True)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def text_of(response):
    """What a person reads on the page, each run of white space as one space."""
    body = response.text.partition('id="content"')[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))
