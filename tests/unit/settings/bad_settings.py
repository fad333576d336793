"""What can be wrong with everything but clusters: YAML, and the lines that it causes."""

APPS = "clusters: [{name: apps, platform: ecs}]\n"
PRIORITIES = "Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug"
RETENTION = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
TOP = (
    "one of account, clusters, network, events, imageRegistry, falco, fluentBit, alarms, hub, spoke, notifications, "
    "response, policy, tags"
)


def exception(rest: str) -> str:
    return APPS + f"falco: {{exceptions: [{{rule: Shell, name: debug, {rest}}}]}}"


TOP_LEVEL = {
    "no clusters": (
        "{}",
        "clusters: found nothing, expected the clusters whose nodes get a sensor, 1 to 30",
    ),
    "empty clusters": ("clusters: []", "clusters: found a list of 0, expected at least 1"),
    "too many clusters": (
        f"clusters: [{', '.join(f'{{name: c{number}, platform: ecs}}' for number in range(31))}]",
        "clusters: found a list of 31, expected at most 30",
    ),
    "null clusters": ("clusters:", "clusters: found nothing, expected a list"),
    "clusters not a list": ("clusters: {name: a}", "clusters: found a mapping, expected a list"),
    "cluster not a mapping": (
        "clusters: [apps]",
        "clusters[0]: found a text (not shown, it may be a secret), expected a mapping with name and platform",
    ),
    "unknown key": (APPS + "event: {}", f"event: found an unknown key, expected {TOP}; did you mean events?"),
    "snake case": (
        APPS + "events: {retention_days: 30}",
        "events.retention_days: found an unknown key, expected one of cloudwatch, logGroup, "
        "retentionDays, kmsKeyArn, minimumPriority, budget, protect, destinations; did you mean retentionDays?",
    ),
    "nothing like it": (APPS + "zebra: 1", f"zebra: found an unknown key, expected {TOP}"),
    "account as number": (
        APPS + "account: 111122223333",
        "account: found the number 111122223333, expected a text: put it in quotes, or YAML reads it as a number",
    ),
    "account too short": (
        APPS + 'account: "11112222333"',
        'account: found "11112222333", expected an account id of 12 digits in quotes, such as "111122223333"',
    ),
    "account without value": (APPS + "account:", "account: found nothing, expected a text"),
    "tags not texts": (
        APPS + "tags: {cost-center: 42}",
        "tags.cost-center: found the number 42, expected a text: put it in quotes, or YAML reads it as a number",
    ),
    "reserved tag": (
        APPS + "tags: {'aws:x': y}",
        'tags.aws:x: found "aws:x", expected a tag key of 1 to 128 letters, digits, spaces and _ . : / = + - @, '
        "not beginning with aws:",
    ),
    "tags that differ by case only": (
        APPS + "tags: {Team: payments, owner: a, team: payments}",
        'tags.team: found "payments", expected a key that is not Team in other letters: IAM takes them for one',
    ),
    "a tag with a tab": (
        APPS + 'tags: {note: "a\\tb"}',
        "tags.note: found a text of 3 characters, expected at most 256 letters, digits, spaces and _ . : / = + - @",
    ),
    "a tag with a line end": (
        APPS + 'tags: {note: "a\\n"}',
        "tags.note: found a text of 2 characters, expected at most 256 letters, digits, spaces and _ . : / = + - @",
    ),
    "too many tags": (
        APPS + f"tags: {{{', '.join(f'k{number}: v' for number in range(41))}}}",
        "tags: found a mapping, expected at most 40",
    ),
}

VPC_SIZE = "expected a range between /16 and /23: each zone gets two eighths of it"

