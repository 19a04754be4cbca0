"""`fetch --subjects FILE.csv`: subjects as Excel and ticket systems export them."""

from __future__ import annotations

import pytest
from command import MARIA, PHONE, command_fixture  # noqa: F401

from te_connector.cli.subject_files import mapping_of, read_csv
from te_connector.errors import FileFaults, SettingsError

KINDS = ("email", "phone", "service_id", "external_id")


@pytest.fixture(name="read")
def _read(tmp_path):
    def read(text, *maps, encoding="utf-8"):
        file = tmp_path / "people.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_csv(file, KINDS, mapping_of(maps))

    return read


def faults(read, text, *maps):
    with pytest.raises(FileFaults) as caught:
        read(text, *maps)
    return [(fault.line, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_from_excel_is_read(read, encoding, end, delimiter):
    lines = [["id", "email", "phone"], ["a", "zoë@example.com", "763-555-0123"], ["b", "", "5"]]
    text = end.join(delimiter.join(line) for line in lines) + end
    assert read(text, encoding=encoding) == [
        {"id": "a", "identifiers": {"email": ["zoë@example.com"], "phone": ["763-555-0123"]}},
        {"id": "b", "identifiers": {"phone": ["5"]}},
    ]


def test_several_values_in_a_cell_are_separated_by_semicolons_or_line_breaks(read):
    text = 'id,email,phone\na,"x@example.com; y@example.com","1\n2\r\n\n3"\n'
    assert read(text)[0]["identifiers"] == {
        "email": ["x@example.com", "y@example.com"],
        "phone": ["1", "2", "3"],
    }


def test_a_cell_with_semicolons_is_quoted_where_they_separate_columns(read):
    text = 'id;email\na;"x@example.com;y@example.com"\n'
    assert read(text)[0]["identifiers"] == {"email": ["x@example.com", "y@example.com"]}


@pytest.mark.parametrize("value", ["0012345", "+6563916000", "1e3", "NO", "=1+1", "contact:2317"])
def test_values_are_taken_as_written(read, value):
    assert read(f"id,external_id\na,{value}\n")[0]["identifiers"] == {"external_id": [value]}


def test_names_of_columns_are_read_in_any_case_and_order(read):
    text = "Service ID, Email ,ID\n2317,x@example.com,a\n"
    assert read(text) == [
        {"id": "a", "identifiers": {"service_id": ["2317"], "email": ["x@example.com"]}}
    ]


def test_the_hint_that_excel_writes_about_the_delimiter_is_followed(read):
    assert faults(read, "sep=|\r\nid|email|x,y,z\r\na|x@example.com|\r\n")[0][0] == 2
    assert read("sep=|\r\nid|email\r\na|x@example.com\r\n")[0]["id"] == "a"


def test_an_unknown_column_is_an_error_that_names_it_and_the_way_out(read):
    ((line, message),) = faults(read, "id,E-Mail-Adresse,Status\na,x@example.com,open\n")
    assert line == 1
    assert "E-Mail-Adresse, Status" in message
    assert "--map COLUMN=kind" in message


def test_map_says_what_other_columns_hold(read):
    text = "Ticket;Customer e-mail;Second e-mail;Status\n7;x@example.com;y@example.com;open\n"
    maps = ("Ticket=id", "customer E-MAIL=email", "Second e-mail=email", "Status=ignore")
    assert read(text, *maps) == [
        {"id": "7", "identifiers": {"email": ["x@example.com", "y@example.com"]}}
    ]


def test_a_map_to_a_column_that_is_not_there_is_an_error(read):
    ((line, message),) = faults(read, "id,email\na,x@example.com\n", "Mobile=phone")
    assert (line, "Mobile" in message) == (1, True)


@pytest.mark.parametrize("option", ["Mobile", "=phone", "Mobile=mobile"])
def test_a_map_that_cannot_be_read_is_an_error(read, option):
    with pytest.raises(SettingsError, match="--map"):
        read("id,Mobile\na,1\n", option)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("id,email\n\n", 1, "no rows"),
        ("email\nx@example.com\n", 1, "no column holds the id"),
        ("id,ID,email\na,b,x@example.com\n", 1, "more than one column holds the id"),
        ("id,email\n,x@example.com\n", 2, "id is empty"),
        ("id,email\na,\n", 2, "no identifier"),
        ("id,email\na,x@example.com\n\na,y@example.com\n", 4, "same as in line 2"),
        ("id,email\na,x@example.com,y\n", 2, "3 cells"),
        ('id,email\na,"x@example.com\n', 2, "quotation mark"),
        (b"id,email\na,\xe9@example.com\n", 2, "CSV UTF-8"),
        (b"id,email\na,x\0@example.com\n", 2, "text file"),
    ],
)
def test_a_fault_names_its_line(read, text, line, says):
    ((found, message),) = faults(read, text)
    assert found == line
    assert says in message
    assert "example" not in message


def test_all_faults_are_listed_at_once(read):
    text = 'id,email\n,x@example.com\n"b\nc",y@example.com\nd,\ne,z@example.com,f\n'
    assert [line for line, _ in faults(read, text)] == [2, 5, 6]


def test_fetch_takes_a_csv_file(command, tmp_path):
    file = tmp_path / "Tickets.CSV"
    file.write_bytes(f"\ufeffTicket;email;phone\r\n7;{MARIA};{PHONE}\r\n".encode())
    ran = command("fetch", "--subjects", file, "--map", "Ticket=id", "--json")
    assert ran.document["subjects"] == [
        {"id": "7", "identifiers": {"email": [MARIA], "phone": [PHONE]}}
    ]
    assert ran.document["records"]


def test_a_value_that_is_no_identifier_is_an_error_before_anything_is_sent(
    command, vendor, tmp_path
):
    file = tmp_path / "people.csv"
    file.write_text("id,email\na,maria\n")
    ran = command("fetch", "--subjects", file)
    assert (ran.status, ran.out) == (2, "")
    assert "maria" not in ran.err
    assert not vendor.log


def test_map_without_a_csv_file_is_an_error(command, vendor):
    ran = command("fetch", "--email", MARIA, "--map", "a=email")
    assert ran.status == 2
    assert "--map is for a CSV file" in ran.err
