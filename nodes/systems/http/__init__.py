"""Any HTTP service that speaks JSON: the connector is described by form, and a sandbox to try the forms on."""
