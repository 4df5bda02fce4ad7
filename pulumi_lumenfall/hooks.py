# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""Gates in the deployment itself: ``balance_hook`` for a costly resource, ``gate_stack`` for all of a stack.

A gate here is asked only when a resource is about to be created or updated, and when a preview shows that. A
deployment that changes nothing costly needs no funds, and neither does a refresh or a destroy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextvars import copy_context
from fnmatch import fnmatchcase
from secrets import token_hex
from typing import Any

import pulumi
from pulumi.output import contains_unknowns
from pulumi.runtime.resource_hooks import StubResourceHook

from ._properties import NOT_KNOWN_YET
from ._shared import Run, fetch_soon, this_run
from .config import (
    argument_seconds,
    as_output,
    fails_cleanly,
    hide_key,
    need_event_loop,
    plain_gate,
    program_settings,
)
from .core import (
    ConfigurationError,
    Gate,
    LumenfallError,
    Settings,
    Verdict,
    clean,
    describe,
    judge_error,
    with_hint,
)
from .functions import Amount, is_mocked

__all__ = ["balance_hook", "gate_stack"]

# How long to wait for an Output among the arguments where no timeout is given, seconds.
_INPUT_SECONDS = 30.0

# They cost nothing: providers, stack references, and the data source of this package, which moves with the balance.
_FREE_TYPES = (
    *("pulumi:providers:*", "pulumi:pulumi:*"),
    *("pulumi-python:dynamic/lumenfall:Balance", "lumenfall:index:Balance"),
)

# Mocks call no hooks and no transforms; those of older SDKs fail a test that registers one.
_MOCKS_KNOW_NO_HOOKS = not hasattr(pulumi.runtime.Mocks, "register_transform")


@fails_cleanly
def balance_hook(
    minimum: pulumi.Input[Amount],
    *,
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: float | None = None,
    name: str | None = None,
) -> pulumi.ResourceHook:
    """A hook that lets a resource be created or updated, and previewed so, only with funds.

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
        minimum: The least amount that is enough, dollars, >= 0. An Output that a preview does not know yet lets the
            preview pass with a message, and is decided on in ``up``. One that is not known there when the resource's
            turn comes stops the deployment: let the resource depend on where it comes from.
        postpaid: ``"allow"`` (default) or ``"deny"``: what a postpaid account without an amount counts as.
        unavailable: ``"deny"`` (default) or ``"allow"``: what a balance that is temporarily unavailable counts as.
        api_key: API key; by default ``lumenfall:apiKey``, ``LUMENFALL_API_KEY``, then the credentials file. It is used
            and not stored.
        base_url: Where the API is; by default ``lumenfall:baseUrl``, ``LUMENFALL_API_BASE``, then the public API.
        timeout: Total deadline, seconds, 0 < t <= 3600; by default ``lumenfall:timeout``, ``LUMENFALL_TIMEOUT``, 30.
            An Output among the arguments is waited for as long, before.
        name: The hook's name, unique in the stack: in a component of a package, make it from the component's name. By
            default it is one that no other hook has. Pulumi keeps it in the state of the resources it is bound to.

    Returns:
        A hook for ``before_create`` and ``before_update``.

    Raises:
        pulumi.RunError: ``timeout``, a plain ``minimum`` or a plain policy is malformed, ``name`` is taken, or this is
            a thread without an event loop. Every other failure stops the resource, not the program: one line with the
            resource, what there is, what is needed and what to do.
    """
    api_key = hide_key(api_key)
    try:
        need_event_loop()
        api_key, base_url = as_output(api_key), as_output(base_url)
        gate_arguments = {
            name: as_output(value)
            for name, value in (("minimum", minimum), ("postpaid", postpaid), ("unavailable", unavailable))
        }
        plain = {key: value for key, value in gate_arguments.items() if not isinstance(value, pulumi.Output)}
        # What is known already is judged now, before anything is asked.
        plain_gate(**{"minimum": 0, "postpaid": None, "unavailable": None, **plain})
        argument_seconds(timeout)
        run = this_run()
        name = _check_name(name, run)
    except LumenfallError as error:
        raise pulumi.RunError(with_hint(error)) from None
    guard = _Guard(run, {**gate_arguments, "api_key": api_key, "base_url": base_url, "timeout": timeout})

    # A function, since Pulumi takes its name and docstring.
    async def lumenfall_balance(args: pulumi.ResourceHookArgs) -> None:
        """Lets a resource go on only with funds."""
        await guard.check(f"{args.name} ({args.type})")

    if _MOCKS_KNOW_NO_HOOKS and is_mocked():
        return StubResourceHook(name)
    return pulumi.ResourceHook(name, lumenfall_balance, pulumi.ResourceHookOptions(on_dry_run=True))


