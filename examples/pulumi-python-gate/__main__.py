"""Reads the balance, and deploys only with funds."""

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


# Stops here unless there are funds: nothing below is previewed or deployed.
balance = lumenfall.require_balance(pulumi.Config().require("minimum"))

farm = RenderFarm("farm", machines=3)

pulumi.export("available", balance.available.amount)
pulumi.export("machines", farm.machines)
