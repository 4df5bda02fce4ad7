"""Deploys only with funds, from a Python script: the Automation API in one file."""

import sys

import pulumi
from pulumi import automation

import pulumi_lumenfall as lumenfall
from pulumi_lumenfall.core import Gate, LumenfallClient, LumenfallError, judge_error

MINIMUM = "5.00"


def program():
    """The stack. It asks for itself, so that it is gated however it is deployed."""
    funds = lumenfall.Balance("funds", MINIMUM)
    # Stands for whatever costs money.
    gpu = pulumi.Stash("gpu", input="a100", opts=pulumi.ResourceOptions(depends_on=[funds]))
    pulumi.export("gpu", gpu.output)


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

    # Balance, like every dynamic resource, runs in a process of its own: with this Python, activated or not.
    options = automation.LocalWorkspaceOptions(env_vars={"PULUMI_PYTHON_CMD": sys.executable})
    stack = automation.create_or_select_stack("dev", project_name="lumenfall-automation", program=program, opts=options)
    try:
        # Each of the two asks again: the balance may move while somebody reads the preview.
        stack.preview(on_output=print)
        result = stack.up(on_output=print)
    except automation.CommandError as error:
        print(error, file=sys.stderr)
        return 3
    print(f"deployed {result.outputs['gpu'].value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
