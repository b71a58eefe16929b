"""The settings of an installation, from ``HEDDLE_…`` environment variables. Their names are fixed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Config(BaseSettings):
    """One installation.

    data           folder of the database, the key file and everything else that must survive
    database_url   SQLAlchemy URL; empty means SQLite inside ``data``
    redis_url      the doorbell; empty means none (rate limits then count in this process)
    secret_key     seals stored secrets and signs sessions; empty means a key file inside ``data``
    sandboxes      demo only: system → base URL of its running sandbox
    lease          seconds after which another worker takes over from one that gives no sign of life
    threads        request threads of the web server; ``streams`` (live progress) must stay below it
    proxies        how many reverse proxies in front of Heddle may be believed about the caller's address
    smtp_url       the mail server, such as smtp://user:password@mail.example.org:587; empty means no mail
    mail_from      the address that letters come from; url: where people reach Heddle, for links in letters
    secure_cookie  send the session cookie over HTTPS only
    """

    model_config = SettingsConfigDict(env_prefix="HEDDLE_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=0, le=65535)
    data: Path = Path(".heddle")
    database_url: str = ""
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    demo: bool = False
    sandboxes: dict[str, str] = {}
    lease: float = Field(default=45.0, ge=1.0)
    threads: int = Field(default=32, ge=4)
    streams: int = Field(default=12, ge=0)
    proxies: int = Field(default=0, ge=0, le=5)
    secure_cookie: bool = False
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    url: str = ""
    sign_in_limit: str = "10 per minute"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'heddle.db'}"

    @property
    def stream_cap(self) -> int:
        """Live streams allowed at once: never so many that ordinary requests would wait for a thread."""
        return min(self.streams, self.threads // 2)
