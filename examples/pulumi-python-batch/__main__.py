"""Prices a batch of pictures, and deploys what renders them only with funds for all of it."""

import pulumi

import pulumi_lumenfall as lumenfall

config = pulumi.Config()
pictures = config.require_int("pictures")

# The body of the request that the batch will send so often. Pricing it runs nothing.
request = {"model": config.require("model"), "prompt": "a lighthouse at night"}
batch = lumenfall.estimate_cost(request, times=pictures, margin="20%")

# Asked only where the job is created or changed, in a preview too.
funded = lumenfall.balance_hook(batch.amount)
hooks = pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded])

# Stands for what renders the pictures.
job = pulumi.Stash("job", input=pictures, opts=pulumi.ResourceOptions(hooks=hooks))

pulumi.export("cost", batch.amount)
pulumi.export("cost_of_one", batch.unit_amount)
pulumi.export("pictures", job.input)
