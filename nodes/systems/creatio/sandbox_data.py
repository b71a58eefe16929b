"""What a fresh imitated Creatio holds, and believable companies, people, products and deals on top."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from nodes.systems.creatio.sandbox_query import Row, moment
from nodes.systems.creatio.sandbox_rows import Store
from nodes.systems.creatio.sandbox_schema import (
    CURRENT_USER,
    LOOKUPS,
    STAGES,
    lookup_id,
    lookup_rows,
    made_id,
)

OUR_COMPANY = "e308b781-3c5b-4ecb-89ef-5c1ed4da488e"
PROCESS = "UsrRaiseInvoice"
FIRST_CUSTOMER = "Northgate Instruments"
_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

_PRODUCTS = (
    ("HW-100", "Handheld scanner", "Hardware", "Goods", "420.00"),
    ("HW-110", "Label printer", "Hardware", "Goods", "389.00"),
    ("HW-120", "Dock door sensor kit", "Hardware", "Goods", "1250.00"),
    ("HW-130", "Rugged tablet 10″", "Hardware", "Goods", "915.50"),
    ("HW-140", "Charging cradle", "Hardware", "Goods", "64.95"),
    ("HW-150", "Mobile computer mount", "Hardware", "Goods", "38.40"),
    ("SW-200", "Warehouse suite, 10 users, year", "Software", "Licence", "1800.00"),
    ("SW-210", "Warehouse suite, extra user, year", "Software", "Licence", "174.00"),
    ("SW-220", "Route planner, year", "Software", "Licence", "2340.00"),
    ("SW-230", "Label designer", "Software", "Licence", "299.99"),
    ("SV-300", "On-site installation, day", "Services", "Service", "780.00"),
    ("SV-310", "Support plan Silver, month", "Services", "Service", "145.00"),
    ("SV-320", "Support plan Gold, month", "Services", "Service", "310.00"),
    ("SV-330", "Device repair flat rate", "Services", "Service", "95.00"),
    ("CO-400", "Process consulting, day", "Consulting", "Service", "950.00"),
    ("CO-410", "Data migration, day", "Consulting", "Service", "890.00"),
    ("TR-500", "Key user training, day", "Training", "Service", "640.00"),
    ("TR-510", "Online course seat", "Training", "Service", "49.00"),
)
_FIRST = (
    "Alder Brightwater Calder Dunmore Elmstead Fairholt Granby Harrow Ivelet Juniper Kestrel Lindqvist Marlow"
)
_FIRST += " Northgate Oakes Pemberton Quarry Redfern Silverdale Thornbury Umbra Vestergaard Wexford Yarrow Zielińska"
_SECOND = (
    "Logistics,Foods,Instruments,Outfitters,Packaging,Timber,Textiles,Medical,Tools,Lighting,Chemicals,Marine"
)
_SECOND += ",Paper,Ceramics,Robotics,Dairy,Freight,Printing,Energy,Optics"
_SPECIAL = (
    "O'Hara & Sons",
    "Café Lumière",
    "Łódź Tekstyl",
    "Zürich Präzision AG",
    "Jönköping Trä",
    "東京精密",
)
_GIVEN = "Anna Ben Carla David Eva Filip Grace Hugo Ines Jonas Katja Liam Mei Nora Omar Paula Quentin Rosa Sven Tara"
_FAMILY = "Albrecht Brennan Costa Dąbrowski Eriksson Fischer García Hughes Ivanov Jansen Kowalska Larsen Müller Novák"
_FAMILY += " O'Neill Petrov Rossi Šimek Tanaka Wójcik"
_SUBJECTS = "Warehouse rollout,Scanner refresh,Support renewal,Route planning pilot,Second site,Label line,Spare devices"
_SUBJECTS += ",Training package,Yard management,Cold store extension,Returns desk,Peak season rental"
_WON = "60d5310c-5be6-df11-971b-001d60e938c6"


def ship(store: Store) -> None:
    """Puts in what every stock installation has: lookups, currencies, the user, the own company."""
    if store.tables["Currency"]:
        return
    stamp = moment("2024-03-01T00:00:00Z")

    def put(entity: str, rows: list[Row]) -> None:
        store.save(
            entity, [{**store.fresh(entity, row), "CreatedOn": stamp, "ModifiedOn": stamp} for row in rows]
        )

    for entity in LOOKUPS:
        put(entity, [{"Id": key, "Name": name} for key, name in lookup_rows(entity)])
    put(
        "OpportunityStage",
        [
            {
                "Id": key,
                "Name": name,
                "Number": number,
                "MaxProbability": probability,
                "End": end,
                "Successful": won,
                "ShowInProgressBar": not end,
            }
            for number, (name, key, probability, end, won) in enumerate(STAGES, start=1)
        ],
    )
    currencies = (
        ("USD", "US dollar", "$", "1"),
        ("EUR", "Euro", "€", "0.92"),
        ("GBP", "Pound sterling", "£", "0.79"),
    )
    put(
        "Currency",
        [
            {"Id": made_id("Currency", code), "Name": name, "Code": code, "ShortName": code, "Symbol": symbol}
            | {"Rate": Decimal(rate), "Division": 1}
            for code, name, symbol, rate in currencies
        ],
    )
    put(
        "Tax",
        [_named("Tax", name, Percent=Decimal(rate)) for name, rate in (("No tax", 0), ("Sales tax 8%", 8))],
    )
    put("Unit", [_named("Unit", name, ShortName=name) for name in ("pieces", "days", "months")])
    put("Contact", [{"Id": CURRENT_USER, "Name": "Supervisor", "Email": "supervisor@example.com"}])
    put(
        "Account",
        [{"Id": OUR_COMPANY, "Name": "Our company", "TypeId": lookup_id("AccountType", "Our company")}],
    )
    put("VwProcessLib", [{"Id": made_id("process", PROCESS), "Name": PROCESS, "Caption": "Raise invoice"}])


def seed(store: Store, n: int, number: int) -> dict[str, int]:
    """Adds ``n`` opportunities and what belongs to them; the same numbers give the same rows."""
    chance = random.Random(number)  # noqa: S311 - believable data, not a secret
    ship(store)
    products = [_product(item) for item in _PRODUCTS]
    accounts = [_account(chance, number, i) for i in range(max(4, n // 4))]
    contacts = [
        _contact(chance, number, i, accounts[i % len(accounts)]) for i in range(len(accounts) * 5 // 4)
    ]
    for account, contact in zip(accounts, contacts, strict=False):
        account["PrimaryContactId"] = contact["Id"]
    deals: list[Row] = []
    lines: list[Row] = []
    for i in range(n):
        deal, its_lines = _deal(chance, number, i, accounts, contacts, products)
        deals.append(deal)
        lines += its_lines
    made = {
        "Product": products,
        "Account": accounts,
        "Contact": contacts,
        "Opportunity": deals,
        "OpportunityProductInterest": lines,
    }
    for entity, rows in made.items():
        whole = []
        for i, row in enumerate(rows):
            if row["Id"] == made_id(entity, "first") and row["Id"] in store.tables[entity]:
                continue  # of an earlier seed, and somebody may have worked with it since
            at = moment((_START + timedelta(minutes=7 * i, microseconds=1000 + i)).isoformat())
            whole.append({**store.fresh(entity, row), "CreatedOn": at, "ModifiedOn": at})
        store.save(entity, whole)
    return {entity: len(rows) for entity, rows in made.items()}


def _named(entity: str, name: str, **values: Any) -> Row:
    return {"Id": made_id(entity, name), "Name": name, **values}


def _product(item: tuple[str, str, str, str, str]) -> Row:
    code, name, category, kind, price = item
    unit = {"day": "days", "month": "months"}.get(name.rsplit(", ", 1)[-1], "pieces")
    return {
        "Id": made_id("Product", code),
        "Code": code,
        "Name": name,
        "Price": Decimal(price),
        "CurrencyId": made_id("Currency", "USD"),
        "UnitId": made_id("Unit", unit),
        "TaxId": made_id("Tax", "No tax"),
        "TypeId": lookup_id("ProductType", kind),
        "CategoryId": lookup_id("ProductCategory", category),
    }


def _account(chance: random.Random, number: int, i: int) -> Row:
    first, second = _FIRST.split(), _SECOND.split(",")
    city_key, city = chance.choice(lookup_rows("City"))
    spot = (i * 7 + 3) % (len(first) * len(second))
    name = f"{first[spot % len(first)]} {second[spot // len(first)]}"
    if i == 0:
        name = FIRST_CUSTOMER
    elif i % 9 == 5 and i // 9 < len(_SPECIAL):
        name = _SPECIAL[i // 9]
    elif name == FIRST_CUSTOMER or i >= len(first) * len(second):
        # All pairs have been used once; a further company of that name is told apart by place and number.
        name += f" {city} {2 + i // (len(first) * len(second))}"
    return {
        "Id": made_id("Account", number, i) if i else made_id("Account", "first"),
        "Name": name,
        "Code": f"C{10_000 * number + 1 + i}",
        "TypeId": lookup_id("AccountType", "Customer"),
        "IndustryId": chance.choice(lookup_rows("AccountIndustry"))[0],
        "Phone": f"+1 617 555 {chance.randrange(10000):04d}",
        "Web": f"www.{''.join(c for c in name.lower() if c.isascii() and c.isalnum()) or 'tokyo'}.example",
        "Address": f"{chance.randrange(1, 240)} {chance.choice(('Mill Lane', 'Harbour Street', 'Station Road'))}",
        "CityId": city_key,
        "Zip": f"{chance.randrange(10000, 99999)}",
        "CountryId": chance.choice(lookup_rows("Country"))[0],
        "AccountCategoryId": chance.choice(lookup_rows("AccountCategory"))[0],
    }


def _contact(chance: random.Random, number: int, i: int, account: Row) -> Row:
    given, family = chance.choice(_GIVEN.split()), chance.choice(_FAMILY.split())
    if i == 0:
        given, family = "Nora", "Hughes"
    return {
        "Id": made_id("Contact", number, i) if i else made_id("Contact", "first"),
        "Name": f"{given} {family}",
        "GivenName": given,
        "Surname": family,
        "AccountId": account["Id"],
        "TypeId": lookup_id("ContactType", "Customer"),
        "JobTitle": chance.choice(("Purchasing manager", "Head of IT", "Operations lead", "Finance manager")),
        "Email": f"contact{i + 1}@{account['Web'].removeprefix('www.')}",
        "MobilePhone": f"+1 857 555 {chance.randrange(10000):04d}",
    }


def _deal(
    chance: random.Random, number: int, i: int, accounts: list[Row], contacts: list[Row], products: list[Row]
) -> tuple[Row, list[Row]]:
    account = accounts[i % len(accounts)]
    key = made_id("Opportunity", number, i) if i else made_id("Opportunity", "first")
    stage, probability = _WON, 100
    subject = chance.choice(_SUBJECTS.split(","))
    by_code = {product["Code"]: product for product in products}
    if i == 0:
        subject = "Warehouse rollout"
        bought = [(by_code["HW-100"], 12), (by_code["SW-200"], 1), (by_code["SV-300"], 2)]
    elif i == 1:
        subject = "Process review"
        bought = [(by_code["CO-400"], 3), (by_code["SW-210"], 5)]
    else:
        bought = [
            (product, chance.randrange(1, 13)) for product in chance.sample(products, chance.randrange(1, 5))
        ]
        if chance.random() > 0.35:
            _, stage, probability, *_ = chance.choice([each for each in STAGES if each[1] != _WON])
    lines = [_line(key, at, product, quantity) for at, (product, quantity) in enumerate(bought)]
    amount = sum((line["Amount"] for line in lines), Decimal("0.00"))
    due = (_START + timedelta(days=30 + i % 300)).isoformat()
    deal = {
        "Id": key,
        "Title": f"{subject}, {account['Name']}",
        "StageId": stage,
        "AccountId": account["Id"],
        "ContactId": contacts[i % len(accounts)]["Id"],
        "TypeId": chance.choice(lookup_rows("OpportunityType"))[0],
        "DueDate": moment(due[:10]),
        "Budget": amount,
        "Amount": amount,
        "Probability": probability,
        "SourceId": chance.choice(lookup_rows("OpportunitySource"))[0],
    }
    return deal, lines


def _line(key: str, at: int, product: Row, quantity: int) -> Row:
    return {
        "Id": made_id("Line", key, at),
        "OpportunityId": key,
        "ProductId": product["Id"],
        "Quantity": Decimal(quantity),
        "Price": product["Price"],
        "Amount": product["Price"] * quantity,
    }
