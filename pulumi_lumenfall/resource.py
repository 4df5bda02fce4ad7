# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""``Balance``: the balance as a resource, in the graph and in the state, live in every preview and up.

The provider runs in a process of Pulumi's own. It finds stack config there, and the environment of the ``pulumi``
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

from ._properties import ANSWERS, CONFIG_KEYS, NEVER_KNOWN, answer_properties, error_reason, gate_of, refusal, stale
from ._shared import Answers, this_run, wait_for
from .config import (
    argument_seconds,
    as_output,
    check_base_url,
    config_layer,
    fails_cleanly,
    hide_key,
    need_event_loop,
    warn_of_plain_key,
)
from .core import (
    AccountBalance,
    ConfigurationError,
    Gate,
    LumenfallError,
    argument_layer,
    describe,
    format_amount,
    looks_like_key,
    resolve_settings,
    with_hint,
)
from .functions import Amount, AvailableBalance, refuse_provider, tell_if_unknown

__all__ = ["Balance", "BalanceProvider"]

_INPUTS = ("minimum", "postpaid", "unavailable", "apiKeyFrom", "baseUrl", "timeout")
# Python name -> Pulumi name, where they differ.
_PULUMI_NAMES = {"api_key_from": "apiKeyFrom", "base_url": "baseUrl", "billing_type": "billingType"}
_PYTHON_NAMES = {pulumi_name: name for name, pulumi_name in _PULUMI_NAMES.items()}

_CONFIG_KEY = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9._:-]+")
# In capitals alone: a key that is given in place of a name would hardly be.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


class Balance(dynamic.Resource, module="lumenfall", name="Balance"):
    """The balance of a Lumenfall account, as a data source in the graph and in the state.

    Every preview and up asks anew and shows the live balance; a balance that moved is an update of this resource, so
    ``--expect-no-changes`` fails when it did, and so does ``up --plan`` with a plan that was saved before: use
    ``get_balance`` where that matters. A balance below ``minimum`` fails this resource, in preview and in up, and what
    depends on it is not touched. A refresh brings the state up to date as far as the balance can be had, and like a
    destroy it never fails for a lack of funds.

    ``up --target`` and ``up --exclude`` leave out every resource that is not targeted, this one too, and then nothing
    is gated by it. A gate that has to hold there is :func:`balance_hook` or :func:`gate_stack`.

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

    @fails_cleanly
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
        timeout: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Put the balance into the graph.

        It asks in a process of Pulumi's own. Under the Automation API that has the environment of the workspace
        (``LocalWorkspaceOptions(env_vars=...)``), while functions and hooks have the environment of the script.

        Args:
            name: The resource's name, unique in the program.
            minimum: The least amount that is enough, dollars, >= 0; below it this resource fails. An Output that a
                preview does not know yet is decided on in ``up``; a message says so. None gates nothing.
            postpaid: ``"allow"`` (default) or ``"deny"``: what a postpaid account without an amount counts as.
            unavailable: ``"deny"`` (default) or ``"allow"``: what a balance that is temporarily unavailable counts as.
            api_key_from: Where the key of another account is: a config key such as ``accounts:secondKey`` (set it
                with ``--secret``), or an environment variable such as ``SECOND_KEY``. Never the key itself, which
                would be kept in the state. By default ``lumenfall:apiKey``, ``LUMENFALL_API_KEY``, then the
                credentials file.
            api_key: Refused, since it would be kept in the state: see ``api_key_from``.
            base_url: Where the API is; by default ``lumenfall:baseUrl``, ``LUMENFALL_API_BASE``, then the public API.
            timeout: Total deadline, seconds, 0 < t <= 3600; by default ``lumenfall:timeout``, ``LUMENFALL_TIMEOUT``,
                30.
            opts: As for any resource. No provider makes this call, so one that is set is refused, and so are ``id``,
                ``import_`` and ``urn``: a resource that is only read is not gated.

        Raises:
            pulumi.RunError: A plain argument or ``lumenfall:baseUrl`` is malformed, or this is a thread without an
                event loop, or one of which it is not known whose it is. All else fails the resource, in one line.
        """
        api_key = hide_key(api_key)
        try:
            if not isinstance(name, str) or not name:
                raise ConfigurationError(f"{describe(name)} is not the name of a resource", hint="set it to text")
            refuse_provider(opts)
            _refuse_existing(opts)
            need_event_loop()
            this_run()
            if not (api_key is None or api_key == ""):
                raise ConfigurationError(
                    "api_key: Balance takes none, since Pulumi would keep it in the state",
                    hint="set lumenfall:apiKey with 'pulumi config set --secret', or say with api_key_from where it is",
                )
            arguments = {
                "minimum": minimum,
                "postpaid": postpaid,
                "unavailable": unavailable,
                "base_url": base_url,
                "timeout": timeout,
            }
            inputs = {argument: _once_known(argument, value) for argument, value in arguments.items()}
            # With all of stack config, Pulumi keeps this one in the state.
            check_base_url(*config_layer()["base_url"])
            if api_key_from is not None:
                _check_source(api_key_from)
                if ":" in api_key_from:
                    warn_of_plain_key(api_key_from)
            inputs["api_key_from"] = api_key_from
        except LumenfallError as error:
            raise pulumi.RunError(with_hint(error)) from None
        warn_of_plain_key(CONFIG_KEYS["api_key"])
        tell_if_unknown(pulumi.Output.all(**inputs), f"Balance {name!r}")
        super().__init__(
            BalanceProvider(),
            name,
            {**inputs, "billing_type": None, "available": None, "status": None, "sufficient": None},
            opts,
        )

    def translate_input_property(self, prop: str) -> str:
        return _PULUMI_NAMES.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        return _PYTHON_NAMES.get(prop, prop)


