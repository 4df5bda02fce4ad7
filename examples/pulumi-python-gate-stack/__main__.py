"""Gates every render farm of the stack, wherever it is made, with one line."""

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


class Studio(pulumi.ComponentResource):
    """Three farms of a machine each."""

    def __init__(self, name):
        super().__init__("example:index:Studio", name)
        for number in range(3):
            RenderFarm(f"{name}-{number}", machines=1, opts=pulumi.ResourceOptions(parent=self))


# Before the resources. Without types it gates all of them.
lumenfall.gate_stack(pulumi.Config().require("minimum"), types=["pulumi-python:dynamic:*"])

Studio("film")
Studio("series")
