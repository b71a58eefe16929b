"""What a call without an answer means: it never left, it may have been carried out, or it cannot be made at all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, InvalidURL, MissingSchema, RequestException, SSLError
from urllib3.exceptions import NewConnectionError

from engine.errors import AccessError, HeddleError, InDoubt, Unavailable


def meaning(
    error: RequestException,
    url: str,
    *,
    name: str,
    mutating: bool,
    sent_at: float,
    limit: float,
    mask: Callable[[str], str],
) -> HeddleError:
    """The error to raise for a call that had no answer.

    name  what people call the system      sent_at, limit  when it was sent, and how many seconds it could take
    mask  strikes secrets out of a text
    """
    host = urlsplit(url).netloc or url
    name = name or host
    if isinstance(error, InvalidURL | MissingSchema):
        return AccessError(
            f"The address {url!r} is not a usable URL.",
            code="E-URL",
            cure="Correct the address in the connection.",
            detail=mask(str(error)),
        )
    if isinstance(error, SSLError):
        if "CERTIFICATE" not in str(error):
            return AccessError(
                f"{host} does not speak HTTPS as Heddle does.",
                code="E-TLS",
                detail=mask(str(error)),
                cure="Check address and port; a system without HTTPS has an address with http://.",
            )
        return AccessError(
            f"The certificate of {host} was not accepted.",
            code="E-TLS",
            detail=mask(str(error)),
            cure="Check the address, or install the certificate authority on this machine.",
        )
    never_left = (
        isinstance(error, ConnectTimeout)
        or (isinstance(error, RequestsConnectionError) and "NewConnectionError" in repr(error))
        or isinstance(next(iter(error.args), None), NewConnectionError)
        # also a name that cannot be resolved, which derives from it
        or isinstance(getattr(next(iter(error.args), None), "reason", None), NewConnectionError)
    )
    if never_left or not mutating:
        return Unavailable(
            f"{name} cannot be reached.",
            code="E-UNREACHABLE",
            detail=mask(f"{host}: {error}"),
            cure="Check that the system is up and that the address is right.",
        )
    return InDoubt(
        f"{name} did not answer; whether it carried out the request is not known yet.",
        sent_at=sent_at,
        timeout=limit,
        detail=mask(f"{host}: {error}"),
    )
