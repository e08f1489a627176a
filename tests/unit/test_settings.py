"""Settings that keep others out: secrets from files, hosts, origins, rates."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fhir_server.cli import main
from fhir_server.doctor import Finding
from fhir_server.settings import PREFIX, Settings, SettingsError, as_environment, load
from fhir_server.weaknesses import weaknesses

SECRET = "s3cr3t-and-nobody-elses"
URI = f"mongodb://fhir:{SECRET}@db.example/?replicaSet=rs0"


def secret_file(folder: Path, content: str) -> str:
    path = folder / "secret"
    path.write_text(content)
    return str(path)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path, f"{URI}\n")
    assert load({f"{PREFIX}MONGODB_URI_FILE": path}).mongodb_uri == URI


def test_a_token_is_read_from_a_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path, SECRET)
    assert load({f"{PREFIX}TERMINOLOGY_TOKEN_FILE": path}).terminology_token == SECRET


@pytest.mark.parametrize("content", ["", "\n", "  \nlate\n"])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SettingsError, match="first line is empty"):
        load({f"{PREFIX}MONGODB_URI_FILE": secret_file(tmp_path, content)})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="must name a file"):
        load({f"{PREFIX}MONGODB_URI_FILE": str(tmp_path / "none")})


def test_a_secret_given_twice_is_refused_and_not_repeated(tmp_path: Path) -> None:
    both = {
        f"{PREFIX}MONGODB_URI_FILE": secret_file(tmp_path, URI),
        f"{PREFIX}MONGODB_URI": "mongodb://other.example",
    }
    with pytest.raises(SettingsError, match="not both") as refused:
        load(both)
    assert SECRET not in str(refused.value)


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a setting"):
        load({f"{PREFIX}PORT_FILE": secret_file(tmp_path, "80")})


def test_no_secret_stands_in_what_is_printed_of_the_settings() -> None:
    settings = Settings(
        mongodb_uri=URI,
        terminology_token=SECRET,
        terminology_server=f"https://u:{SECRET}@tx.example",
    )
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
    assert as_environment(settings)[f"{PREFIX}TERMINOLOGY_TOKEN"] == SECRET


@pytest.mark.parametrize(
    "address",
    [f"mongodb://fhir:{SECRET}@127.0.0.1:1/?serverSelectionTimeoutMS=50", f"postgres://fhir:{SECRET}@h",
     f"mongodb://fhir:{SECRET}@[bad/", f"mongodb://fhir:{SECRET}@127.0.0.1:99999/", f"mongodb://{SECRET}@:@x"],
)  # fmt: skip
def test_doctor_and_serve_show_no_password_of_the_database(tmp_path: Path, address: str) -> None:
    environment = {
        f"{PREFIX}MONGODB_URI": address,
        f"{PREFIX}TERMINOLOGY_TOKEN": SECRET,
        f"{PREFIX}PORT": "1",
    }
    for command in ("doctor", "serve", "report"):
        result = CliRunner().invoke(main, [command], env=environment)
        assert SECRET not in result.output
        assert SECRET not in str(result.exception)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate_limit", "600"), ("rate_limit", "0/minute"), ("rate_limit", "1/fortnight"), ("failure_limit", "x"),
     ("cors_origins", "*"), ("cors_origins", "https://a.example/"), ("cors_origins", "null"),
     ("cors_origins", "https://*.example, https://b.example/path"), ("cors_origins", "a.example"),
     ("proxy_hops", -1), ("search_seconds", 0), ("max_page_mb", 0)],
)  # fmt: skip
def test_a_setting_that_can_not_work_is_refused_at_start(name: str, value: str | float) -> None:
    with pytest.raises(SettingsError, match=f"{PREFIX}{name.upper()} must"):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_a_server_with_security_has_a_rate_and_an_open_one_has_none() -> None:
    assert Settings().client_rate == ""
    assert Settings(local_tokens=True).client_rate == "30000/minute"
    assert Settings(local_tokens=True, rate_limit="off").client_rate == ""
    assert Settings(rate_limit="10/second").client_rate == "10/second"


def test_a_secured_server_that_others_reach_must_know_its_address() -> None:
    with pytest.raises(SettingsError, match="BASE_URL must say"):
        Settings(local_tokens=True, host="10.0.0.1")
    known = Settings(local_tokens=True, host="10.0.0.1", base_url="https://fhir.example/fhir")
    assert "fhir.example" in known.hosts
    assert "localhost" not in known.hosts


def findings(**settings: object) -> dict[str, Finding]:
    given = Settings(**settings)  # type: ignore[arg-type]
    return {each.subject: each for each in weaknesses(given)}


def test_doctor_warns_of_an_open_server_that_others_reach() -> None:
    found = findings(host="10.0.0.1")["Security"]
    assert found.state == "warning"
    assert "issuers" in found.advice


def test_doctor_warns_of_an_address_without_tls() -> None:
    plain = findings(base_url="http://fhir.example/fhir", local_tokens=True)["TLS"]
    assert plain.state == "warning"
    assert "TLS" not in findings(base_url="https://fhir.example/fhir", local_tokens=True)
    assert "TLS" not in findings(base_url="http://localhost:8000/fhir")


def test_doctor_warns_of_development_tokens_where_real_people_are() -> None:
    assert findings(local_tokens=True, test_mode=False)["Tokens"].state == "warning"
    assert "Tokens" not in findings(local_tokens=True)


def test_doctor_warns_of_a_database_without_tls_or_user_and_shows_neither() -> None:
    found = findings(mongodb_uri="mongodb://db.example/?replicaSet=rs0")["Database"]
    assert found.state == "warning"
    assert "Database" not in findings(mongodb_uri=f"{URI}&tls=true")
    assert "Database" not in findings(mongodb_uri="mongodb://127.0.0.1/?replicaSet=rs0")
    assert SECRET not in findings(mongodb_uri=URI)["Database"].text


def test_doctor_warns_of_a_data_directory_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert findings(data_dir=tmp_path)["Data rights"].state == "warning"
    tmp_path.chmod(0o700)
    assert "Data rights" not in findings(data_dir=tmp_path)


def test_doctor_warns_of_a_secret_file_that_others_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(secret_file(tmp_path, URI))
    monkeypatch.setenv(f"{PREFIX}MONGODB_URI_FILE", str(path))
    path.chmod(0o644)
    assert findings()["Secrets"].state == "warning"
    path.chmod(0o400)
    assert "Secrets" not in findings()
