"""What a processor may upload: every hostile file ends right, and nothing is rendered or unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest

from te_connector.portal.direct import uploads
from te_connector.portal.refusal import Refused


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


PDF, PNG = b"%PDF-1.7\n%\xe2\xe3\n", b"\x89PNG\r\n\x1a\n\x00\x00"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GOOD = [
    ("a.csv", b"name;city\r\nMaria;Austin\r\n"),
    ("a.csv", "name,city\nJos\u00e9,Austin\n".encode("latin-1")),
    ("a.csv", "name,city\n".encode("utf-16")),
    ("a.csv", b"id,note\n1,<body>A note of the CRM</body>\n"),
    ("a.json", b'{"a": 1}'),
    ("a.txt", b"a < b, and that is all"),
    ("report.v2.PDF", PDF),
    ("a.png", PNG),
    ("a.jpeg", b"\xff\xd8\xff\xe0"),
    ("a.zip", zipped("x.txt", b"x")),
    ("a.xlsx", zipped("[Content_Types].xml", b"<Types/>")),
]
HOSTILE = [
    ("page.html", b"<!doctype html><p>x"),
    ("image.svg", SVG),
    ("run.exe", b"MZ\x90\x00"),
    ("report.pdf.exe", PDF),
    ("report.exe.pdf", b"MZ\x90\x00"),
    ("a.pdf", SVG),
    ("a.png", b"<html>"),
    ("a.txt", b"  \n<!DOCTYPE html><script>1</script>"),
    ("a.csv", b"\xef\xbb\xbf" + SVG),
    ("a.txt", "\ufeff<html>".encode("utf-16")),
    ("a.json", b"\x00\x01\x02"),
    ("a.txt", b"\x7fELF\x02\x01"),
    ("a.csv", PDF),
    ("a.xlsx", zipped("x.txt", b"x")),
    ("a.zip", b"Rar!\x1a\x07"),
    ("noending", b"x"),
    (".pdf", b""),
    ("empty.txt", b""),
    ("pdf", PDF),
    ("a.docm", zipped("[Content_Types].xml", b"x")),
]


@pytest.mark.parametrize(("name", "content"), GOOD)
def test_an_allowed_file_is_kept_and_says_that_nothing_scanned_it(name, content):
    kept = uploads.check(name, content)
    assert (kept.name, kept.content) == (name, content)
    assert kept.scan == "not scanned: no scanner is set up"


@pytest.mark.parametrize(("name", "content"), HOSTILE)
def test_a_hostile_file_is_refused(name, content):
    with pytest.raises(Refused) as refused:
        uploads.check(name, content)
    assert refused.value.field == "files"


def test_a_file_is_too_large_by_one_byte():
    most = PDF + b"0" * (uploads.MOST_BYTES - len(PDF))
    assert uploads.check("a.pdf", most).content == most
    with pytest.raises(Refused) as refused:
        uploads.check("a.pdf", most + b"0")
    assert refused.value.code == "file_size"


def test_a_zip_bomb_is_kept_as_it_is():
    bomb = zipped("zeros", b"\0" * (50 * 1024 * 1024))
    assert uploads.check("a.zip", bomb).content == bomb


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/cron.d/a.csv", "a.csv"),
        ("C:\\Users\\x\\a.csv", "a.csv"),
        ("a\r\nSet-Cookie: x.csv", "aSet-Cookie: x.csv"),
        ("  a.csv. ", "a.csv"),
        ("a" * 300 + ".csv", "a" * 96 + ".csv"),
        ("\u202egpj.csv", "gpj.csv"),
    ],
)
def test_a_name_keeps_no_folder_and_no_control_character(given, name):
    assert uploads.plain_name(given) == name


@pytest.mark.parametrize(
    ("script", "scan"),
    [
        ("cat > /dev/null", "clean"),
        ("exit 2", "not scanned: the scanner failed"),
    ],
)
def test_a_scanner_reads_the_file_and_its_status_decides(tmp_path, script, scan):
    scanner = tmp_path / "scan"
    scanner.write_text(f"#!/bin/sh\n{script}\n")
    scanner.chmod(0o700)
    assert uploads.check("a.txt", b"x", str(scanner)).scan == scan


def test_a_find_of_the_scanner_refuses_the_file(tmp_path):
    scanner = tmp_path / "scan"
    scanner.write_text("#!/bin/sh\ngrep -q EICAR && exit 1\nexit 0\n")
    scanner.chmod(0o700)
    assert uploads.check("a.txt", b"harmless", str(scanner)).scan == "clean"
    with pytest.raises(Refused) as refused:
        uploads.check("a.txt", b"EICAR", str(scanner))
    assert refused.value.code == "file_infected"


def test_a_scanner_that_does_not_exist_is_said():
    assert "can't be run" in uploads.check("a.txt", b"x", "/nowhere/scan").scan
