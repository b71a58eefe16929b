"""Any OData 4 service, and what all connectors over OData share: addresses, literals, pages."""
