# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""What the plugin answers: the protocol of resource providers on one side, the core on the other.

It serves ``pulumirpc.ResourceProvider`` itself. Pulumi's experimental layer over it (SDK 3.272) shows users a traceback
for whatever is raised, prints one for each method that is not implemented, breaks on whole numbers and on unknown
values, and hands on configuration without telling which of it is secret.

Like the dynamic ``Balance`` it asks for the balance in ``Check``, for the reasons that are given there: see
:class:`pulumi_lumenfall.resource.BalanceProvider`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from .._properties import (
    ANSWERS,
    CONFIG_KEYS,
    GATE_INPUTS,
    NEVER_KNOWN,
    NOT_KNOWN_YET,
    answer_properties,
    error_reason,
    gate_of,
    has_minimum,
    refusal,
    stale,
)
from .._shared import Answers, Run, wait_soon_for
from ..core import (
    AccountBalance,
    ConfigurationError,
    LumenfallError,
    Settings,
    __version__,
    clean,
    resolve_settings,
    with_hint,
)
from .properties import UNKNOWN, contains_unknowns, read, same, secret, write
from .protocol import plugin_pb2, provider_pb2

__all__ = ["ProviderServer", "Tell", "schema"]

FUNCTION = "lumenfall:index:getBalance"
RESOURCE = "lumenfall:index:Balance"

_SERVICE = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]
# Config property -> setting.
_SETTINGS = {key.partition(":")[2]: setting for setting, key in CONFIG_KEYS.items()}
_NUMBERS = ("timeout", "maxAttempts")
# The engine's own, among the properties of every provider.
_ENGINE_CONFIG = ("version", "pluginDownloadURL")
_INSECURE_VARIABLE = "LUMENFALL_ALLOW_INSECURE_HTTP"
# The option id and get are the same to the plugin.
_ONLY_READ = "it is only read, and nothing is gated by it; a minimum counts only without the option id"

_Method = Callable[[Any], Awaitable[Message]]


def schema() -> str:
    """The package's schema, JSON: functions, resources and config, with their documentation."""
    return Path(__file__).with_name("schema.json").read_text(encoding="utf-8")


class Tell(Protocol):
    """Shows a line to the user, among Pulumi's diagnostics."""

    async def __call__(self, text: str, *, urn: str = "", warning: bool = False) -> None:
        """Show it, with the resource that it is about."""


