# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``Balance``: the balance as a resource, in the graph and in the state, live in every preview and up.

The provider runs in a process of Pulumi's own. It has stack config there, and the environment of the ``pulumi``
command rather than of the program.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import dynamic
from pulumi.output import UNKNOWN, contains_unknowns

from .calls import check_options, run_errors, tell_if_unknown
from .config import API_KEY, check_argument, check_name, config_layer, is_later, plain_gate, warn_of_plain_key
from .core import (
    AccountBalance,
    ConfigurationError,
    LumenfallError,
    argument_layer,
    format_amount,
    is_unset,
    looks_like_key,
    resolve_settings,
)
from .evaluate import GATE_INPUTS, OUTPUTS, UNKNOWN_IN_UP, evaluate, make_gate
from .functions import Amount, AvailableBalance, Duration
from .program import current_run, need_event_loop, silence_interrupts
from .sharing import Run

_INPUTS = (*GATE_INPUTS, "apiKeyFrom", "baseUrl", "timeout")
# Python name -> Pulumi name, where they differ.
_PULUMI_NAMES = {"api_key_from": "apiKeyFrom", "base_url": "baseUrl", "billing_type": "billingType"}
_PYTHON_NAMES = {pulumi_name: name for name, pulumi_name in _PULUMI_NAMES.items()}

_CONFIG_KEY = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9._:-]+")
# In capitals only, so that a key given in place of a name does not match.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


