"""`package`."""

from __future__ import annotations

from command import command_fixture, fetched  # noqa: F401


def test_package_makes_a_folder_for_each_person(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "out")
    assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "out" / "req-1" / "index.html").is_file()
    assert "Withheld" in ran.out
    again = command("package", tmp_path / "r.json", "--output", tmp_path / "out")
    assert (again.status, again.out) == (2, "")


def test_package_takes_a_policy(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    policy = tmp_path / "policy.yaml"
    policy.write_text("include: [contact:2340]\n")
    ran = command(
        "package", tmp_path / "r.json", "--output", tmp_path / "o", "--policy", policy, "--json"
    )
    assert ran.document["packages"][0]["released"]["contact"] == 3
    policy.write_text("includ: []\n")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "p", "--policy", policy)
    assert ran.status == 2
    assert f"{policy}:1: " in ran.err