class ProviderServer:
    """One provider, as the engine configured it; all its methods run in one event loop.

    Methods have the names and messages of ``pulumi/provider.proto``. Those that it lacks (components, parameters, a
    handshake) the engine does without.

    Args:
        tell: What shows a line to the user.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        # None before the first one.
        self._config: dict[str, Any] | None = None
        self._begin_run()

    def _begin_run(self) -> None:
        # Every run of a program configures its providers, also where one plugin process serves several runs; so that an
        # answer can never be that of the run before.
        self._run = Run()
        self._in_flight = Answers()
        self._cancelled = asyncio.Event()

    def handlers(self) -> grpc.GenericRpcHandler:
        """The methods, for a gRPC server."""
        methods: dict[str, _Method] = {
            "GetPluginInfo": self.get_plugin_info,
            "GetSchema": self.get_schema,
            "Attach": self.attach,
            "Cancel": self.cancel,
            "CheckConfig": self.check_config,
            "DiffConfig": self.diff_config,
            "Configure": self.configure,
            "Invoke": self.invoke,
            "Check": self.check,
            "Diff": self.diff,
            "Create": self.create,
            "Update": self.update,
            "Read": self.read,
            "Delete": self.delete,
        }
        # Not the generated servicer: gRPC prints a traceback for each method that it declares and that is not there.
        return grpc.method_handlers_generic_handler(
            _SERVICE.full_name, {name: _handler(name, method) for name, method in methods.items()}
        )

    async def get_plugin_info(self, _request: Empty) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=__version__)

    async def get_schema(self, _request: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=schema())

    async def attach(self, _request: plugin_pb2.PluginAttach) -> Empty:
        """A debugger's plugin is told of an engine; it outlives it, so there is nothing to do."""
        return Empty()

    async def cancel(self, _request: Empty) -> Empty:
        """The user has interrupted the engine: what waits for an answer stops waiting."""
        self.cancel_calls()
        return Empty()

    @property
    def configured(self) -> bool:
        """Whether this is a provider of a run; one that only tells of itself never is."""
        return self._config is not None

    @property
    def cancelled(self) -> bool:
        """Whether the calls of this run have been ended."""
        return self._cancelled.is_set()

    def cancel_calls(self) -> None:
        """End the calls that wait for an answer; each fails, and none passes."""
        self._cancelled.set()

    async def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Check the provider's own properties, as far as they are known; which of them were secret, the engine knows.

        A missing key is not looked for: only asking needs one, and a teardown does not ask.
        """
        config = read(request.news)
        failures = [
            _failure(reason) for name, value in config.items() if (reason := _config_problem(name, value)) is not None
        ]
        inputs = provider_pb2.CheckResponse(inputs=request.news, failures=failures)
        if config.get("apiKey") not in (None, UNKNOWN):
            # Pulumi keeps this in the state: encrypted, also where a program gives it in the clear.
            inputs.inputs.update({"apiKey": secret(config["apiKey"])})
        return inputs

    async def diff_config(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """A provider is never replaced: that would replace all its resources, only because a key was rotated."""
        return _diff(read(request.olds), read(request.news))

    async def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Take the settings. Bad ones fail where they are needed, which in a teardown is nowhere.

        Raises:
            ConfigurationError: They are another provider's, and this one is in use: its resources would be judged by
                the account of the other. The engine starts a process for each, but not where one is attached to it.
        """
        config = read(request.args)
        if self.configured and not self.cancelled and config != self._config:
            raise ConfigurationError(
                "this process serves one provider, and was configured with other settings before",
                hint="start it anew; where a stack has several providers, omit PULUMI_DEBUG_PROVIDERS",
            )
        self._config = config
        self._begin_run()
        # Without acceptSecrets the engine itself marks as secret what came from secrets, on all the ways back.
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    async def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """``getBalance``: a failure where there is no balance; a low one is an answer."""
        if request.tok != FUNCTION:
            raise ConfigurationError(
                f"there is no function {clean(request.tok, limit=100)} here", hint=f"use {FUNCTION}"
            )
        arguments = read(request.args)
        problems = _argument_problems(arguments)
        if problems:
            # Here SDKs show the name beside the reason, and nobody shows the value.
            failures = [
                provider_pb2.CheckFailure(property=clean(name, limit=100), reason=reason) for name, reason in problems
            ]
            return provider_pb2.InvokeResponse(failures=failures)
        try:
            settings = await self._settings()
            balance = await self._wait_for(self._run.ask(settings), settings)
        except LumenfallError as error:
            return provider_pb2.InvokeResponse(failures=[_failure(with_hint(error))])
        # A keyword of Python.
        answer: dict[str, Any] = {"return": write(answer_properties(balance, gate_of(arguments), arguments))}
        return provider_pb2.InvokeResponse(**answer)

    async def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Ask, and give the answer as checked inputs; a balance that is not enough is a failure."""
        type_ = request.type or _type_of(request.urn)
        if type_ != RESOURCE:
            raise ConfigurationError(f"there is no resource {clean(type_, limit=100)} here", hint=f"use {RESOURCE}")
        news = read(request.news)
        # Answers come back as inputs where a program lets Pulumi ignore their changes. They are asked for all the same.
        inputs = {name: value for name, value in news.items() if name not in ANSWERS and value is not None}
        problems = _argument_problems(inputs)
        if problems:
            return provider_pb2.CheckResponse(failures=[_failure(reason) for _, reason in problems])
        if contains_unknowns(inputs):
            await self._tell(f"what it {NOT_KNOWN_YET}", urn=request.urn)
            return provider_pb2.CheckResponse(inputs=write({**inputs, **dict.fromkeys(ANSWERS, UNKNOWN)}))
        gate = gate_of(inputs)
        try:
            balance = await self._ask()
        except LumenfallError as error:
            return provider_pb2.CheckResponse(failures=[_failure(error_reason(error, inputs))])
        reason = refusal(balance, gate, inputs)
        if reason is not None:
            return provider_pb2.CheckResponse(failures=[_failure(reason)])
        return provider_pb2.CheckResponse(inputs=write({**inputs, **answer_properties(balance, gate, inputs)}))

    async def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        return _diff(read(request.olds), read(request.news))

    async def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        return provider_pb2.CreateResponse(
            id="" if request.preview else "balance", properties=_outputs(request.properties, request.preview)
        )

    async def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        return provider_pb2.UpdateResponse(properties=_outputs(request.news, request.preview))

    async def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """A refresh: the balance as it is, or as it was where it cannot be had; nothing here may block a teardown.

        Raises:
            ConfigurationError: It cannot be had or is not enough, and there is no state: this is an import, or a
                program that reads it (``get`` in YAML, the option ``id``) without a ``Check``.
        """
        names = (*GATE_INPUTS, *ANSWERS)
        outs = {name: value for name, value in read(request.properties).items() if name in names}
        has_state = "status" in outs
        try:
            gate = gate_of(outs)
            balance = await self._ask()
            outs.update(answer_properties(balance, gate, outs))
        except LumenfallError as error:
            if not has_state:
                raise ConfigurationError(error_reason(error, outs)) from None
            await self._tell(stale(error), urn=request.urn, warning=True)
        else:
            if not has_state:
                reason = refusal(balance, gate, outs)
                if reason is not None:
                    raise ConfigurationError(reason)
                # An import has no inputs, and is checked after this. SDKs drop the minimum beside the option id.
                if not has_minimum(outs) and request.HasField("inputs"):
                    await self._tell(_ONLY_READ, urn=request.urn)
        return provider_pb2.ReadResponse(id=request.id, properties=write(outs), inputs=write(outs))

    async def delete(self, _request: provider_pb2.DeleteRequest) -> Empty:
        return Empty()

    async def _ask(self) -> AccountBalance:
        """Ask for a resource: with those that ask at the same moment, and never later than that."""
        settings = await self._settings()
        return await self._wait_for(self._in_flight.ask(settings, keep_seconds=0), settings)

    async def _settings(self) -> Settings:
        config = self._config or {}
        layer = {
            setting: (f"lumenfall:{name}", _as_written(name, config.get(name))) for name, setting in _SETTINGS.items()
        }
        settings = resolve_settings(layer)
        for warning in settings.warnings:
            if self._run.is_new(warning):
                await self._tell(warning, warning=True)
        return settings

    async def _wait_for(self, answer: Future[AccountBalance], settings: Settings) -> AccountBalance:
        """Wait for an answer, or until the user has had enough.

        Raises:
            LumenfallError: There is none to be had.
            _InterruptedError: The engine was interrupted.
        """
        waiting = asyncio.ensure_future(wait_soon_for(answer, settings))
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait([waiting, cancelled], return_when=asyncio.FIRST_COMPLETED)
            if cancelled.done():
                raise _InterruptedError
            return waiting.result()
        finally:
            # Looked at in any case: asyncio would print the traceback of an error that nobody has looked at.
            waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
            waiting.cancel()
            cancelled.cancel()


class _InterruptedError(Exception):
    """The user has interrupted the engine."""


def _handler(name: str, method: _Method) -> grpc.RpcMethodHandler[Any, Any]:
    """A method as gRPC takes it, that fails in one clean line."""

    async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await method(request)
        except LumenfallError as error:
            reason = with_hint(error)
            # Not one of the codes that leave the engine in doubt about what became of the resource.
            code = grpc.StatusCode.FAILED_PRECONDITION
        except _InterruptedError:
            reason, code = "interrupted before there was an answer", grpc.StatusCode.CANCELLED
        except Exception as error:  # noqa: BLE001 - a bug of ours; its text and its traceback may hold a key
            reason = (
                f"{name} failed: {type(error).__name__} (a bug in pulumi-lumenfall {__version__}, please report it)"
            )
            code = grpc.StatusCode.FAILED_PRECONDITION
        # Raises.
        return await context.abort(code, reason)

    described = _SERVICE.methods_by_name[name]
    request_class, response_class = GetMessageClass(described.input_type), GetMessageClass(described.output_type)
    return grpc.unary_unary_rpc_method_handler(serve, request_class.FromString, response_class.SerializeToString)


def _failure(reason: str) -> provider_pb2.CheckFailure:
    """A failure whose reason names the property.

    Not in its own field: the engine shows the value of such a property, also of a key and of whatever is secret.
    """
    return provider_pb2.CheckFailure(reason=reason)


def _argument_problems(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the arguments of the function or the inputs of the resource: name and reason of each."""
    problems = []
    for name, value in arguments.items():
        if name not in GATE_INPUTS:
            known = ", ".join(GATE_INPUTS)
            problems.append((name, f"{clean(name, limit=100)}: there is no such argument; known are {known}"))
        elif value is not UNKNOWN:
            try:
                gate_of({name: value})
            except LumenfallError as error:
                problems.append((name, with_hint(error)))
    return problems