NETWORK = {
    "malformed": (
        APPS + "network: {cidr: 10.0.0/16}",
        'network.cidr: found "10.0.0/16", expected an IPv4 range such as 10.0.0.0/16',
    ),
    "host bits": (
        APPS + "network: {cidr: 10.1.2.3/16}",
        'network.cidr: found "10.1.2.3/16", an address inside a range, '
        "expected the range's first address: 10.1.0.0/16",
    ),
    "too small": (APPS + "network: {cidr: 10.0.0.0/24}", f'network.cidr: found "10.0.0.0/24", {VPC_SIZE}'),
    "too large": (APPS + "network: {cidr: 10.0.0.0/8}", f'network.cidr: found "10.0.0.0/8", {VPC_SIZE}'),
    "docker's network": (
        APPS + "network: {cidr: 172.17.128.0/20}",
        'network.cidr: found "172.17.128.0/20", expected a range that does not overlap 172.17.0.0/16, '
        "Docker's own network on ECS instances",
    ),
    "loopback": (
        APPS + "network: {cidr: 127.0.0.0/16}",
        'network.cidr: found "127.0.0.0/16", expected a private range such as 10.0.0.0/16, outside 127.0.0.0/8',
    ),
    "IPv6": (
        APPS + "network: {cidr: '2001:db8::/56'}",
        'network.cidr: found "2001:db8::/56", expected an IPv4 range such as 10.0.0.0/16',
    ),
    "one zone": (
        APPS + "network: {availabilityZones: 1}",
        "network.availabilityZones: found the number 1, expected at least 2",
    ),
    "five zones": (
        APPS + "network: {availabilityZones: 5}",
        "network.availabilityZones: found the number 5, expected at most 4",
    ),
    "nat gateways": (
        APPS + "network: {natGateways: per-zone}",
        'network.natGateways: found "per-zone", expected one of single, perZone; did you mean perZone?',
    ),
    "made and given": (
        APPS + "network: {cidr: 10.0.0.0/16, existing: {vpcId: vpc-01234567, privateSubnetIds: "
        "[subnet-01234567, subnet-89abcdef]}}",
        'network.cidr: found "10.0.0.0/16", expected this key only where the stack makes the VPC, not beside existing',
    ),
    "malformed vpc": (
        APPS + "network: {existing: {vpcId: my-vpc, privateSubnetIds: [subnet-01234567, subnet-89abcdef]}}",
        'network.existing.vpcId: found "my-vpc", expected a VPC\'s id, such as vpc-0123456789abcdef0',
    ),
    "one subnet": (
        APPS + "network: {existing: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567]}}",
        "network.existing.privateSubnetIds: found a list of 1, expected at least 2",
    ),
    "subnet twice": (
        APPS + "network: {existing: {vpcId: vpc-01234567, privateSubnetIds: [subnet-01234567, subnet-01234567]}}",
        "network.existing.privateSubnetIds: found subnet-01234567 twice, expected each subnet once",
    ),
}

EVENTS = {
    "retention": (
        APPS + "events: {retentionDays: 45}",
        f"events.retentionDays: found the number 45, expected one of {RETENTION}, which are what CloudWatch Logs takes",
    ),
    "retention in quotes": (
        APPS + "events: {retentionDays: '90'}",
        'events.retentionDays: found "90", expected a whole number, without quotes',
    ),
    "priority": (
        APPS + "events: {minimumPriority: warn}",
        f'events.minimumPriority: found "warn", expected one of {PRIORITIES}; did you mean Warning?',
    ),
    "protect": (
        APPS + "events: {protect: 'true'}",
        'events.protect: found "true", expected true or false, without quotes',
    ),
    "log group": (
        APPS + "events: {logGroup: falco events}",
        'events.logGroup: found "falco events", expected 1 to 512 letters, digits and the characters . _ / # -, '
        "not beginning with aws/",
    ),
    "reserved log group": (
        APPS + "events: {logGroup: aws/falco}",
        'events.logGroup: found "aws/falco", expected 1 to 512 letters, digits and the characters . _ / # -, '
        "not beginning with aws/",
    ),
    "key alias": (
        APPS + "events: {kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:alias/logs'}",
        'events.kmsKeyArn: found "arn:aws:kms:eu-west-1:111122223333:alias/logs", '
        "expected the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID; that of an alias will not do",
    ),
    "section not a mapping": (APPS + "events: [a]", "events: found a list of 1, expected a mapping of keys"),
}

POLICIES = (
    "bucket-encryption, encryption, events-kept, imdsv2, log-retention, no-cluster-admin, no-host-access, "
    "no-iam-wildcard, no-privileged-container, no-public-bucket, no-public-endpoint, no-public-principal, "
    "pinned-images, required-tags"
)

