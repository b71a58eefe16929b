"""The comparison's job as somebody would script it: no guarantees, no history, no second try.

``python -m tests.bench.script URL``. It is the practical limit of what any tool could reach with these calls.
"""

from __future__ import annotations

import sys
from typing import Any

import requests

from tests.bench.workload import AMERICA, COUNTRIES, STATUS, UNION


def invoice(source: dict[str, Any]) -> dict[str, Any]:
    """The mapping and the routes by hand, in binary fractions, as scripts do."""
    country, date = source["account"]["country"], source["closeDate"]
    name, currency, rate = COUNTRIES[country]
    total, status = round(source["amount"], 2), STATUS.get(source["stage"], "OPEN")
    if status != "WON":
        route = "pipeline"
    elif total >= 100_000:
        route = "approval"
    elif country in UNION:
        route = "eu-large" if total >= 10_000 else "eu"
    else:
        route = "na" if country in AMERICA else "row"
    return {
        "externalId": source["id"],
        "reference": f"{source['id']} {source['title']}",
        "customerName": source["account"]["name"],
        "customerEmail": source["account"]["email"].lower(),
        "country": country,
        "countryName": name,
        "currency": currency,
        "invoiceDate": f"{date[8:10]}.{date[5:7]}.{date[:4]}",
        "total": total,
        "tax": round(source["amount"] * float(rate), 2),
        "status": status,
        "items": [
            {
                "sku": line["product"],
                "quantity": line["qty"],
                "unitPrice": round(line["price"], 2),
                "lineTotal": round(line["qty"] * line["price"], 2),
            }
            for line in source["lines"]
        ],
        "route": route,
    }


def main(base: str) -> None:
    session = requests.Session()
    session.trust_env = False
    url = f"{base}/odata/Opportunity"
    while url:
        page = session.get(url, timeout=60).json()
        rows = [invoice(source) for source in page["value"]]
        session.post(f"{base}/sink/batch", json=rows, timeout=60).raise_for_status()
        url = page.get("@odata.nextLink")


if __name__ == "__main__":
    main(sys.argv[1])
