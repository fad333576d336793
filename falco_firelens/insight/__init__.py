"""Eyes on the events: saved queries, metric filters, alarms and dashboards as plain data. No Pulumi, no AWS SDK."""
