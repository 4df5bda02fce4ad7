"""Creates and updates the GPU only with funds; the rest of the stack needs none."""

import pulumi

import pulumi_lumenfall as lumenfall

config = pulumi.Config()
funded = lumenfall.balance_hook(config.require("minimum"))

# Stands for whatever costs money.
gpu = pulumi.Stash(
    "gpu",
    input=config.require("model"),
    opts=pulumi.ResourceOptions(
        hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]),
    ),
)

pulumi.export("gpu", gpu.input)