@fails_cleanly
def gate_stack(
    minimum: pulumi.Input[Amount],
    *,
    types: str | Sequence[str] = "*",
    postpaid: pulumi.Input[str] | None = None,
    unavailable: pulumi.Input[str] | None = None,
    api_key: pulumi.Input[str] | None = None,
    base_url: pulumi.Input[str] | None = None,
    timeout: float | None = None,
) -> None:
    """Let every resource of the stack be created or updated, and previewed so, only with funds.

    Call it once, before the resources. It reaches those within components too, in whatever language they are written.
    Components themselves, providers, stack references and ``Balance`` are left alone.

    ::

        pulumi_lumenfall.gate_stack(5, types=["aws:ec2/*", "aws:rds/instance:Instance"])

    Args:
        minimum: See :func:`balance_hook`, here and below.
        types: Which types of resource to gate, as patterns with ``*`` and ``?``; all by default.
        postpaid: As there.
        unavailable: As there.
        api_key: As there.
        base_url: As there.
        timeout: As there.

    Raises:
        pulumi.RunError: ``timeout``, a plain ``minimum`` or a plain policy is malformed, ``types`` names none, or this
            is a thread without an event loop.
    """
    api_key = hide_key(api_key)
    try:
        patterns = check_types(types)
    except LumenfallError as error:
        raise pulumi.RunError(with_hint(error)) from None
    hook = balance_hook(
        minimum,
        postpaid=postpaid,
        unavailable=unavailable,
        api_key=api_key,
        base_url=base_url,
        timeout=timeout,
    )

    def bind(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom or not is_gated(args.type_, patterns):
            return None
        binding = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=binding))
        return pulumi.ResourceTransformResult(props=args.props, opts=opts)

    if not (_MOCKS_KNOW_NO_HOOKS and is_mocked()):
        pulumi.runtime.register_resource_transform(bind)


