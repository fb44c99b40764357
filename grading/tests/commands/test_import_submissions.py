"""`manage.py import_submissions`."""

import io
import json
import sys
import uuid

import pytest
from django.core.management import CommandError, call_command

from grading.models import HumanScore, Submission

pytestmark = pytest.mark.django_db
ROW = {"student": "student", "content": "Light and water."}


@pytest.fixture
def run(entry, student, tmp_path):
    """Write a file and import it: (standard output, standard error)."""

    def run(data, *options, name="answers.jsonl", entry_id=None):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        command = ["import_submissions", str(path), "--entry", str(entry_id or entry.pk), *options]
        try:
            call_command(*command, stdout=out, stderr=err)
        except CommandError as error:
            return str(error), err.getvalue()
        return out.getvalue(), err.getvalue()

    out, err = io.StringIO(), io.StringIO()
    return run


def lines(*rows):
    return "\n".join(json.dumps(row) for row in rows)


def test_json_lines_are_imported(run):
    out, err = run(lines(ROW, {**ROW, "scores": {"ann": {"1": 3}}}))
    assert out == "2 answers imported; they wait for the worker.\n"
    assert err == ""
    assert (Submission.objects.count(), HumanScore.objects.count()) == (2, 1)


def test_progress_is_shown_on_a_terminal(run, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    run(lines(ROW, ROW))
    assert "2/2" in terminal.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_imported(run, encoding):
    source = "student;content;score:1:ann\r\nstudent;Größe;3\r\n"
    out, _err = run(source.encode(encoding), name="answers.csv")
    assert out.startswith("1 answers imported")
    assert Submission.objects.get().text == "Größe"


def test_bad_rows_are_reported_and_nothing_is_imported(run):
    out, err = run(lines(ROW, {"student": "nobody", "content": "x"}, {"student": "student"}))
    assert out == "2 bad rows; nothing was imported."
    assert "row 2: there is no student 'nobody'\nrow 3: content is missing or no text" in err
    assert not Submission.objects.exists()


def test_long_report_ends_with_the_rest_counted(run):
    _out, err = run(lines(*[{}] * 53))
    assert err.count("content is missing") == 50
    assert "... and 3 more" in err


def test_students_are_created_on_demand_only(run):
    row = {**ROW, "student": "new"}
    assert "1 bad row" in run(lines(row))[0]
    assert run(lines(row), "--create-students")[0].startswith("1 answers imported")


@pytest.mark.parametrize("key", ["no-id", str(uuid.UUID(int=7)), "7"])
def test_unknown_entry_is_one_line(run, key):
    assert run(lines(ROW), entry_id=key)[0] == f"There is no entry {key}."


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", "student,content\nstudent,ä".encode("latin-1")])
def test_file_that_is_no_utf8_is_one_line(run, data):
    out, _err = run(data, name="answers.csv")
    assert "cannot be read" in out
    assert "\n" not in out


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_empty_file_is_refused(run, name):
    assert run("", name=name)[0] == "1 bad rows; nothing was imported."


def test_missing_file_is_one_line(entry, tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.csv cannot be read"):
        call_command("import_submissions", str(tmp_path / "nothing.csv"), entry=str(entry.pk))


def test_folder_is_no_file(entry, tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_submissions", str(tmp_path), entry=str(entry.pk))
