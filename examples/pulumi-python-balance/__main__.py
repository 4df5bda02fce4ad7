"""The balance as a resource: in the graph, in the state, and in the diff of a preview."""

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


funds = lumenfall.Balance("funds", pulumi.Config().require("minimum"))

# Not touched unless the balance is enough.
farm = RenderFarm("farm", machines=3, opts=pulumi.ResourceOptions(depends_on=[funds]))

# Known in a preview, too.
pulumi.export("hours", funds.available.amount.apply(lambda amount: None if amount is None else int(amount / 0.5)))
pulumi.export("balance", funds.available)