class _Guard:
    """What a hook asks each time, with the arguments that it was made with."""

    def __init__(self, run: Run, arguments: dict[str, Any]) -> None:
        self._run = run
        # The engine calls a hook outside of the program's context, which is what config belongs to.
        self._context = copy_context()
        self._is_preview = pulumi.runtime.is_dry_run()
        self._input_seconds = argument_seconds(arguments["timeout"]) or _INPUT_SECONDS
        self._arguments: dict[str, Any] | None = arguments
        # Of the first check that came so far: the arguments stay what they are, and a stack may have many resources.
        self._known: tuple[Gate, Settings] | None = None
        self._pending: pulumi.Output[dict[str, Any] | None] | None = None
        if any(isinstance(value, pulumi.Output) for value in arguments.values()):
            self._arguments = None
            self._pending = pulumi.Output.all(**arguments).apply(
                lambda values: None if contains_unknowns(values) else values, run_with_unknowns=True
            )

    async def check(self, resource: str) -> None:
        """Return only if there are funds, or a preview cannot know yet how much is needed.

        Raises:
            pulumi.RunError: The balance is too low, or there is no telling whether it is.
        """
        try:
            verdict = await self._judge(resource)
        except LumenfallError as error:
            verdict = judge_error(error)
        # Here, above the frames that see the arguments.
        if verdict is not None and not verdict.sufficient:
            raise pulumi.RunError(f"{clean(resource, limit=200)}: {verdict.message}")

    async def _judge(self, resource: str) -> Verdict | None:
        """The verdict, or None where a preview cannot tell, which it says then.

        Raises:
            LumenfallError: There is no telling.
        """
        if self._known is None:
            values = await self._values()
            if values is None:
                message = f"what its balance hook {NOT_KNOWN_YET}"
                self._context.copy().run(pulumi.log.info, f"{clean(resource, limit=200)}: {message}")
                return None
            gate = plain_gate(values.pop("minimum"), values.pop("postpaid"), values.pop("unavailable"))
            self._known = gate, self._context.copy().run(lambda: program_settings(**values))
        gate, settings = self._known
        return gate.judge(await fetch_soon(self._run, settings))

    async def _values(self) -> dict[str, Any] | None:
        """The arguments, or None where a preview does not know them.

        Raises:
            ConfigurationError: They are not known where they have to be.
        """
        if self._pending is None:
            return dict(self._arguments or {})
        # Bounded, since an Output may wait for the very resource that waits here.
        waiter = asyncio.ensure_future(self._pending.future())
        done, _ = await asyncio.wait([waiter], timeout=self._input_seconds)
        if done and (problem := waiter.exception()) is not None:
            raise ConfigurationError(
                f"an Output among the arguments of its balance hook failed ({type(problem).__name__})",
                hint="mend what makes that Output",
            )
        values = waiter.result() if done else None
        if values is None and not (done and self._is_preview):
            raise ConfigurationError(
                "an Output among the arguments of its balance hook is not known when the resource's turn comes",
                hint="let the resource depend on where that Output comes from (depends_on)",
            )
        return None if values is None else dict(values)


def _check_name(name: object, run: Run) -> str:
    """The name of a hook, or one that no other has.

    Raises:
        ConfigurationError: It is no name, or taken: Pulumi would stop with a traceback.
    """
    if name is None or name == "":
        if pulumi.runtime.get_root_resource() is None:
            # As where a package makes components: that process does not know what has been named elsewhere.
            return f"lumenfall-balance-{token_hex(8)}"
        while True:
            name = f"lumenfall-balance-{run.next_number()}"
            if run.is_new(f"hook {name}"):
                return name
    if not isinstance(name, str):
        raise ConfigurationError(f"name: {describe(name)} is not a name", hint="set name to text, or omit it")
    if not run.is_new(f"hook {name}"):
        raise ConfigurationError(
            f"name: a balance hook with the name {clean(name, limit=100)!r} is there already",
            hint="bind that hook to this resource too, or give this one a name of its own",
        )
    return name


def check_types(types: object) -> list[str]:
    """The patterns that say which types of resource are gated.

    Raises:
        ConfigurationError: They are not patterns, or there are none: that would gate nothing.
    """
    patterns = [types] if isinstance(types, str) else list(types) if isinstance(types, Iterable) else []
    problem = None
    if not patterns or not all(isinstance(pattern, str) and pattern for pattern in patterns):
        problem = "no type of resource is named"
    # Every type has a colon: without one, and without anything that may stand for one, a pattern gates nothing.
    elif wrong := next((pattern for pattern in patterns if not set(":*?[") & set(pattern)), None):
        problem = f"{describe(wrong)} is no type of resource, and would gate nothing"
    if problem:
        raise ConfigurationError(f"types: {problem}", hint="set types to patterns such as 'aws:ec2/*', or omit it")
    return patterns


def is_gated(type_: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns gate a type of resource; what costs nothing is never gated."""
    return _matches(type_, patterns) and not _matches(type_, _FREE_TYPES)


def _matches(type_: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in patterns)