POLICY = {
    "unknown level": (
        APPS + "policy: {enforcement: disabled}",
        'policy.enforcement: found "disabled", expected one of mandatory, advisory',
    ),
    "unknown policy": (
        APPS + "policy: {advisory: [imdsv1]}",
        f'policy.advisory[0]: found "imdsv1", expected one of {POLICIES}; did you mean imdsv2?',
    ),
    "reserved tag": (
        APPS + "policy: {requiredTags: ['aws:x']}",
        'policy.requiredTags[0]: found "aws:x", expected a tag key of 1 to 128 letters, digits, spaces and '
        "_ . : / = + - @, not beginning with aws:",
    ),
    "nothing to lose": (
        APPS + "policy: {mayLose: ['']}",
        'policy.mayLose[0]: found "", expected a text that is not empty',
    ),
}

ALARMS = {
    "priority": (
        APPS + "alarms: {minimumPriority: critical}",
        f'alarms.minimumPriority: found "critical", expected one of {PRIORITIES}; did you mean Critical?',
    ),
    "too soon silent": (
        APPS + "alarms: {silentMinutes: 15}",
        "alarms.silentMinutes: found the number 15, expected at least 30",
    ),
    "never silent": (
        APPS + "alarms: {silentMinutes: 1455}",
        "alarms.silentMinutes: found the number 1455, expected at most 1440",
    ),
    "between heartbeats": (
        APPS + "alarms: {deliveryLateMinutes: 40}",
        "alarms.deliveryLateMinutes: found the number 40, expected a multiple of 15",
    ),
    "nothing dropped": (
        APPS + "alarms: {droppedPercent: 0}",
        "alarms.droppedPercent: found the number 0, expected at least 1",
    ),
    "unknown cluster": (
        APPS + "alarms: {clusters: {app: {silentMinutes: 30}}}",
        "alarms.clusters.app: found a cluster that the stack does not have, expected apps; did you mean apps?",
    ),
    "unknown key of a cluster": (
        APPS + "alarms: {clusters: {apps: {silentMinute: 30}}}",
        "alarms.clusters.apps.silentMinute: found an unknown key, expected one of minimumPriority, silentMinutes, "
        "silentNodes, droppedPercent; did you mean silentMinutes?",
    ),
    "delivery of a cluster": (
        APPS + "alarms: {clusters: {apps: {deliveryLateMinutes: 30}}}",
        "alarms.clusters.apps.deliveryLateMinutes: found an unknown key, expected one of minimumPriority, "
        "silentMinutes, silentNodes, droppedPercent; did you mean silentMinutes?",
    ),
    "value of a cluster": (
        APPS + "alarms: {clusters: {apps: {silentMinutes: 35}}}",
        "alarms.clusters.apps.silentMinutes: found the number 35, expected a multiple of 15",
    ),
    "notifications not a list": (
        APPS + "notifications: {protocol: email, endpoint: soc@example.com}",
        "notifications: found a mapping, expected a list",
    ),
    "protocol": (
        APPS + "notifications: [{protocol: mail, endpoint: soc@example.com}]",
        "notifications[0].protocol: found a text (not shown, it may be a secret), "
        "expected one of email, https, sqs, lambda, sms; did you mean email?",
    ),
    "no endpoint": (
        APPS + "notifications: [{protocol: email}]",
        "notifications[0].endpoint: found nothing, expected where to: an address, a URL, a telephone number or an "
        "ARN, as the protocol wants it",
    ),
    "address": (
        APPS + "notifications: [{protocol: email, endpoint: soc}]",
        "notifications[0].endpoint: found a text (not shown, it may be a secret), "
        "expected an e-mail address, because protocol is email",
    ),
    "plain http": (
        APPS + "notifications: [{protocol: https, endpoint: 'http://hooks.example.com'}]",
        "notifications[0].endpoint: found a text (not shown, it may be a secret), "
        "expected a URL that begins with https://, "
        "because protocol is https",
    ),
    "queue by name": (
        APPS + "notifications: [{protocol: sqs, endpoint: alarms}]",
        "notifications[0].endpoint: found a text (not shown, it may be a secret), "
        "expected the ARN of a queue, because protocol is sqs",
    ),
    "same endpoint twice": (
        APPS + "notifications: [{protocol: email, endpoint: a@example.com}, {protocol: email, endpoint: "
        "a@example.com}]",
        "notifications[1].endpoint: found a text (not shown, it may be a secret), "
        "expected another endpoint: [0] has this one",
    ),
}

