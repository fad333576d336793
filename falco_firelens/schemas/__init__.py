"""What the destinations are told of an event: tables, queries, indices. No Pulumi, no AWS: plain values and text."""
