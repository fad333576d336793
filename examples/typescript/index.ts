import * as pulumi from "@pulumi/pulumi";
import * as falco from "@pulumi/falco-firelens";

const config = new pulumi.Config();

// A whole stack: the keys are those of a stack file.
const stack = new falco.Deployment("deployment", {
    account: "111122223333",
    clusters: [
        { name: "apps", platform: "eks", existing: { name: "apps-production" } },
        { name: "jobs", platform: "ecs", create: { minSize: 2 } },
        {
            name: "edge",
            platform: "kubernetes",
            nodeRole: "edge-node",
            existing: { kubeconfig: config.requireSecret("kubeconfig") },
        },
    ],
    events: { retentionDays: 365, destinations: { s3: { format: "parquet" } } },
    notifications: [{ protocol: "https", endpoint: config.requireSecret("pager") }],
});

// Single components, beside clusters and roles of your own.
const events = new falco.EventLog("events", { logGroup: "/falco/batch", retentionDays: 30 });
new falco.EcsSensor(
    "batch-sensor",
    {
        cluster: "batch",
        clusterArn: config.require("batchCluster"),
        taskRoleArn: config.require("batchTaskRole"),
        instances: 2,
        logGroup: "/falco/batch",
        falco: { disabledRules: ["Terminal shell in container"] },
    },
    { dependsOn: [events] },
);

export const logGroup = stack.logGroup.apply((group) => group.console);
export const jobs = stack.clusters.apply((clusters) => clusters["jobs"].sensor?.taskDefinition);
export const batchLogGroup: pulumi.Output<string> = events.logGroupArn;
