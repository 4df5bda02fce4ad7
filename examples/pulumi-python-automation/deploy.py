"""Deploys only with funds, from a Python script: the Automation API in one file."""

import sys

import pulumi
from pulumi import automation, dynamic

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError, judge_error

MINIMUM = "5.00"


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


def program():
    """The stack. It asks for itself, so that it is gated however it is deployed."""
    lumenfall.require_balance(MINIMUM)
    farm = RenderFarm("farm", machines=3)
    pulumi.export("machines", farm.machines)


def main():
    """Deploy; the exit status is 0 when it is done, 2 for too little, 3 where it cannot be told."""
    try:
        with LumenfallClient() as client:
            verdict = Gate(MINIMUM).judge(client.fetch_balance())
    except LumenfallError as error:
        verdict = judge_error(error)
    if not verdict.sufficient:
        print(f"not deployed: {verdict.message}", file=sys.stderr)
        return 2 if verdict.outcome == "too low" else 3

    # Dynamic resources, lumenfall.Balance too, run in a process of their own: with this Python, activated or not.
    options = automation.LocalWorkspaceOptions(env_vars={"PULUMI_PYTHON_CMD": sys.executable})
    stack = automation.create_or_select_stack("dev", project_name="lumenfall-automation", program=program, opts=options)
    try:
        # Each of the two asks again: the balance may move while somebody reads the preview.
        stack.preview(on_output=print)
        result = stack.up(on_output=print)
    except automation.CommandError as error:
        print(error, file=sys.stderr)
        return 3
    print(f"deployed {result.outputs['machines'].value} machines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
