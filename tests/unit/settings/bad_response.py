"""What can be wrong with a response: the text, then the lines of the error."""

from tests.unit.settings.bad_settings import APPS


def playbook(text: str) -> str:
    return APPS + f"response: {{playbooks: [{{name: shells, actions: {{notify: {{}}}}, {text}}}]}}"


def response(text: str) -> str:
    return APPS + f"response: {{playbooks: [{{name: shells, actions: {{notify: {{}}}}}}], {text}}}"


RESPONSE = {
    "no playbook": (
        APPS + "response: {protect: {}}",
        "response.playbooks: found nothing, expected the playbooks, at least one",
    ),
    "no action": (
        APPS + "response: {playbooks: [{name: shells, actions: {}}]}",
        "response.playbooks[0].actions: found none, expected at least one action",
    ),
    "unknown action": (
        APPS + "response: {playbooks: [{name: shells, actions: {quarantin: {}}}]}",
        "response.playbooks[0].actions.quarantin: found an unknown key, expected one of isolate, cordon, evidence, "
        "taint, quarantine, delete, stopTask, drainInstance, finding, notify; did you mean quarantine?",
    ),
    "quarantine without a group": (
        APPS + "response: {playbooks: [{name: shells, actions: {quarantine: {}}}]}",
        "response.playbooks[0].actions.quarantine.securityGroupId: found nothing, expected the group, of the "
        "instance's VPC: one that has no rules lets nothing through",
    ),
    "evidence that is deleted before its lock ends": (
        APPS + "response: {playbooks: [{name: aa, actions: {evidence: {}}}], evidenceLockDays: 400}",
        "response.evidenceDays: found the number 365, expected more than evidenceLockDays (400), or 0 for never",
    ),
    "priority": (
        playbook("match: {minimumPriority: High}"),
        'response.playbooks[0].match.minimumPriority: found "High", expected one of Emergency, Alert, Critical, Error, '
        "Warning, Notice, Informational, Debug",
    ),
    "twice the same name": (
        APPS + "response: {playbooks: [{name: aa, actions: {notify: {}}}, {name: aa, actions: {notify: {}}}]}",
        'response.playbooks[1].name: found "aa", expected another name: [0] has this one',
    ),
    "workload without a namespace": (
        response("protect: {workloads: [ledger]}"),
        'response.protect.workloads[0]: found "ledger", expected NAMESPACE/WORKLOAD, on ECS CLUSTER/SERVICE; '
        "either may have * and ?",
    ),
    "webhook without TLS": (
        response("webhooks: [{url: 'http://hooks.example'}]"),
        "response.webhooks[0].url: found a secret that is none, expected a URL that begins with https://",
    ),
    "no policy in another cluster": (
        APPS + "response: {playbooks: [{name: shells, actions: {notify: {}}}], withoutAdmissionPolicy: [app]}",
        'response.withoutAdmissionPolicy[0]: found "app", expected the name of a cluster of this stack with platform '
        "eks or kubernetes",
    ),
    "nothing to read": (
        "clusters: [{name: apps, platform: ecs}]\nevents: {cloudwatch: false, destinations: {s3: {}}}\n"
        "response: {playbooks: [{name: shells, actions: {notify: {}}}]}",
        "response: found a mapping, expected this key only with events.cloudwatch true: the function reads the log "
        "group",
    ),
    "nothing to act in": (
        "hub: {spokes: [{account: '111111111111', regions: [eu-west-1]}]}\n"
        "response: {playbooks: [{name: shells, actions: {notify: {}}}]}",
        "response: found a mapping, expected this key only with clusters: a response acts in clusters of its own stack",
    ),
}
