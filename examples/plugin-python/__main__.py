"""Deploys only with funds, and shows what is left."""

import pulumi
import pulumi_lumenfall_sdk as lumenfall

minimum = pulumi.Config().require_float("minimum")

# Read now, in previews too; nothing of it is kept in the state.
balance = lumenfall.get_balance_output(minimum=minimum)

# The gate: below the minimum this resource fails, in preview and in up.
funds = lumenfall.Balance("funds", minimum=minimum)

# Stands for whatever costs money. Not touched unless the balance is enough.
pulumi.Stash("gpu", input="a100", opts=pulumi.ResourceOptions(depends_on=[funds]))

pulumi.export("available", balance.available)
pulumi.export("status", balance.status)
pulumi.export("sufficient", balance.sufficient)
