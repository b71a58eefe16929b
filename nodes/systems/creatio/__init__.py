"""Creatio CRM: the connector over OData 4, and a sandbox that imitates the real system."""
