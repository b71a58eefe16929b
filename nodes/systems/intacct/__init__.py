"""Sage Intacct, by its XML web services."""
