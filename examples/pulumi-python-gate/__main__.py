"""Reads the balance, and deploys only with funds."""

import pulumi

import pulumi_lumenfall as lumenfall

# Stops here unless there are funds: nothing below is previewed or deployed.
balance = lumenfall.require_balance(pulumi.Config().require("minimum"))

# Stands for whatever costs money.
gpu = pulumi.Stash("gpu", input="a100")

pulumi.export("available", balance.available.amount)
pulumi.export("gpu", gpu.output)