def _as_written(name: str, value: Any) -> Any:
    """A setting as the program has it: SDKs send what should be a number as JSON, so that a text comes in quotes."""
    if name in _NUMBERS and isinstance(value, str) and value.startswith('"'):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def _config_problem(name: str, value: Any) -> str | None:
    """What is wrong with one property of a provider."""
    if name in _ENGINE_CONFIG or contains_unknowns(value):
        return None
    label = f"lumenfall:{clean(name, limit=100)}"
    if name not in _SETTINGS:
        return f"{label}: there is no such setting; known are {', '.join(_SETTINGS)}"
    # By itself: the environment counts when the balance is asked for, and so does what is missing.
    insecure = {variable: os.environ[variable] for variable in (_INSECURE_VARIABLE,) if variable in os.environ}
    try:
        resolve_settings(
            {_SETTINGS[name]: (label, _as_written(name, value))}, {"api_key": ("", "none")}, environ=insecure
        )
    except LumenfallError as error:
        return with_hint(error)
    return None


def _diff(olds: Mapping[str, Any], news: Mapping[str, Any]) -> provider_pb2.DiffResponse:
    changed = [name for name in sorted({*olds, *news}) if not same(olds.get(name), news.get(name))]
    kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=kind, diffs=changed)


def _outputs(properties: Any, preview: bool) -> Any:
    """What is kept of checked inputs: all of them.

    Raises:
        ConfigurationError: There is no answer among them that lets the resource go on.
    """
    values = read(properties)
    known = isinstance(values.get("status"), str) and not contains_unknowns(values)
    if values.get("sufficient") is False:
        raise ConfigurationError("the balance was not enough when it was asked for", hint="run it again")
    if not (known or preview):
        raise ConfigurationError(NEVER_KNOWN)
    return properties


def _type_of(urn: str) -> str:
    """``lumenfall:index:Balance`` of ``urn:pulumi:stack::project::parent$lumenfall:index:Balance::name``."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""
