"""What a connection to Intacct needs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from engine.connector import ConnectionSettings
from nodes.systems.intacct.values import FORBIDDEN

ENDPOINT = "https://api.intacct.com/ia/xml/xmlgw.phtml"


def _sendable(text: str) -> str:
    if FORBIDDEN.search(text):
        raise ValueError("contains a character that XML cannot carry")
    return text.strip()


def _sendable_secret(secret: SecretStr) -> SecretStr:
    if FORBIDDEN.search(secret.get_secret_value()):
        raise ValueError("contains a character that XML cannot carry")
    return secret


Text = Annotated[str, AfterValidator(_sendable)]
Secret = Annotated[SecretStr, AfterValidator(_sendable_secret)]


class IntacctSettings(ConnectionSettings):
    """Web Services credentials: the sender's (who is calling) and the user's (as whom, in which company)."""

    endpoint: str = Field(
        default=ENDPOINT,
        title="Endpoint",
        description="Address of the XML gateway. The same for every company, unless Sage told you another.",
        pattern=r"^https?://\S+$",
    )
    sender_id: Text = Field(
        title="Sender ID",
        min_length=1,
        description="Your Web Services sender ID. It must be authorised in the company: Company, Setup, "
        "Company Info, Security, Web Services authorizations.",
    )
    sender_password: Secret = Field(title="Sender password", description="Belongs to the sender ID.")
    company_id: Text = Field(
        title="Company ID", min_length=1, description="As you type it when signing in to Intacct."
    )
    user_id: Text = Field(
        title="User ID",
        min_length=1,
        description="A user of the type Web Services with rights for what the flows read and write.",
    )
    user_password: Secret = Field(title="User password", description="Belongs to the user ID.")
    location_id: Text | None = Field(
        default=None,
        title="Entity",
        description="Location ID of one entity, in a company of several. Empty works at the top level.",
    )
    reuse_session: bool = Field(
        default=True,
        title="Reuse the session",
        description="Sign in once and go on with the session. Off: sign in with every request.",
    )
