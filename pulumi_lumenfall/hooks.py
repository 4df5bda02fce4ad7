# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Gates in the deployment itself: ``balance_hook`` for a costly resource, ``gate_stack`` for a whole stack.

They ask only when a resource is about to be created or updated, and when a preview shows that. A deployment that
changes nothing costly needs no funds, and neither does a refresh or a destroy.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from fnmatch import fnmatchcase
from itertools import count
from secrets import token_hex
from typing import Any
from weakref import WeakSet

import pulumi
from pulumi.output import contains_unknowns

from .calls import run_errors
from .config import check_argument, check_name, is_later, plain_gate, program_settings
from .core import ConfigurationError, Gate, LumenfallError, Settings, bad_value, clean, describe_value, judge_error
from .evaluate import UNKNOWN_IN_PREVIEW
from .functions import Amount, Duration
from .program import (
    at_end_of_run,
    current_run,
    is_mocked,
    make_hook,
    need_event_loop,
    registered_resources,
    silence_interrupts,
)
from .sharing import Run

# How long to wait for an Output among the arguments where no timeout is given, seconds.
_INPUT_SECONDS = 30.0

# They cost nothing: providers, stack references, and this package's data source, which changes with the balance.
_FREE_TYPES = ("pulumi:providers:*", "pulumi:pulumi:*", "pulumi-python:*/lumenfall:Balance", "lumenfall:index:Balance")


def balance_hook(
    minimum: pulumi.Input[Amount],
    *,
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: Duration | None = None,
    name: str | None = None,
) -> pulumi.ResourceHook:
    """A hook that blocks the creation and update of a resource (and their previews) unless funds suffice.

    Bind it to resources, not to components: it would not be asked for the resources inside, so that is refused.
    One hook can be bound to many resources: within one run of a program all hooks and functions with the same settings
    share one answer, up to 30 s old (``LUMENFALL_CACHE_SECONDS``).

    ::

        funded = pulumi_lumenfall.balance_hook(5)
        gpu = Instance("gpu", opts=pulumi.ResourceOptions(
            hooks=pulumi.ResourceHookBinding(before_create=[funded], before_update=[funded]),
        ))

    A replacement is a creation to Pulumi. With ``delete_before_replace`` the old resource is gone by the time a new
    one would be created: the preview stops such a deployment before that, ``up --skip-preview`` does not.

    Args:
        minimum: The least amount that is enough, dollars, >= 0. An Output that is unknown in a preview is checked in
            ``up``; a message says so. One that is still unknown there when the resource's turn comes stops the
            deployment: let the resource depend on where it comes from.
        timeout: As for :func:`get_balance`, like the arguments that are not listed. Outputs among the arguments are
            waited for as long, before.
        name: The hook's name, unique in the stack: in a component of a package, derive it from the component's name.
            By default a name that no other hook has. Pulumi keeps it in the state of the resources it is bound to.

    Raises:
        pulumi.RunError: A plain argument is malformed, ``name`` is taken, or hooks cannot be made in this thread. Every
            other failure stops the resource, not the program: one line with the resource and the verdict.
    """
    with run_errors():
        need_event_loop()
        given = {"minimum": minimum, "postpaid": postpaid, "unavailable": unavailable}
        plain_gate(**{"minimum": 0, **{key: value for key, value in given.items() if not is_later(value)}})
        timeout = check_argument("timeout", "timeout", timeout)
        run = current_run()
        name = _unique_name(name, run)
    guard = _Guard(run, {**given, "api_key": api_key, "base_url": base_url, "timeout": timeout})

    # A function, since Pulumi takes its name and docstring.
    async def lumenfall_balance(args: pulumi.ResourceHookArgs) -> None:
        """Blocks create and update (and their previews) unless funds suffice."""
        await guard.check(f"{args.name} ({args.type})")

    silence_interrupts()
    hook = make_hook(name, lumenfall_balance)
    _made.add(hook)
    if run.is_new("refusal of components"):
        _refuse_components(lambda args: not _made.isdisjoint(_hooks_of(args.opts)))
    return hook