class Balance(dynamic.Resource, module="lumenfall", name="Balance"):
    """The balance of a Lumenfall account, as a data source in the graph and in the state.

    Every preview and up asks again and shows the live balance. A balance that moved is an update of this resource, so
    ``--expect-no-changes`` fails when it did, and so does ``up --plan`` with an older plan: use ``get_balance`` where
    that matters. A balance below ``minimum`` fails this resource, in preview and in up, and what depends on it is not
    touched. A refresh brings the state up to date as far as it can, and like a destroy it never fails for lack of
    funds.

    ``up --target`` leaves out what is not targeted: without this resource among the targets nothing is gated by it.
    :func:`balance_hook` and :func:`gate_stack` hold there.

    ::

        funds = pulumi_lumenfall.Balance("funds", minimum=5)
        gpu = Instance("gpu", opts=pulumi.ResourceOptions(depends_on=[funds]))
        pulumi.export("available", funds.available.amount)
    """

    billing_type: pulumi.Output[str]
    """``"prepaid"`` or ``"postpaid"``."""
    available: pulumi.Output[AvailableBalance]
    """The funds that are available."""
    status: pulumi.Output[str]
    """``"known"`` (there is an amount), ``"postpaid"`` or ``"unavailable"``."""
    sufficient: pulumi.Output[bool | None]
    """True where a minimum was given (it fails otherwise), else None."""
    minimum: pulumi.Output[str | None]
    """The minimum that was given, as text."""

    def __init__(
        self,
        name: str,
        minimum: pulumi.Input[Amount] | None = None,
        *,
        postpaid: pulumi.Input[str] | None = None,
        unavailable: pulumi.Input[str] | None = None,
        api_key_from: str | None = None,
        api_key: object = None,
        base_url: pulumi.Input[str] | None = None,
        timeout: pulumi.Input[Duration] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Put the balance into the graph.

        It asks in a process of Pulumi's own. Under the Automation API that has the environment of the workspace
        (``LocalWorkspaceOptions(env_vars=...)``), while functions and hooks have the environment of the script. A
        script in a virtual environment that is not activated needs ``{"PULUMI_PYTHON_CMD": sys.executable}`` there.

        Args:
            name: The resource's name, unique in the program.
            minimum: The least amount that is enough, dollars, >= 0; below it this resource fails. An Output that is
                unknown in a preview is checked in ``up``; a message says so. None gates nothing.
            api_key_from: Where the key of another account is: a config key such as ``accounts:secondKey`` (set it
                with ``--secret``), or an environment variable such as ``SECOND_KEY``. Never the key itself, which
                would be kept in the state: ``api_key`` is refused.
            opts: As for any resource. No provider makes this call, so one that is set is refused, and so are ``id``,
                ``import_`` and ``urn``: a resource that is only read is not gated. The other arguments are as for
                :func:`get_balance`.

        Raises:
            pulumi.RunError: A plain argument or ``lumenfall:`` config is malformed, or the resource cannot be made in
                this thread. Every other failure fails the resource, in one line.
        """
        given = {"minimum": minimum, "postpaid": postpaid, "unavailable": unavailable}
        given |= {"base_url": base_url, "timeout": timeout}
        with run_errors():
            need_event_loop()
            current_run()
            check_name(name)
            check_options(opts, pulumi.ResourceOptions)
            _refuse(opts, api_key)
            inputs = {argument: _once_known(argument, value) for argument, value in given.items()}
            # Pulumi keeps all of stack config in the state; a base URL may hold a password.
            check_argument("base_url", *config_layer()["base_url"])
            if api_key_from is not None:
                _check_source(api_key_from)
                if ":" in api_key_from:
                    warn_of_plain_key(api_key_from)
            warn_of_plain_key(API_KEY)
        inputs["api_key_from"] = api_key_from
        silence_interrupts()
        tell_if_unknown(pulumi.Output.all(**inputs), f"Balance {name!r}")
        outputs = dict.fromkeys(map(self.translate_output_property, OUTPUTS))
        super().__init__(BalanceProvider(), name, {**inputs, **outputs}, opts)

    def translate_input_property(self, prop: str) -> str:
        return _PULUMI_NAMES.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        return _PYTHON_NAMES.get(prop, prop)


class BalanceProvider(dynamic.ResourceProvider):
    """Asks for the balance where a data source has to.

    ``check`` runs in every preview and every up, before the engine decides whether there is a change. The balance that
    it returns among the inputs is shown live, is known to ``apply`` in a preview, and is an update only when it moved.
    A ``diff`` that always finds changes would make the outputs unknown in previews; ``read`` runs in a refresh only.

    The engine calls from several threads. The pickle is this class's name: the same for every program and version.
    """

    def __init__(self) -> None:
        super().__init__()
        self._config: dynamic.Config | None = None

    def __reduce__(self) -> tuple[type[BalanceProvider], tuple[()]]:
        return BalanceProvider, ()

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        self._config = req.config

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        inputs = {name: news.get(name) for name in _INPUTS}
        if contains_unknowns(inputs):
            return dynamic.CheckResult({**inputs, **dict.fromkeys(OUTPUTS, UNKNOWN)}, [])
        outputs, failure = evaluate(inputs, self._ask(inputs))
        if failure is not None:
            return dynamic.CheckResult(inputs, [dynamic.CheckFailure("", failure)])
        return dynamic.CheckResult({**inputs, **outputs}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        changed = any(olds.get(name) != news.get(name) for name in (*_INPUTS, *OUTPUTS))
        return dynamic.DiffResult(changes=changed)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        return dynamic.CreateResult("balance", _checked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        return dynamic.UpdateResult(_checked(news))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """A refresh: the live balance, or the one in the state; nothing here may block a teardown."""
        outs = {name: value for name, value in props.items() if name in (*_INPUTS, *OUTPUTS)}
        outputs, failure = evaluate(outs, self._ask(outs))
        if not outputs:
            print(f"the balance in the state is kept: {failure}", file=sys.stderr)
        outs.update(outputs)
        return dynamic.ReadResult(id_, outs, dict(outs))

    def _ask(self, inputs: Mapping[str, Any]) -> AccountBalance | LumenfallError:
        """The balance, or the error in its place; bad inputs are an error before anything is sent."""
        try:
            make_gate(inputs)
            arguments = dict(argument_layer(base_url=inputs.get("baseUrl"), timeout=inputs.get("timeout")))
            source = inputs.get("apiKeyFrom")
            if source is not None:
                arguments["api_key"] = (source, self._find_key(source))
            settings = resolve_settings(arguments, config_layer(self._get_config))
            return _run.ask(settings, keep=False).result()
        except LumenfallError as error:
            return error

    def _get_config(self, key: str) -> Any:
        return None if self._config is None else self._config.get(key)

    def _find_key(self, source: str) -> Any:
        """The key of another account; where there is none, the first account's must not be used instead."""
        if ":" in source:
            key, hint = self._get_config(source), f"run: pulumi config set --secret {source}"
        else:
            key, hint = os.environ.get(source), f"set the environment variable {source} for the pulumi command"
        if is_unset(key):
            raise ConfigurationError(f"api_key_from: {source} is not set", hint=hint)
        return key


# One process of the provider serves a preview and the up after it: resources share a request that is under way, and
# never an answer, so no up sees what its preview saw.
_run = Run()


def _refuse(opts: pulumi.ResourceOptions | None, api_key: object) -> None:
    for option in ("id", "import_", "urn"):
        # Pulumi reads such a resource as it is, without a check.
        if getattr(opts, option, None) is not None:
            problem = f"opts: with {option} the balance would be read but not gated"
            raise ConfigurationError(problem, hint=f"omit {option}")
    if api_key is not None and api_key != "":
        raise ConfigurationError(
            "api_key: not accepted by Balance, because Pulumi would keep it in the state",
            hint="set lumenfall:apiKey with 'pulumi config set --secret', or name a config key in api_key_from",
        )


def _check_source(source: object) -> None:
    """Check that this names a place for a key, and is none; the message does not show it."""
    names_one = isinstance(source, str) and (_CONFIG_KEY.fullmatch(source) or _VARIABLE.fullmatch(source))
    if not names_one or looks_like_key(str(source)):
        raise ConfigurationError(
            "api_key_from: expected a config key or the name of an environment variable (the value is not shown)",
            hint="set it to a config key such as 'accounts:secondKey', or to an environment variable in capitals",
        )


def _once_known(name: str, value: Any) -> Any:
    """An argument as it is kept in the state, or an Output of that; one that is malformed fails."""

    def known(value: Any) -> Any:
        with run_errors():
            if name == "minimum":
                # Exact text, since a number in the state is a float.
                return None if value is None else format_amount(plain_gate(value).minimum)
            if name in GATE_INPUTS:
                plain_gate(0, **{name: value})
                return value
            return check_argument(name, name, value)

    return pulumi.Output.from_input(value).apply(known) if is_later(value) else known(value)


def _checked(props: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of checked inputs. Those that were unknown when they were checked were never judged."""
    if "status" not in props:
        raise pulumi.RunError(UNKNOWN_IN_UP)
    return {name: props[name] for name in (*_INPUTS, *OUTPUTS) if name in props}