FALCO = {
    "budget of nothing": (
        APPS + "events: {budget: 0}",
        "events.budget: found the number 0, expected at least 1",
    ),
    "version as number": (
        APPS + "falco: {version: 0.45}",
        "falco.version: found the number 0.45, expected a text: put it in quotes, or YAML reads it as a number",
    ),
    "old version": (
        APPS + "falco: {version: 0.39.2}",
        'falco.version: found "0.39.2", expected at least 0.41.0, '
        "the first version whose image has the container plugin",
    ),
    "registry with a scheme": (
        APPS + "falco: {registry: 'https://registry.example.com'}",
        'falco.registry: found "https://registry.example.com", expected a registry with its path, '
        "without scheme and tag, such as public.ecr.aws/falcosecurity",
    ),
    **{
        f"digest {found}": (
            f"{APPS}{key}: {{digest: '{found}'}}",
            f'{key}.digest: found "{found}", expected sha256: and 64 hexadecimal digits in lower case, or none',
        )
        for key, found in {"falco": f"sha256:{'A' * 64}", "fluentBit": "a" * 64}.items()
    },
    "Fluent Bit's own version": (
        APPS + "fluentBit: {version: init-3.5.10}",
        'fluentBit.version: found "init-3.5.10", expected a version of aws-for-fluent-bit such as "3.5.10"',
    ),
    "old Fluent Bit": (
        APPS + "fluentBit: {version: 3.4.8}",
        'fluentBit.version: found "3.4.8", expected at least 3.4.9, '
        "the first version that survives a missing log group",
    ),
    "install": (
        APPS + "falco: {install: chart}",
        'falco.install: found "chart", expected one of manifests, helm',
    ),
    **{
        f"chart repository {repository}": (
            f"{APPS}falco: {{install: helm, chartRepository: '{repository}'}}",
            f"falco.chartRepository: found {found}, expected https:// or oci:// with a host and a path, without "
            "user, tag and last slash",
        )
        for repository, found in {
            "http://c.example": '"http://c.example"',
            "https://user:key@c.example/charts": "a text (not shown, it may be a secret)",
            "oci://c.example/": '"oci://c.example/"',
            "c.example/a": '"c.example/a"',
        }.items()
    },
    "missing rules file": (
        APPS + "falco: {rulesFiles: [nowhere.yaml]}",
        'falco.rulesFiles[0]: found no file "nowhere.yaml", expected the path of a file, '
        "relative to the project's folder",
    ),
    "folder as rules file": (
        APPS + "falco: {rulesFiles: [more]}",
        'falco.rulesFiles[0]: found no file "more", expected the path of a file, relative to the project\'s folder',
    ),
    "binary rules file": (
        APPS + "falco: {rulesFiles: [binary.yaml]}",
        'falco.rulesFiles[0]: found "binary.yaml", which is none, expected a text file',
    ),
    "rules file that is not YAML": (
        APPS + "falco: {rulesFiles: [broken.yaml]}",
        'falco.rulesFiles[0]: found "broken.yaml", which is not YAML: did not find expected node content '
        "at line 2, expected Falco rules",
    ),
    "rules file that is no rules": (
        APPS + "falco: {rulesFiles: [text.yaml, list.yaml]}",
        'falco.rulesFiles[0]: found "text.yaml", which is not a list of rules, macros and lists, expected Falco rules',
        'falco.rulesFiles[1]: found "list.yaml", whose rule "No priority" has no priority, expected Falco rules',
    ),
    "empty rules file": (
        APPS + "falco: {rulesFiles: [empty.yaml]}",
        'falco.rulesFiles[0]: found "empty.yaml", which is empty, expected Falco rules',
    ),
    "rules files of one name": (
        APPS + "falco: {rulesFiles: [rules.yaml, more/rules.yaml]}",
        'falco.rulesFiles[1]: found "more/rules.yaml", expected a file name other than that of "rules.yaml"',
    ),
    "rules file with another ending": (
        APPS + "falco: {rulesFiles: [rules.txt]}",
        'falco.rulesFiles[0]: found "rules.txt", expected a file name of letters, digits and . _ -, '
        "ending with .yaml or .yml",
    ),
    "comparisons of another number": (
        exception("fields: [proc.name, user.name], comps: ['='], values: [[a, b]]"),
        "falco.exceptions[0].comps: found a list of 1, expected one comparison a field, 2 of them",
    ),
    "values of another number": (
        exception("fields: [proc.name, user.name], values: [[a, b], [a]]"),
        "falco.exceptions[0].values: found 1 in [1], expected one value a field, 2 of them",
    ),
    "unknown comparison": (
        exception("fields: [proc.name], comps: [startwith], values: [[a]]"),
        'falco.exceptions[0].comps: found "startwith", expected one of =, ==, !=, <, <=, >, >=, contains, icontains, '
        "bcontains, startswith, bstartswith, endswith, glob, iglob, regex, in, intersects, pmatch; "
        "did you mean startswith?",
    ),
    "one value for in": (
        exception("fields: [proc.name], comps: [in], values: [[bash]]"),
        'falco.exceptions[0].values: found "bash" in [0][0], expected a list, since in compares with a list',
    ),
    "list for equality": (
        exception("fields: [proc.name], values: [[[bash, sh]]]"),
        "falco.exceptions[0].values: found a list of 2 in [0][0], expected one value, since = compares with one value",
    ),
    "values of another kind": (
        exception("fields: [proc.name], values: [[true]]"),
        "falco.exceptions[0].values[0][0]: found true, expected a text, a number or a list of them",
    ),
    "no values": (
        exception("fields: [proc.name], values: []"),
        "falco.exceptions[0].values: found a list of 0, expected at least 1",
    ),
    "field that is none": (
        exception("fields: ['%proc.name'], values: [[a]]"),
        'falco.exceptions[0].fields[0]: found "%proc.name", expected the name of an event\'s field such as proc.name',
    ),
    "a rule's name with an environment variable": (
        APPS + "falco: {disabledRules: [Shell, 'Shell ${HOME}']}",
        'falco.disabledRules[1]: found "Shell ${HOME}", expected the name of a rule without ${, where Falco would '
        "put an environment variable",
    ),
    "an empty list": (
        exception("fields: [proc.name], comps: [in], values: [[[a]], [[]]]"),
        "falco.exceptions[0].values: found an empty list in [1][0], expected at least one value: "
        "nothing is in an empty list",
    ),
    "text beside a comparison of numbers": (
        exception("fields: [proc.name, proc.pid], comps: ['=', '<'], values: [[a, 1], [a, 1 or a]]"),
        'falco.exceptions[0].values: found "1 or a" in [1][1], expected a number, for < compares nothing else',
    ),
    "text beside a comparison of bytes": (
        exception("fields: [evt.buffer], comps: [bcontains], values: [[CAFEBABE], [cafe b]]"),
        'falco.exceptions[0].values: found "cafe b" in [1][0], expected bytes as pairs of hexadecimal digits, '
        "for bcontains compares nothing else",
    ),
    "a regular expression of another kind": (
        exception(r"fields: [proc.args], comps: [regex], values: [['[0-9]+'], ['--id=\d+']]"),
        r'falco.exceptions[0].values: found "--id=\d+" in [1][0], expected a regular expression of '
        r"RE2's POSIX syntax, "
        r"which has [0-9] for \d and no look-around (invalid escape sequence: \d)",
    ),
    "a text that no event has": (
        exception(r'fields: [proc.args], values: [["a\0b"]]'),
        "falco.exceptions[0].values[0][0]: found a text of 3 characters, expected a text without NUL characters and "
        "halves of surrogate pairs",
    ),
    "an argument that ends a field": (
        exception("""fields: ['proc.aname[2] or (proc.name]'], values: [[a]]"""),
        'falco.exceptions[0].fields[0]: found "proc.aname[2] or (proc.name]", expected the name of an event\'s field '
        "such as proc.name",
    ),
    "exceptions of one name": (
        APPS + "falco: {exceptions: [{rule: A, name: x, fields: [f], values: [[1]]}, "
        "{rule: B, name: x, fields: [f], values: [[1]]}, {rule: A, name: x, fields: [g], values: [[1]]}]}",
        'falco.exceptions[2].name: found "x", expected another name: [0] has this one',
    ),
}
