"""How the destinations store an event: tables, queries, indices. No Pulumi, no AWS: plain values and text."""
