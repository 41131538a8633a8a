"""Settings are checked before anything is started, and the text says what to set."""

from pathlib import Path

import pytest

from deploy.processes.settings import SettingsError, read_settings, read_stores
from events.clock import system_clock
from migrations.roles import INGEST, QUERY
from tests.support.running import run_command

DATABASE = "postgresql://{role}@db.example/sijill"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"SIJILL_DATABASE": DATABASE, "SIJILL_KEYS": str(tmp_path), "SIJILL_PORT": "8470"}


def test_what_is_required_suffices(environment: dict[str, str], tmp_path: Path) -> None:
    settings = read_settings(environment)

    assert settings.dsn(INGEST) == "postgresql://sijill_ingest@db.example/sijill"
    assert settings.views_dsn(QUERY) == "postgresql://sijill_query@db.example/sijill"
    assert (settings.keys, settings.host, settings.port) == (tmp_path, "127.0.0.1", 8470)
    assert (settings.clock, settings.level) == (system_clock, "info")


def test_views_may_have_a_database_of_their_own(environment: dict[str, str]) -> None:
    views = "postgresql://{role}@views.example:5433/sijill"

    settings = read_settings({**environment, "SIJILL_VIEWS": views})

    assert settings.views_dsn(QUERY) == "postgresql://sijill_query@views.example:5433/sijill"
    assert settings.dsn(QUERY) == "postgresql://sijill_query@db.example/sijill"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIJILL_DATABASE", "", "SIJILL_DATABASE is not set"),
        ("SIJILL_DATABASE", "postgresql://me@db.example/sijill", "with the mark {role}"),
        ("SIJILL_DATABASE", "mysql://{role}@db.example/sijill", "must be postgresql://"),
        ("SIJILL_DATABASE", "postgresql://{role}@db.example", "must be postgresql://"),
        ("SIJILL_DATABASE", "postgresql://{role}@db.example:port/sijill", "must be postgresql://"),
        ("SIJILL_VIEWS", "db.example", "SIJILL_VIEWS must be postgresql://"),
        ("SIJILL_KEYS", "", "SIJILL_KEYS is not set"),
        ("SIJILL_KEYS", "/nowhere", "SIJILL_KEYS=/nowhere is no folder"),
        ("SIJILL_PORT", "", "SIJILL_PORT is not set"),
        ("SIJILL_PORT", "http", "SIJILL_PORT=http is no port"),
        ("SIJILL_PORT", "65536", "SIJILL_PORT=65536 is no port"),
        ("SIJILL_PORT", "²", "SIJILL_PORT=² is no port"),
        ("SIJILL_CLOCK", "sundial", "SIJILL_CLOCK=sundial is neither"),
        ("SIJILL_LOG", "loud", "SIJILL_LOG=loud is none of debug, info, warning, error"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: dict[str, str], name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError, match="SIJILL") as raised:
        read_settings({**environment, name: value})
    assert said in str(raised.value)


SASL = {
    "SIJILL_KAFKA": "k1.example:9092,k2.example:9092",
    "SIJILL_KAFKA_PROTOCOL": "SASL_SSL",
    "SIJILL_KAFKA_USER": "ingest",
}


def test_the_log_is_in_the_database_unless_brokers_are_named(environment: dict[str, str]) -> None:
    assert read_settings(environment).kafka is None


def test_brokers_suffice(environment: dict[str, str]) -> None:
    kafka = read_settings({**environment, "SIJILL_KAFKA": "127.0.0.1:9092"}).kafka

    assert kafka is not None
    assert (kafka.bootstrap, kafka.intake) == ("127.0.0.1:9092", "sijill.intake")
    assert kafka.security == {"security_protocol": "PLAINTEXT"}


def test_brokers_behind_a_password_and_a_certificate(
    environment: dict[str, str], tmp_path: Path
) -> None:
    password, authorities = tmp_path / "password", tmp_path / "ca.pem"
    password.write_text("secret with blanks \n")
    authorities.write_text("a certificate")
    stated = {
        **SASL,
        "SIJILL_TOPICS": "ma",
        "SIJILL_KAFKA_PASSWORD_FILE": str(password),
        "SIJILL_KAFKA_CA": str(authorities),
    }

    kafka = read_settings({**environment, **stated}).kafka

    assert kafka is not None
    assert kafka.leaves == "ma.leaves"
    assert kafka.security == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ingest",
        "sasl_plain_password": "secret with blanks ",
        "ssl_cafile": str(authorities),
    }


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"SIJILL_KAFKA": "k1.example"}, "SIJILL_KAFKA=k1.example is not host:port"),
        ({"SIJILL_KAFKA": "kafka://k1.example:9092"}, "is not host:port"),
        ({"SIJILL_KAFKA": "k1.example:9092, k2.example:9092"}, "is not host:port"),
        ({"SIJILL_KAFKA": "k1.example:9092,"}, "is not host:port"),
        ({"SIJILL_TOPICS": "ma"}, "SIJILL_TOPICS is set and SIJILL_KAFKA is not"),
        ({"SIJILL_KAFKA_USER": "me"}, "SIJILL_KAFKA_USER is set and SIJILL_KAFKA is not"),
        ({"SIJILL_KAFKA": "k:1", "SIJILL_TOPICS": "a b"}, "SIJILL_TOPICS=a b cannot begin"),
        ({"SIJILL_KAFKA": "k:1", "SIJILL_KAFKA_PROTOCOL": "TLS"}, "is none of PLAINTEXT, SSL"),
        ({"SIJILL_KAFKA": "k:1", "SIJILL_KAFKA_USER": "me"}, "has no effect with SIJILL_KAFKA_PRO"),
        ({"SIJILL_KAFKA": "k:1", "SIJILL_KAFKA_CA": "/ca"}, "SIJILL_KAFKA_CA has no effect"),
        ({**SASL, "SIJILL_KAFKA_USER": ""}, "SIJILL_KAFKA_USER is not set"),
        (SASL, "SIJILL_KAFKA_PASSWORD_FILE is not set"),
        ({**SASL, "SIJILL_KAFKA_PASSWORD_FILE": "/none"}, "=/none cannot be read"),
        ({**SASL, "SIJILL_KAFKA_PASSWORD_FILE": "/dev/null"}, "=/dev/null is empty"),
        (
            {"SIJILL_KAFKA": "k:1", "SIJILL_KAFKA_PROTOCOL": "SSL", "SIJILL_KAFKA_CA": "/none"},
            "SIJILL_KAFKA_CA=/none is no file",
        ),
    ],
)
def test_a_wrong_setting_of_the_brokers_is_named(
    environment: dict[str, str], stated: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match="SIJILL") as raised:
        read_settings({**environment, **stated})
    assert said in str(raised.value)


def test_commands_need_no_port_and_no_keys() -> None:
    assert read_stores({"SIJILL_DATABASE": DATABASE}).database == DATABASE


@pytest.mark.parametrize("process", ["ingest", "query", "serve", "sequence", "project"])
def test_a_process_without_settings_ends_at_once(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIJILL_DATABASE", raising=False)

    assert run_command(process, code=2).strip() == "SIJILL_DATABASE is not set"
