"""What the imitated Creatio consists of: entities, columns, shipped lookup rows, and its $metadata.

A column is written ``Name*:t250=default``: ``*`` required; types t text (length), i integer, n number,
m money, b boolean, d date, dt moment, s stream; ``Owner>Contact`` is a lookup, exposed as ``OwnerId``.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import quoteattr

SPACE = uuid.UUID("6f1f8b1e-3f0a-4b52-9d2e-5c0f1d6a7e11")
EMPTY_ID = "00000000-0000-0000-0000-000000000000"
EMPTY_MOMENT = "0001-01-01T00:00:00Z"
TYPE_PREFIX = "Terrasoft.Configuration.OData"
CURRENT_USER = "410006e1-ca4e-4502-a9ec-e54d922d2c00"


@dataclass(frozen=True, slots=True)
class Column:
    """``name`` as OData shows it; ``path`` as the schema calls it (without the Id of a lookup)."""

    name: str
    path: str
    type: str
    size: int = 0
    required: bool = False
    default: str = ""
    target: str = ""


_SYSTEM = "CreatedOn:dt CreatedBy>Contact ModifiedOn:dt ModifiedBy>Contact ProcessListeners:i"
_DETAIL = (
    "Product>Product Name:t500 CustomProduct:t500 Quantity:n=1 BaseQuantity:n Unit>Unit Price:m PrimaryPrice:m"
    " Amount:m PrimaryAmount:m DiscountPercent:n DiscountAmount:m PrimaryDiscountAmount:m Tax>Tax DiscountTax:n"
    " TaxAmount:m PrimaryTaxAmount:m TotalAmount:m PrimaryTotalAmount:m Currency>Currency CurrencyRate:n=1"
    " DeliveryDate:dt PriceList>Pricelist=fa689c95-c63c-4908-8fd2-19a95e0425bd Notes:t0"
)

ENTITIES: dict[str, str] = {
    "Account": "Name*:t250 AlternativeName:t250 Code:t50 Owner>Contact=user Type>AccountType"
    " Industry>AccountIndustry PrimaryContact>Contact Parent>Account Phone:t250 AdditionalPhone:t250 Fax:t250"
    " Web:t250 Address:t500 City>City Region>Region Zip:t50 Country>Country AccountCategory>AccountCategory"
    " EmployeesNumber>AccountEmployeesNumber AnnualRevenue>AccountAnnualRevenue PriceList>Pricelist Notes:t0"
    " AccountLogo>SysImage UsrErpCustomerId:t50",
    "Contact": "Name*:t250 Surname:t250 GivenName:t250 MiddleName:t250 Account>Account Type>ContactType Job>Job"
    " JobTitle:t250 Department>Department Email:t250 Phone:t250 MobilePhone:t250 HomePhone:t250 BirthDate:d"
    " Photo>SysImage Owner>Contact=user DoNotUseEmail:b DoNotUseCall:b DoNotUseSms:b DoNotUseFax:b"
    " DoNotUseMail:b Notes:t0",
    "Opportunity": "Title*:t500 Stage*>OpportunityStage=c2067b11-0ee0-df11-971b-001d60e938c6 Owner*>Contact=user"
    " Account>Account Contact>Contact Type>OpportunityType Category>OpportunityCategory LeadType>LeadType"
    " DueDate:d Budget:m Amount:m Probability:i CloseReason>OpportunityCloseReason Source>OpportunitySource"
    " ResponsibleDepartment>OpportunityDepartment Mood>OpportunityMood Description:t0 IsPrimary:b"
    " UsrInvoiceNumber:t50 UsrInvoiceLink:t500 UsrInvoiceStatus:t250",
    "OpportunityProductInterest": "Opportunity>Opportunity Product*>Product Quantity:n=1 Price:m Amount:m"
    " OfferDate:d OfferResult>OfferResult Comment:t500",
    "OpportunityInStage": "Opportunity>Opportunity Stage>OpportunityStage Owner>Contact StartDate:dt DueDate:dt"
    " Comments:t500 Historical:b",
    "OpportunityStage": "Name*:t250 Description:t250 Number:i End:b Successful:b MaxProbability:i Color:t50"
    " ShowInProgressBar:b",
    "Order": "Number:t50 Date*:dt=now Owner*>Contact=user Status>OrderStatus=1f3ad326-effd-4ac3-a3e2-957e7def3684"
    " Currency*>Currency=currency CurrencyRate*:n=1 Account>Account Contact>Contact Opportunity>Opportunity"
    " PaymentStatus>OrderPaymentStatus DeliveryStatus>OrderDeliveryStatus Amount:m PaymentAmount:m"
    " PrimaryAmount:m PrimaryPaymentAmount:m DueDate:dt ActualDate:dt DeliveryAddress:t500"
    " DeliveryType>DeliveryType PaymentType>PaymentType ReceiverName:t250 ContactNumber:t250 Comment:t500"
    " Notes:t0 SourceOrder>Order",
    "OrderProduct": "Order>Order " + _DETAIL,
    "Invoice": "Number:t50 StartDate*:d=now PaymentStatus*>InvoicePaymentStatus=02794bf5-52e6-df11-971b-001d60e938c6"
    " Owner*>Contact=user Currency*>Currency=currency CurrencyRate*:n=1 DueDate:d Account>Account"
    " Contact>Contact Supplier>Account=e308b781-3c5b-4ecb-89ef-5c1ed4da488e Order>Order"
    " Opportunity>Opportunity Contract>Contract Project>Project Amount:m PaymentAmount:m"
    " AmountWithoutTax:m PrimaryAmount:m PrimaryPaymentAmount:m PrimaryAmountWithoutTax:m Notes:t0",
    "InvoiceProduct": "Invoice*>Invoice " + _DETAIL,
    "Product": "Name*:t250 Code:t50 Currency*>Currency=currency Price:m Unit>Unit Tax>Tax Type>ProductType"
    " Category>ProductCategory Active:b=true IsArchive:b Owner>Contact=user URL:t250 Description:t0"
    " Picture>SysImage",
    "Lead": "LeadName:t250 Account:t250 Contact:t250 Email:t250 MobilePhone:t250 BusinesPhone:t250 Website:t250"
    " Status>LeadStatus QualifyStatus>QualifyStatus=d790a45d-03ff-4ddb-9dea-8087722c582c LeadType>LeadType"
    " LeadTypeStatus>LeadTypeStatus QualifiedContact>Contact QualifiedAccount>Account Budget:m"
    " Owner>Contact=user SalesOwner>Contact Opportunity>Opportunity Order>Order"
    " RegisterMethod>LeadRegisterMethod LeadSource>LeadSource LeadMedium>LeadMedium UtmCampaignStr:t250"
    " UtmSourceStr:t250 UtmMediumStr:t250 UtmTermStr:t250 UtmContentStr:t250",
    "Activity": "Title*:t450 StartDate*:dt DueDate*:dt Priority*>ActivityPriority=ab96fa02-7fe6-df11-971b-001d60e938c6"
    " Type>ActivityType=fbe0acdc-cfc0-df11-b00f-001d60e938c6"
    " ActivityCategory*>ActivityCategory=f51c4643-58e6-df11-971b-001d60e938c6"
    " Status*>ActivityStatus=384d4b84-58e6-df11-971b-001d60e938c6 Owner>Contact=user Author>Contact=user"
    " Account>Account Contact>Contact Opportunity>Opportunity Order>Order Invoice>Invoice Lead>Lead Notes:t0"
    " Body:t0 Result>ActivityResult DetailedResult:t0 ShowInScheduler:b",
    "SysImage": "Name:t250 MimeType:t250 Data:s PreviewData:s UploadedOn:dt HasRef:b Hash:t250",
    "AccountCommunication": "CommunicationType*>CommunicationType Number*:t250 Account>Account Primary:b",
    "Currency": "Name*:t250 Description:t250 Code*:t50 Symbol*:t50 ShortName:t50 Rate:n Division:i",
    "Tax": "Name*:t250 Description:t250 Percent:n",
    "Unit": "Name*:t250 Description:t250 ShortName:t50",
    "ProductPrice": "Product>Product PriceList>Pricelist Currency>Currency Price:m Tax>Tax",
    "SupplyPaymentElement": "Name*:t250 Type*>SupplyPaymentType DatePlan*:d Order>Order Invoice>Invoice"
    " Percentage:n AmountPlan:m AmountFact:m State>SupplyPaymentState",
    "Contract": "Number:t50 StartDate:d EndDate:d Account>Account Contact>Contact Owner>Contact=user Amount:m",
    "Project": "Name*:t250 StartDate:d EndDate:d Account>Account Contact>Contact Owner>Contact=user",
    "UsrSubscription": "UsrName*:t250 UsrAccount>Account UsrProduct>Product UsrMonthlyFee:m UsrStartsOn:d"
    " UsrActive:b=true",
    "VwProcessLib": "Name:t250 Caption:t250",
}

LOOKUPS: dict[str, str] = {
    "AccountType": "Customer, Partner, Supplier, Competitor, Our company",
    "AccountIndustry": "Manufacturing, Retail, Logistics, Energy, Health care, Business services",
    "City": "Boston, Denver, Leeds, Lyon, Kraków, Zürich, Malmö, Porto",
    "Region": "New England, Mountain, Yorkshire, Auvergne-Rhône-Alpes",
    "Country": "United States, United Kingdom, France, Poland, Switzerland, Sweden, Portugal",
    "AccountCategory": "A, B, C",
    "AccountEmployeesNumber": "1-10, 11-50, 51-200, 201-500, 500+",
    "AccountAnnualRevenue": "Less than 1 M, 1-10 M, 10-100 M, More than 100 M",
    "Pricelist": "Base price list=fa689c95-c63c-4908-8fd2-19a95e0425bd",
    "ContactType": "Customer, Employee, Supplier, Contact person",
    "Job": "CEO, CFO, Purchasing manager, IT manager, Accountant",
    "Department": "Finance, Sales, Purchasing, IT",
    "OpportunityType": "New business, Renewal, Upsell",
    "OpportunityCategory": "Small, Middle, Large",
    "LeadType": "Need for our product, Need for service",
    "OpportunityCloseReason": "Price, Competitor, No budget, Agreed",
    "OpportunitySource": "Web, Referral, Event, Cold call",
    "OpportunityDepartment": "Direct sales, Partner sales",
    "OpportunityMood": "Good, Neutral, Bad",
    "OfferResult": "Offered, Accepted, Declined",
    "OrderStatus": "Draft=1f3ad326-effd-4ac3-a3e2-957e7def3684, Confirmation=29fa66e3-ef69-4feb-a5af-ec1de125a614,"
    " In progress=c8742634-ea8b-46d9-ba71-1989b951772d, Completed=40de86ee-274d-4098-9b92-9ebdcf83d4fc,"
    " Canceled=8ab0f830-908b-40d7-80a3-7f49ef70ce70, Partially paid=7d4959d3-0b8f-403c-a345-3fbce926013e",
    "OrderPaymentStatus": "Planned=bfe38d3d-bd57-48d7-a2d7-82435cd274ca, Waiting=448d1338-d3a5-4fd4-9a6e-769403f89896,"
    " Paid=4721338e-a5f1-4529-96be-d3f311518812, Partially paid=a2f17c7b-956b-47c8-9ea5-b545b74a26f6,"
    " Canceled=309e5219-114d-4a6e-b5b0-fe33caeca4dd",
    "OrderDeliveryStatus": "Planned, In delivery, Delivered",
    "DeliveryType": "Courier, Pickup, Electronic",
    "PaymentType": "Bank transfer, Card, Cash",
    "InvoicePaymentStatus": "Paid=698d39fd-52e6-df11-971b-001d60e938c6,"
    " Partially paid=03794bf5-52e6-df11-971b-001d60e938c6, Waiting=36319d13-98e6-df11-971b-001d60e938c6,"
    " Canceled=3fb932ea-f36b-1410-2691-00155d043205, Not invoiced=02794bf5-52e6-df11-971b-001d60e938c6",
    "ProductType": "Goods, Service, Licence",
    "ProductCategory": "Hardware, Software, Services, Consulting, Training",
    "LeadStatus": "New, Qualified, Not interested",
    "QualifyStatus": "Qualification=d790a45d-03ff-4ddb-9dea-8087722c582c,"
    " Distribution=14cfc644-e3ed-497e-8279-ed4319bb8093, Handoff to sales=ceb70b3c-985f-4867-ae7c-88f9dd710688,"
    " Awaiting sale=7a90900b-53b5-4598-92b3-0aee90626c56, Disqualified=128c3718-771a-4d1e-9035-6fa135ca5f70,"
    " Satisfied=0a0808c5-5415-41f0-bea3-118cc3089959",
    "LeadTypeStatus": "Known need, Unknown need",
    "LeadRegisterMethod": "Created manually, Landing page, Incoming call",
    "LeadSource": "Google, LinkedIn, Trade fair",
    "LeadMedium": "Organic, Paid, Offline",
    "ActivityPriority": "High, Medium=ab96fa02-7fe6-df11-971b-001d60e938c6, Low",
    "ActivityType": "Task=fbe0acdc-cfc0-df11-b00f-001d60e938c6, Email, Call",
    "ActivityCategory": "To do=f51c4643-58e6-df11-971b-001d60e938c6, Call=03df85bf-6b19-4dea-8463-d5d49b80bb28,"
    " Meeting=42c74c49-58e6-df11-971b-001d60e938c6",
    "ActivityStatus": "Not started=384d4b84-58e6-df11-971b-001d60e938c6,"
    " In progress=394d4b84-58e6-df11-971b-001d60e938c6, Completed=4bdbb88f-58e6-df11-971b-001d60e938c6,"
    " Canceled=201cfba8-58e6-df11-971b-001d60e938c6",
    "ActivityResult": "Completed, Canceled, Rescheduled",
    "CommunicationType": "Phone, Email, Web, Skype",
    "SupplyPaymentType": "Delivery, Payment",
    "SupplyPaymentState": "Not finished, Finished",
}
"""Lookup rows by entity; the ids given are the shipped ones, the rest are made from the name."""

STAGES = (
    ("Qualification", "c2067b11-0ee0-df11-971b-001d60e938c6", 10, False, False),
    ("Needs analysis", "2a6de0f7-44d9-4b8a-bce6-acddb7ed8915", 20, False, False),
    ("Presentation", "325f0619-0ee0-df11-971b-001d60e938c6", 30, False, False),
    ("Id. decision makers", "f4e4a00b-ec48-46d0-9ea0-c2b502165ee9", 40, False, False),
    ("Proposal development", "241ade6b-4256-4947-ba8a-7d96988a97b6", 50, False, False),
    ("Proposal submission", "423774cb-5ae6-df11-971b-001d60e938c6", 60, False, False),
    ("Negotiations", "f808c955-c5aa-4aba-95c0-ba7d584d2f32", 75, False, False),
    ("Contracting", "fb563df2-5ae6-df11-971b-001d60e938c6", 90, False, False),
    ("Closed won", "60d5310c-5be6-df11-971b-001d60e938c6", 100, True, True),
    ("Closed lost", "a9aafdfe-2242-4f42-8cd5-2ae3b9556d79", 0, True, False),
    ("Closed rerouted", "9abf243c-fc00-45cf-8e28-cdb66c9208b0", 0, True, False),
    ("Closed rejected", "736f54fd-e240-46f8-8c7c-9066c30aff59", 0, True, False),
)
"""OpportunityStage: name, shipped id, probability, end, successful."""


def made_id(*parts: object) -> str:
    """An id that is always the same for the same parts."""
    return str(uuid.uuid5(SPACE, "/".join(str(part) for part in parts)))


def lookup_id(entity: str, name: str) -> str:
    """The id of a lookup row by its name. Raises KeyError for a name that is not shipped."""
    return {title: key for key, title in lookup_rows(entity)}[name]


@cache
def lookup_rows(entity: str) -> list[tuple[str, str]]:
    """(id, name) of the shipped rows of a lookup."""
    if entity == "OpportunityStage":
        return [(key, name) for name, key, *_ in STAGES]
    rows = []
    for item in LOOKUPS[entity].split(","):
        name, _, key = item.strip().partition("=")
        rows.append((key or made_id(entity, name), name))
    return rows


_COLUMN = re.compile(r"(\w+)(\*?)(?:>(\w+)|:([a-z]+)(\d*))(?:=(\S+))?$")


@cache
def columns(entity: str) -> dict[str, Column]:
    """The columns of an entity by OData name, Id first."""
    text = ENTITIES.get(entity, "Name*:t250 Description:t250")
    found = {"Id": Column("Id", "Id", "id", required=True)}
    for word in f"{text} {_SYSTEM}".split():
        match = _COLUMN.match(word)
        if match is None:
            raise ValueError(f"Cannot read the column {word!r} of {entity}")
        path, star, target, kind, size, default = match.groups()
        name = f"{path}Id" if target else path
        found[name] = Column(
            name, path, "lookup" if target else kind, int(size or 0), bool(star), default or "", target or ""
        )
    return found


@cache
def navigation(entity: str) -> dict[str, Column]:
    """Lookups by the name under which they are expanded and filtered."""
    return {column.path: column for column in columns(entity).values() if column.target}


@cache
def collections(entity: str) -> dict[str, tuple[str, str]]:
    """Child collections: ``<Child>CollectionBy<Column>`` → (child entity, its column)."""
    return {
        f"{child}CollectionBy{column.path}": (child, column.name)
        for child in entity_names()
        for column in navigation(child).values()
        if column.target == entity and column.path not in {"CreatedBy", "ModifiedBy"}
    }


@cache
def entity_names() -> tuple[str, ...]:
    return tuple(sorted({*ENTITIES, *LOOKUPS}))


EDM = {
    "id": "Edm.Guid",
    "lookup": "Edm.Guid",
    "t": "Edm.String",
    "i": "Edm.Int32",
    "n": "Edm.Decimal",
    "m": "Edm.Decimal",
    "b": "Edm.Boolean",
    "d": "Edm.DateTimeOffset",
    "dt": "Edm.DateTimeOffset",
    "s": "Edm.Stream",
}


@cache
def metadata() -> str:
    """The CSDL document that ``GET odata/$metadata`` answers."""
    types, sets = [], []
    for entity in entity_names():
        lines = ['<Key><PropertyRef Name="Id"/></Key>']
        for column in columns(entity).values():
            facets = ' Nullable="false"' if column.name == "Id" or column.required else ""
            facets += f' MaxLength="{column.size}"' if column.size else ""
            facets += ' Scale="2"' if column.type == "m" else ""
            lines.append(f'<Property Name={quoteattr(column.name)} Type="{EDM[column.type]}"{facets}/>')
        for column in navigation(entity).values():
            lines.append(
                f'<NavigationProperty Name="{column.path}" Type="{TYPE_PREFIX}.{column.target}">'
                f'<ReferentialConstraint Property="{column.name}" ReferencedProperty="Id"/></NavigationProperty>'
            )
        for name, (child, _) in collections(entity).items():
            lines.append(f'<NavigationProperty Name="{name}" Type="Collection({TYPE_PREFIX}.{child})"/>')
        types.append(f'<EntityType Name="{entity}">{"".join(lines)}</EntityType>')
        sets.append(f'<EntitySet Name="{entity}" EntityType="{TYPE_PREFIX}.{entity}"/>')
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{TYPE_PREFIX}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{"".join(types)}</Schema>'
        '<Schema Namespace="Default" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'<EntityContainer Name="Container">{"".join(sets)}</EntityContainer></Schema>'
        "</edmx:DataServices></edmx:Edmx>"
    )
