# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""A CrossGuard policy: no stack that it is applied to is previewed or deployed without funds.

It needs ``pip install 'pulumi-lumenfall[policy]'``, and runs in the policy pack's process, with the environment of the
``pulumi`` command. It judges every resource of a deployment, changed or not; to gate only what changes, use
:func:`pulumi_lumenfall.balance_hook`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

try:
    # Its versions pin other ones of protobuf than pulumi's newest do, so it is not in every environment.
    from pulumi_policy import (  # type: ignore[import-not-found, unused-ignore]
        EnforcementLevel,
        PolicyConfigSchema,
        ResourceValidationArgs,
        ResourceValidationPolicy,
    )
except ImportError as problem:
    raise ImportError(
        "the package pulumi-policy is not installed; run: pip install 'pulumi-lumenfall[policy]'"
    ) from problem

from .calls import run_errors
from .config import check_name, config_layer
from .core import (
    ConfigurationError,
    Gate,
    LumenfallError,
    argument_layer,
    bad_value,
    clean,
    judge_error,
    resolve_settings,
)
from .functions import Amount, Duration
from .hooks import check_types, is_gated
from .sharing import Run

__all__ = ["require_balance_policy"]

_POLICY_WORDS = {"type": "string", "enum": ["allow", "deny"]}
_SCHEMA = {
    "minimum": {"type": ["string", "number"], "description": "The least balance that is enough, dollars."},
    "postpaid": {**_POLICY_WORDS, "description": "What a postpaid account without an amount counts as."},
    "unavailable": {**_POLICY_WORDS, "description": "What a balance that is temporarily unavailable counts as."},
    "types": {"type": "array", "items": {"type": "string"}, "description": "Types of resources, as patterns."},
}


def require_balance_policy(
    minimum: Amount,
    enforcement_level: str | EnforcementLevel = "mandatory",
    *,
    types: str | Sequence[str] = "*",
    postpaid: str | None = None,
    unavailable: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: Duration | None = None,
    name: str = "lumenfall-balance",
) -> ResourceValidationPolicy:
    """A policy that is violated unless there are funds.

    It judges each resource before it is created or updated, in ``up --skip-preview`` too, and not in a refresh or
    a destroy. All resources of one preview or one up share one answer, up to 30 s old (``LUMENFALL_CACHE_SECONDS``).

    ::

        PolicyPack(name="funds", policies=[require_balance_policy(5)])

    ``minimum``, ``postpaid``, ``unavailable`` and ``types`` may be set with ``--policy-pack-config``::

        {"lumenfall-balance": {"minimum": 20, "enforcementLevel": "advisory"}}

    With ``PolicyPack(initial_config=...)`` give ``enforcementLevel`` too: Pulumi takes a policy that is named there
    without one as advisory, whatever its own level is.

    Args:
        minimum: The least amount that is enough, dollars, >= 0.
        enforcement_level: ``"mandatory"`` (default), ``"advisory"`` (a warning) or ``"disabled"``, as text or as
            Pulumi's ``EnforcementLevel``.
        types: Which types of resource to judge, as patterns with ``*`` and ``?``; all by default. Providers, stack
            references and ``Balance`` are left alone.
        name: The policy's name, unique in its pack; not ``"all"``, which Pulumi keeps for itself.
            The other arguments are as for :func:`pulumi_lumenfall.get_balance`.

    Raises:
        pulumi.RunError: ``minimum``, a policy word, ``types``, ``enforcement_level`` or ``name`` is malformed.
    """
    arguments = {"minimum": minimum, "postpaid": postpaid, "unavailable": unavailable, "types": types}
    with run_errors():
        _rules(arguments)
        level = next((level for level in EnforcementLevel if enforcement_level in (level, level.value)), None)
        if level in (None, EnforcementLevel.REMEDIATE):
            words = "'mandatory', 'advisory' or 'disabled'"
            raise bad_value("enforcement_level", enforcement_level, "is not an enforcement level", words)
        check_name(name, "all")
    # The process of a pack serves one preview or one up.
    run = Run()
    layer = argument_layer(api_key=api_key, base_url=base_url, timeout=timeout)

    def validate(args: ResourceValidationArgs, report_violation: Callable[[str, str | None], None]) -> None:
        # Each resource is told, since the others may be under way at the same moment.
        try:
            gate, patterns = _rules({**arguments, **args.get_config()})
            if not is_gated(args.resource_type, patterns):
                return
            settings = resolve_settings(layer, config_layer())
            verdict = gate.judge(run.ask(settings).result())
        except LumenfallError as error:
            verdict = judge_error(error)
        if not verdict.sufficient:
            report_violation(verdict.message, args.urn)

    return ResourceValidationPolicy(
        name=name,
        description="Resources are created and updated only while the Lumenfall balance is enough.",
        validate=validate,
        enforcement_level=level,
        config_schema=PolicyConfigSchema(_SCHEMA),
    )


def _rules(arguments: Mapping[str, Any]) -> tuple[Gate, list[str]]:
    """What is enough, and for which types."""
    # Pulumi checks only the known ones against the schema.
    unknown = [name for name in arguments if name not in _SCHEMA]
    if unknown:
        raise ConfigurationError(
            f"{clean(unknown[0], limit=100)}: there is no such setting of this policy; known are {', '.join(_SCHEMA)}",
            hint="fix the policy pack's config",
        )
    gate = Gate(arguments["minimum"], postpaid=arguments["postpaid"], unavailable=arguments["unavailable"])
    return gate, check_types(arguments["types"])
