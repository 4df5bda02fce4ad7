"""Reads the balance, and exports it as stack outputs."""

import pulumi

import pulumi_lumenfall as lumenfall

minimum = pulumi.Config().require("minimum")

# At once: a plain value.
balance = lumenfall.get_balance(minimum=minimum)
if balance.sufficient is False:
    pulumi.log.warn(f"funds run low: status {balance.status}, {balance.available.amount} {balance.available.currency}")

# As an Output, for what is an Output itself.
later = lumenfall.get_balance_output(minimum=minimum)

pulumi.export("balance", balance)
pulumi.export("enough", later.sufficient)
pulumi.export("text", pulumi.Output.format("{0} {1}", later.available.amount, later.available.currency))