def gate_stack(
    minimum: pulumi.Input[Amount],
    *,
    types: str | Sequence[str] = "*",
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: Duration | None = None,
) -> None:
    """Block the creation and update of every resource of the stack (and their previews) unless funds suffice.

    Call it once, before the resources: it refuses to start after them. It reaches those within components too, in
    whatever language they are written, and is asked before a resource's own hooks. Components themselves, providers,
    stack references and ``Balance`` are left alone. A transform that is registered later and replaces ``opts.hooks``
    removes the gate; one that merges options keeps it.

    ::

        pulumi_lumenfall.gate_stack(5, types=["aws:ec2/*", "aws:rds:Instance"])

    Args:
        types: Which types of resource to gate, as patterns with ``*`` and ``?``; all by default. The short form of a
            type, ``aws:ec2:Instance`` for ``aws:ec2/instance:Instance``, will do. A pattern that matched none of the
            run's resources is a warning at its end. The other arguments are as for :func:`balance_hook`.

    Raises:
        pulumi.RunError: Resources were registered before, or as for :func:`balance_hook`.
    """
    with run_errors():
        patterns = check_types(types)
        hook = balance_hook(
            minimum, postpaid=postpaid, unavailable=unavailable, api_key=api_key, base_url=base_url, timeout=timeout
        )
        named = [pattern for pattern in patterns if not set("*?[") & set(pattern)]
        _refuse_components(lambda args: _matches(args.type_, named))
        if is_mocked():
            return  # Mocks run no transforms, and of old SDKs fail a test that registers one.
        _refuse_to_come_late(patterns)
    seen: set[str] = set()

    def bind(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom:
            return None
        seen.add(args.type_)
        if not is_gated(args.type_, patterns):
            return None
        gate = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        # The gate comes first: a resource's own hook may reserve or notify.
        args.opts.hooks = pulumi.ResourceHookBinding.merge(gate, args.opts.hooks)
        return pulumi.ResourceTransformResult(props=args.props, opts=args.opts)

    def warn_of_unmatched() -> None:
        unmatched = [pattern for pattern in patterns if not any(_matches(type_, [pattern]) for type_ in seen)]
        if seen and unmatched:
            names = ", ".join(describe_value(pattern) for pattern in unmatched)
            pulumi.log.warn(f"gate_stack: types {names} matched no resource of this run, and gated nothing")

    pulumi.runtime.register_resource_transform(bind)
    at_end_of_run(warn_of_unmatched)


class _Guard:
    """What a hook checks each time."""

    def __init__(self, run: Run, arguments: dict[str, Any]) -> None:
        self._run = run
        # The engine calls a hook outside of the program's context, and stack config belongs to that.
        self._context = copy_context()
        self._is_preview = pulumi.runtime.is_dry_run()
        self._input_seconds = arguments["timeout"] or _INPUT_SECONDS
        # An Output of None where something is unknown.
        self._arguments = pulumi.Output.all(**arguments).apply(
            lambda values: None if contains_unknowns(values) else values, run_with_unknowns=True
        )
        # Resolved once: a stack may have many resources.
        self._resolved: tuple[Gate, Settings] | None = None

    async def check(self, resource: str) -> None:
        """Return only if there are funds, or a preview cannot know yet how much is needed; else a RunError."""
        label = clean(resource, limit=200)
        try:
            if self._resolved is None:
                values = await self._values()
                if values is None:
                    self._context.copy().run(pulumi.log.info, f"{label}: balance hook: {UNKNOWN_IN_PREVIEW}")
                    return
                gate = plain_gate(values.pop("minimum"), values.pop("postpaid"), values.pop("unavailable"))
                self._resolved = gate, self._context.copy().run(lambda: program_settings(**values))
            gate, settings = self._resolved
            balance = await asyncio.wrap_future(self._run.ask(settings))
            verdict = gate.judge(balance)
        except LumenfallError as error:
            verdict = judge_error(error)
        if not verdict.sufficient:
            raise pulumi.RunError(f"{label}: {verdict.message}")

    async def _values(self) -> dict[str, Any] | None:
        """The arguments, or None where a preview does not know them."""
        # Bounded, since an Output may wait for the very resource that waits here.
        waiter = asyncio.ensure_future(self._arguments.future())
        done, _ = await asyncio.wait([waiter], timeout=self._input_seconds)
        if done and (problem := waiter.exception()) is not None:
            raise ConfigurationError(
                f"an Output in the arguments of its balance hook failed ({type(problem).__name__})",
                hint="fix the code or the resource that makes that Output",
            )
        values = waiter.result() if done else None
        if values is None and not (done and self._is_preview):
            raise ConfigurationError(
                "an Output in the arguments of its balance hook is still unknown",
                hint="add the resource that makes that Output to depends_on",
            )
        return None if values is None else dict(values)


_made: WeakSet[pulumi.ResourceHook] = WeakSet()


def _hooks_of(opts: pulumi.ResourceOptions) -> list[Any]:
    bound = opts.hooks
    return [] if bound is None else [*(bound.before_create or ()), *(bound.before_update or ())]


def _refuse_components(is_meant: Callable[[pulumi.ResourceTransformationArgs], bool]) -> None:
    """Stop the program at a component that a gate is meant for, since the resources inside would not be gated."""

    def refuse(args: pulumi.ResourceTransformationArgs) -> None:
        if isinstance(args.resource, pulumi.ComponentResource) and is_meant(args):
            component = clean(f"{args.name} ({args.type_})", limit=200)
            raise pulumi.RunError(
                f"{component}: a gate on a component does not reach the resources inside it; "
                "bind balance_hook to them, or name their types in gate_stack"
            )

    if pulumi.runtime.get_root_resource() is not None:
        pulumi.runtime.register_stack_transformation(refuse)


def _unique_name(name: str | None, run: Run) -> str:
    """The name of a hook, or one that no other has. One that is taken would be a traceback of Pulumi's."""
    if not name:
        if pulumi.runtime.get_root_resource() is None:
            # A package that makes components: its process does not know the names of other processes.
            return f"lumenfall-balance-{token_hex(8)}"
        # The same in the next run of the same program, so that the state does not change.
        return next(name for name in map("lumenfall-balance-{}".format, count(1)) if run.is_new(f"hook {name}"))
    check_name(name)
    if not run.is_new(f"hook {name}"):
        raise ConfigurationError(
            f"name: there is already a balance hook with the name {clean(name, limit=100)!r}",
            hint="bind that hook to this resource too, or choose another name",
        )
    return name


def check_types(types: object) -> list[str]:
    """The patterns that say which types of resource are gated; those that would gate nothing are refused."""
    patterns: list[Any] = list(types) if isinstance(types, Iterable) and not isinstance(types, str) else [types]
    # Every type has a colon: a pattern without one, and without a wildcard that may stand for one, gates nothing.
    wrong = [pattern for pattern in patterns if not (isinstance(pattern, str) and set(":*?[") & set(pattern))]
    if wrong or not patterns:
        problem = "is not a type of resource and would gate nothing"
        raise bad_value("types", wrong[0] if wrong else types, problem, "patterns such as 'aws:ec2/*', or omit it")
    return patterns


def is_gated(type_: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns gate a type of resource; what costs nothing is never gated."""
    return _matches(type_, patterns) and not _matches(type_, _FREE_TYPES)


def _matches(type_: str, patterns: Sequence[str]) -> bool:
    # As people write aws:ec2/instance:Instance and random:index/randomId:RandomId in YAML.
    short = re.sub(r"^([^:]+:[^:/]+)/\w(\w*):(?=\w\2$)", r"\1:", type_)
    names = {type_, short, short.replace(":index:", ":")}
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _refuse_to_come_late(patterns: Sequence[str]) -> None:
    """Refuse to start after resources that would have been gated."""
    early = [
        resource
        for resource in registered_resources()
        # Of a component in another language, the types of the children are not known here.
        if not isinstance(resource, pulumi.CustomResource) or is_gated(resource.pulumi_resource_type, patterns)
    ]
    if early:
        shown = ", ".join(sorted(clean(resource.pulumi_resource_name, limit=50) for resource in early)[:3])
        raise ConfigurationError(
            f"gate_stack came after {len(early)} resource{'s' * (len(early) > 1)} that it cannot gate any more "
            f"({shown}{', ...' * (len(early) > 3)})",
            hint="call gate_stack before the first resource, also before importing modules that make resources",
        )
