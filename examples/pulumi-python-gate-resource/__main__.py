"""Creates and updates the render farm only with funds; the rest of the stack needs none."""

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
    """Some machines that render."""

    machines: pulumi.Output[int]

    def __init__(self, name, machines, opts=None):
        super().__init__(FarmProvider(), name, {"machines": machines}, opts)


config = pulumi.Config()
funded = lumenfall.balance_hook(config.require("minimum"))

farm = RenderFarm(
    "farm",
    machines=config.get_int("machines") or 3,
    opts=pulumi.ResourceOptions(
        hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]),
    ),
)

pulumi.export("machines", farm.machines)
