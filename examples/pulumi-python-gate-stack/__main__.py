"""Gates every GPU of the stack, wherever it is made, with one line."""

import pulumi

import pulumi_lumenfall as lumenfall


class Studio(pulumi.ComponentResource):
    """Three GPUs."""

    def __init__(self, name):
        super().__init__("example:index:Studio", name)
        for number in range(3):
            # Stands for whatever costs money.
            pulumi.Stash(f"{name}-{number}", input="a100", opts=pulumi.ResourceOptions(parent=self))


# Before the resources. Without types it gates all of them.
lumenfall.gate_stack(pulumi.Config().require("minimum"), types=["pulumi:index:Stash"])

Studio("film")
Studio("series")
