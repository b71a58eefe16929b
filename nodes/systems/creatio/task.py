"""A task for a person, as Creatio has it: an activity of the type task. The ids are those of every stock Creatio."""

from __future__ import annotations

from engine.connector import TaskForm

TASK = "fbe0acdc-cfc0-df11-b00f-001d60e938c6"
TO_DO = "f51c4643-58e6-df11-971b-001d60e938c6"
NOT_STARTED = "384d4b84-58e6-df11-971b-001d60e938c6"
COMPLETED = "4bdbb88f-58e6-df11-971b-001d60e938c6"

ACTIVITY = TaskForm(
    entity="Activity",
    fields={
        "Title": "{title}",
        "Notes": "{text}\n\n{record_link}\n{link}",
        "StartDate": "{now}",
        "DueDate": "{tomorrow}",
        "TypeId": TASK,
        "ActivityCategoryId": TO_DO,
        "StatusId": NOT_STARTED,
        "OwnerId": "{record.OwnerId}",
        "OpportunityId": "{id.Opportunity}",
        "OrderId": "{id.Order}",
        "InvoiceId": "{id.Invoice}",
        "AccountId": "{id.Account}",
        "ContactId": "{id.Contact}",
    },
    done={"StatusId": COMPLETED, "DetailedResult": "Settled: nothing waits for this any more."},
)
"""The owner is that of the record, where the flow reads it; else whom Creatio takes by itself."""
