"""``manifest check``, ``show``, ``export``, and ``enable``: for people who edit the manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs
import click

from te_connector import host
from te_connector.cli.commands.validate import show_discovery
from te_connector.cli.output import Renderer, clean, note, print_json
from te_connector.cli.settings import Settings, manifest_of, with_settings
from te_connector.errors import Fault, FileFaults, SettingsError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@with_settings
def check(settings: Settings, *, file: Path | None) -> int:
    """Show all faults of a manifest (FILE, or the one in use)."""
    try:
        manifest = manifest_of(_connection(settings, file))
    except FileFaults as faults:
        if settings.as_json:
            print_json({"ok": False, "faults": [attrs.asdict(fault) for fault in faults.faults]})
        for fault in () if settings.as_json else faults.faults:
            note("\n".join([str(fault), *_source(fault)]))
        return 2
    if settings.as_json:
        print_json({"ok": True, "faults": []})
    else:
        click.echo(f"{manifest.path} has no faults.")
    return 0


def _connection(settings: Settings, file: Path | None) -> dict[str, str]:
    connection = settings.connection(sign_in=False)
    if file is not None:
        connection["manifest"] = str(file / "connector.yaml" if file.is_dir() else file)
    return connection


def _source(fault: Fault) -> list[str]:
    """The faulty line of the file, to print below the fault."""
    try:
        lines = Path(fault.path).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
    number = fault.line
    if not 0 < number <= len(lines) or not lines[number - 1].strip():
        return []
    text = lines[number - 1].rstrip()
    indent = len(text) - len(text.lstrip())
    return [f"  {number:5} | {' ' * indent}{clean(text)[:100]}"]


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@with_settings
def show(settings: Settings, *, file: Path | None) -> int:
    """Show what a manifest describes (FILE, or the one in use)."""
    connection = _connection(settings, file)
    answer = host.discover(connection)
    manifest = manifest_of(connection)
    if settings.as_json:
        print_json({"path": str(manifest.path), "version": manifest.version, **answer})
        return 0
    renderer = Renderer()
    show_discovery(renderer, answer)
    renderer.heading("Limits and the file")
    requests, tokens = manifest.requests, manifest.tokens
    rows = [
        ("requests", f"{requests.count:,} in {requests.seconds:g} seconds"),
        ("tokens", f"{tokens.count:,} in {tokens.seconds:g} seconds"),
        ("retries", f"each request for up to {manifest.retry_for:g} seconds"),
        ("scopes", ", ".join(manifest.sign_in.scopes)),
        ("file", f"{manifest.path}, version {manifest.version}"),
    ]
    renderer.table(("", ""), rows)
    return 0


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@with_settings
def export(settings: Settings, *, folder: Path) -> int:
    """Copy the packaged manifest and its schemas to a new folder, to edit them."""
    from te_connector.manifest import loading as manifests
    from te_connector.manifest import locations as resources

    packaged = manifests.load()
    names = {item.schema for item in packaged.objects.values()} | {"manifest.schema.json"}
    try:
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"{folder} isn't empty. Name a new folder.")
        schemas = folder / resources.SCHEMAS_NAME
        schemas.mkdir(parents=True, exist_ok=True)
        for name in sorted(names):
            shutil.copyfile(packaged.schemas_folder / name, schemas / name)
        shutil.copyfile(packaged.path, folder / resources.MANIFEST_NAME)
    except OSError as error:
        raise SettingsError(f"Can't write {folder}: {error.strerror}.") from None
    target = folder / resources.MANIFEST_NAME
    if settings.as_json:
        print_json({"manifest": str(target), "schemas": sorted(names)})
        return 0
    click.echo(f"Copied to {target}, with {len(names)} schemas. Next:")
    click.echo(f"  te-connector manifest check {target}")
    return 0


@click.command()
@click.argument("names", metavar="TYPE...", nargs=-1, required=True)
@with_settings
def enable(settings: Settings, *, names: tuple[str, ...]) -> int:
    """Turn object types on in the manifest in use (a copy; see --manifest)."""
    from te_connector.manifest import editing
    from te_connector.storage.files import write_private

    manifest = manifest_of(settings.connection(sign_in=False))
    edited = editing.enable(manifest.path, names)
    mode = manifest.path.stat().st_mode & 0o777
    write_private(manifest.path, edited.text.encode("utf-8"))
    manifest.path.chmod(mode)
    if settings.as_json:
        print_json({"enabled": list(edited.enabled), "scopes": list(edited.scopes)})
        return 0
    if not edited.enabled:
        click.echo("These types are already turned on.")
        return 0
    click.echo(f"Turned on in {manifest.path}: {', '.join(edited.enabled)}.")
    if edited.scopes:
        click.echo(f"Added to sign_in.scopes: {', '.join(edited.scopes)}.")
    click.echo("Next: te-connector validate")
    return 0