class BalanceProvider(dynamic.ResourceProvider):
    """Asks for the balance where a data source has to.

    The balance is asked for in ``check``, which otherwise only validates inputs. It is the one step that runs in every
    preview and every up, and before the engine decides whether there is a change; so the answer, returned as if it were
    an input, is shown live, is known to ``apply`` in a preview, and is an update only when it moved. A ``diff`` that
    always finds changes would make the outputs unknown in previews, and ``read`` alone runs only in a refresh.

    The engine calls from several threads. Nothing of a program is kept here, and the pickle is but this class's name:
    the same for every program and version.
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
            return dynamic.CheckResult({**inputs, **dict.fromkeys(ANSWERS, UNKNOWN)}, [])
        try:
            gate = gate_of(inputs)
            balance = self._ask(inputs)
        except LumenfallError as error:
            return dynamic.CheckResult(inputs, [dynamic.CheckFailure("", error_reason(error, inputs))])
        reason = refusal(balance, gate, inputs)
        if reason is not None:
            return dynamic.CheckResult(inputs, [dynamic.CheckFailure("", reason)])
        return dynamic.CheckResult({**inputs, **answer_properties(balance, gate, inputs)}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        changed = any(olds.get(name) != news.get(name) for name in (*_INPUTS, *ANSWERS))
        return dynamic.DiffResult(changes=changed)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        return dynamic.CreateResult("balance", _outputs(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        return dynamic.UpdateResult(_outputs(news))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """A refresh: the balance as it is, or as it was where it cannot be had. Nothing here may block a teardown."""
        outs = {name: value for name, value in props.items() if name in (*_INPUTS, *ANSWERS)}
        try:
            outs.update(answer_properties(self._ask(outs), gate_of(outs), outs))
        except LumenfallError as error:
            print(stale(error), file=sys.stderr)
        return dynamic.ReadResult(id_, outs, dict(outs))

    def _ask(self, inputs: Mapping[str, Any]) -> AccountBalance:
        arguments = dict(argument_layer(base_url=inputs.get("baseUrl"), timeout=inputs.get("timeout")))
        source = inputs.get("apiKeyFrom")
        if source is not None:
            arguments["api_key"] = (source, self._find_key(source))
        settings = resolve_settings(arguments, config_layer(self._get_config))
        return wait_for(_in_flight.ask(settings, keep_seconds=0), settings)

    def _get_config(self, key: str) -> Any:
        return None if self._config is None else self._config.get(key)

    def _find_key(self, source: str) -> str:
        """The key of another account.

        Raises:
            ConfigurationError: There is none; the chain must not go on to the key of the first account.
        """
        _check_source(source)
        is_config = ":" in source
        key = self._get_config(source) if is_config else os.environ.get(source)
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError(
                f"api_key_from: {source} is not set",
                hint=f"run: pulumi config set --secret {source}"
                if is_config
                else f"set the environment variable {source} for the pulumi command",
            )
        return key


#: Resources that ask the same at the same moment ask once; nothing is kept, so no up sees what its preview saw.
_in_flight = Answers()


def _check_source(source: object) -> None:
    """Check that this names a place for a key, so that no key gets into the state by mistake.

    Raises:
        ConfigurationError: It does not; the message does not show it.
    """
    names_one = isinstance(source, str) and (_CONFIG_KEY.fullmatch(source) or _VARIABLE.fullmatch(source))
    if not names_one or looks_like_key(str(source)):
        raise ConfigurationError(
            "api_key_from: this is not the name of a place for a key (not shown, in case that it is a key)",
            hint="set it to a config key such as 'accounts:secondKey', or to an environment variable in capitals",
        )


def _refuse_existing(opts: pulumi.ResourceOptions | None) -> None:
    """Refuse options that take a resource as it is: Pulumi then reads it without a ``check``, so nothing is gated.

    Raises:
        ConfigurationError: There is one.
    """
    for name in ("id", "import_", "urn"):
        if getattr(opts, name, None) is not None:
            raise ConfigurationError(
                f"opts: with {name} the balance would only be read, and nothing gated by it", hint=f"omit {name}"
            )


def _once_known(name: str, value: Any) -> Any:
    """An argument as it is kept in the state, or an Output of that.

    Raises:
        ConfigurationError: It is known, and malformed. An Output fails with ``pulumi.RunError`` where it is.
    """
    value = as_output(value)
    if not isinstance(value, pulumi.Output):
        return _kept(name, value)

    def known(value: Any) -> Any:
        try:
            return _kept(name, value)
        except LumenfallError as error:
            raise pulumi.RunError(with_hint(error)) from None

    return value.apply(known)


def _kept(name: str, value: Any) -> Any:
    if name == "minimum":
        # Exact text, since a number in the state is a float.
        return None if value is None else format_amount(Gate(value).minimum)
    if name == "base_url":
        check_base_url(name, value)
    elif name == "timeout":
        # A number that Pulumi can keep: it cannot keep a Decimal.
        return argument_seconds(value)
    else:
        Gate(0, **{name: value})
    return value


def _outputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of checked inputs.

    Raises:
        pulumi.RunError: They were not known when they were checked, and so nothing was asked.
    """
    if "status" not in props:
        raise pulumi.RunError(NEVER_KNOWN)
    return {name: props[name] for name in (*_INPUTS, *ANSWERS) if name in props}
