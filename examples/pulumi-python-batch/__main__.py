"""Prices a batch of pictures, and deploys what renders them only with funds for all of it."""

import pulumi
from pulumi import dynamic

import pulumi_lumenfall as lumenfall


class FarmProvider(dynamic.ResourceProvider):
    """Stands for whatever costs money: a GPU, a cluster, a batch of renderings."""

    def create(self, props):
        return dynamic.CreateResult("farm-1", props)

    def update(self, _id, _olds, news):
        return dynamic.UpdateResult(news)


class RenderFarm(dynamic.Resource):
    """Renders some pictures."""

    pictures: pulumi.Output[int]

    def __init__(self, name, pictures, opts=None):
        super().__init__(FarmProvider(), name, {"pictures": pictures}, opts)


config = pulumi.Config()
pictures = config.require_int("pictures")

# The body of the request that the batch will send so often. Pricing it runs nothing.
request = {"model": config.require("model"), "prompt": "a lighthouse at night"}
batch = lumenfall.estimate_cost(request, times=pictures, margin="20%")

# Asked only where the farm is created or changed, in a preview too.
funded = lumenfall.balance_hook(batch.amount)
hooks = pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded])
farm = RenderFarm("farm", pictures, pulumi.ResourceOptions(hooks=hooks))

pulumi.export("cost", batch.amount)
pulumi.export("cost_of_one", batch.unit_amount)
pulumi.export("pictures", farm.pictures)
