"""What a stack of this project may look like and become: a CrossGuard policy pack, and a judge of planned changes.

`pulumi preview --policy-pack falco_firelens/policy/run` runs the pack. CrossGuard shows a policy the resources
that a deployment ends with and never those it deletes or replaces, so `falco_firelens.policy.changes` judges the
engine's planned steps.
"""
