"""The balance as a resource: in the graph, in the state, and in the diff of a preview."""

import pulumi

import pulumi_lumenfall as lumenfall

funds = lumenfall.Balance("funds", pulumi.Config().require("minimum"))

# Stands for whatever costs money. Not touched unless the balance is enough.
pulumi.Stash("gpu", input="a100", opts=pulumi.ResourceOptions(depends_on=[funds]))

# Known in a preview, too.
pulumi.export("hours", funds.available.amount.apply(lambda amount: None if amount is None else int(amount / 0.5)))
pulumi.export("balance", funds.available)
