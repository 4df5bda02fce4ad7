# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin's methods: Pulumi's protocol for resource providers on one side, the core on the other.

``pulumirpc.ResourceProvider`` is served directly. Pulumi's experimental layer over it (SDK 3.272) shows users a
traceback for every exception, prints one for each method that is missing, and fails on whole numbers and unknown
values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ..core import (
    ENDPOINTS,
    AccountBalance,
    ConfigurationError,
    LumenfallError,
    Settings,
    __version__,
    check_endpoint,
    check_request,
    clean,
    format_amount,
    parse_job,
    resolve_settings,
)
from ..evaluate import GATE_INPUTS, OUTPUTS, UNKNOWN_IN_PREVIEW, UNKNOWN_IN_UP, evaluate, make_gate
from ..sharing import Run
from .config import config_layer, config_problem
from .properties import UNKNOWN, contains_unknown, read, secret, write
from .protocol import engine_pb2, plugin_pb2, provider_pb2

__all__ = ["Log", "ProviderServer"]

GET_BALANCE = "lumenfall:index:getBalance"
ESTIMATE_COST = "lumenfall:index:estimateCost"
RESOURCE = "lumenfall:index:Balance"

_SCHEMA = Path(__file__).with_name("schema.json")
_SERVICE = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]
# How long a call may still go on after a Cancel.
_CANCEL_SECONDS = 1.0
_ONLY_READ = "the balance is only read here and gates nothing; to gate on a minimum, omit the option id"

# Argument -> its check by itself, which raises ConfigurationError.
_GATE_CHECKS: dict[str, Callable[[Any], object]] = {
    "minimum": lambda value: make_gate({"minimum": value}),
    "postpaid": lambda value: make_gate({"postpaid": value}),
    "unavailable": lambda value: make_gate({"unavailable": value}),
}
_COST_CHECKS: dict[str, Callable[[Any], object]] = {
    "request": check_request,
    "endpoint": check_endpoint,
    "times": lambda value: parse_job(times=value),
    "margin": lambda value: parse_job(margin=value),
}

#: Shows a line to the user, among Pulumi's diagnostics: severity, text, and the resource it is about or "".
Log = Callable[[Any, str, str], Awaitable[None]]
_Method = Callable[[Any], Awaitable[Message]]
_T = TypeVar("_T")


class ProviderServer:
    """One provider, as the engine configured it.

    Methods that take a request have the names of ``pulumi/provider.proto``. The engine does without those that are
    missing here (components, parameters, a handshake). All of them run in one event loop, so slow calls cannot keep a
    Cancel waiting.

    Args:
        log: Shows a line to the user.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._config: dict[str, Any] | None = None
        self._name = ""
        self._begin_run()

    def _begin_run(self) -> None:
        # Each run of a program configures its providers, also where one process serves several runs; so no run sees a
        # balance that an earlier one read.
        self._run = Run()
        self._cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def handlers(self) -> grpc.GenericRpcHandler:
        """The methods, for a gRPC server."""
        methods = {name: getattr(self, name) for name in _SERVICE.methods_by_name if hasattr(self, name)}
        # Not the generated servicer, with which gRPC prints a traceback for each missing method.
        return grpc.method_handlers_generic_handler(
            _SERVICE.full_name, {name: _handler(name, method) for name, method in methods.items()}
        )

    @property
    def configured(self) -> bool:
        """Whether a run has begun; a plugin that is only asked for its schema is never configured."""
        return self._config is not None

    @property
    def cancelled(self) -> bool:
        """Whether the calls of this run have been ended."""
        return self._cancelled.done()

    def cancel_calls(self) -> None:
        """End the calls that wait for a response; each of them fails, and so do later ones."""
        if not self.cancelled:
            self._cancelled.set_result(None)

    async def GetPluginInfo(self, _request: Empty) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=__version__)

    async def GetSchema(self, _request: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=_SCHEMA.read_text(encoding="utf-8"))

    async def Attach(self, _request: plugin_pb2.PluginAttach) -> Empty:
        """Only a plugin that runs under a debugger is attached; it outlives the engine, so nothing is to be done."""
        return Empty()

    async def Cancel(self, _request: Empty) -> Empty:
        self.cancel_calls()
        return Empty()

    async def CheckConfig(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Check the provider's properties. A missing key is fine: a destroy needs none."""
        config = read(request.news)
        problems = (config_problem(name, value) for name, value in config.items())
        response = provider_pb2.CheckResponse(
            inputs=request.news, failures=[_failure(problem) for problem in problems if problem]
        )
        if config.get("apiKey", UNKNOWN) != UNKNOWN:
            # Pulumi keeps it in the state: encrypted, even where the program gives it in plain text.
            response.inputs.update({"apiKey": secret(config["apiKey"])})
        return response

    async def DiffConfig(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Never a replacement: a rotated key would replace all resources of the provider."""
        return _diff(request)

    async def Configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Take the settings. A bad one fails where it is needed, which in a destroy is nowhere."""
        config = read(request.args)
        # The engine starts one process for each provider of a stack, but not where it is attached to one.
        if self.configured and not self.cancelled and config != self._config:
            raise ConfigurationError(
                "this process already serves a provider with other settings",
                hint="restart it; where a stack has several providers, omit PULUMI_DEBUG_PROVIDERS",
            )
        self._config, self._name = config, request.name
        self._begin_run()
        # Without acceptSecrets the engine itself marks what came from secrets.
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    async def Invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        functions = {GET_BALANCE: (self._get_balance, _GATE_CHECKS), ESTIMATE_COST: (self._estimate_cost, _COST_CHECKS)}
        if request.tok not in functions:
            known = " or ".join(functions)
            raise ConfigurationError(f"unknown function {clean(request.tok, limit=100)}", hint=f"use {known}")
        function, checks = functions[request.tok]
        arguments = read(request.args)
        if problems := _problems(arguments, checks):
            # SDKs show the name beside the reason, and nothing shows the value.
            failures = [
                provider_pb2.CheckFailure(property=clean(name, limit=100), reason=reason) for name, reason in problems
            ]
            return provider_pb2.InvokeResponse(failures=failures)
        try:
            returned: dict[str, Any] = {"return": write(await function(arguments))}  # a keyword of Python
        except LumenfallError as error:
            return provider_pb2.InvokeResponse(failures=[_failure(error.full_message)])
        return provider_pb2.InvokeResponse(**returned)

    async def _get_balance(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A low balance is a result, an error is raised."""
        balance = await self._wait(self._run.ask(await self._settings()))
        return evaluate(arguments, balance).outputs

    async def _estimate_cost(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Amounts are text, since they are exact."""
        job = parse_job(arguments.get("times"), arguments.get("margin"))
        endpoint = arguments.get("endpoint", ENDPOINTS[0])
        settings = await self._settings()
        estimate = await self._wait(self._run.estimate(settings, arguments.get("request"), endpoint))
        return {
            "amount": format_amount(job.cost(estimate)),
            "unitAmount": format_amount(estimate.amount),
            "model": estimate.model,
            "provider": estimate.provider,
        }

    async def Check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Read the balance and return it among the checked inputs; a balance that is not enough is a failure."""
        if request.type != RESOURCE:
            raise ConfigurationError(f"unknown resource {clean(request.type, limit=100)}", hint=f"use {RESOURCE}")
        # Outputs come back as inputs where a program ignores changes to them; they are read again all the same.
        inputs = {name: value for name, value in read(request.news).items() if name not in OUTPUTS}
        if problems := _problems(inputs, _GATE_CHECKS):
            return provider_pb2.CheckResponse(failures=[_failure(reason) for _, reason in problems])
        if contains_unknown(inputs):
            await self._log(engine_pb2.INFO, UNKNOWN_IN_PREVIEW, request.urn)
            return provider_pb2.CheckResponse(inputs=write({**inputs, **dict.fromkeys(OUTPUTS, UNKNOWN)}))
        found = evaluate(inputs, await self._look(inputs))
        if found.failure is not None:
            return provider_pb2.CheckResponse(failures=[_failure(found.failure)])
        return provider_pb2.CheckResponse(inputs=write({**inputs, **found.outputs}))

    async def Diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        return _diff(request)

    async def Create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        _require_outputs(read(request.properties), preview=request.preview)
        return provider_pb2.CreateResponse(id="" if request.preview else "balance", properties=request.properties)

    async def Update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        _require_outputs(read(request.news), preview=request.preview)
        return provider_pb2.UpdateResponse(properties=request.news)

    async def Read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """A refresh: the balance as it is, or as it was where it cannot be read. It never blocks a destroy.

        Without a state this is an import, or a program that only reads it (``get`` in YAML, the option ``id``): there
        is no ``Check`` then, so this is the gate.
        """
        names = (*GATE_INPUTS, *OUTPUTS)
        state = {name: value for name, value in read(request.properties).items() if name in names}
        has_state = "status" in state
        result = await self._look(state)
        found = evaluate(state, result)
        if found.failure is not None and not has_state:
            raise ConfigurationError(found.failure)
        if isinstance(result, LumenfallError):
            await self._log(engine_pb2.WARNING, f"the balance in the state is kept: {found.failure}", request.urn)
        # SDKs drop the minimum beside the option id. An import, which has no inputs, is followed by a Check.
        elif not has_state and "minimum" not in state and request.HasField("inputs"):
            await self._log(engine_pb2.INFO, _ONLY_READ, request.urn)
        state.update(found.outputs)
        return provider_pb2.ReadResponse(id=request.id, properties=write(state), inputs=write(state))

    async def Delete(self, _request: provider_pb2.DeleteRequest) -> Empty:
        return Empty()

    async def _look(self, inputs: Mapping[str, Any]) -> AccountBalance | LumenfallError:
        """Read the balance for a resource, together with those that are checked at the same time, or the error."""
        try:
            make_gate(inputs)
            return await self._wait(self._run.ask(await self._settings(), keep=False))
        except LumenfallError as error:
            return error

    async def _wait(self, fetch: Future[_T]) -> _T:
        """Wait for a result, or until a moment after the engine has cancelled the run."""
        waiter = asyncio.wrap_future(fetch)
        # asyncio would print the traceback of an error that nobody has looked at.
        waiter.add_done_callback(lambda done: done.cancelled() or done.exception())
        cancelled = self._cancelled
        either: list[asyncio.Future[Any]] = [waiter, cancelled]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        # The engine also cancels when another resource failed: a second error would hide that one.
        await asyncio.wait([waiter], timeout=_CANCEL_SECONDS)
        if not waiter.done():
            raise _InterruptedError
        return waiter.result()

    async def _settings(self) -> Settings:
        settings = resolve_settings(config_layer(self._config or {}, self._name))
        for warning in settings.warnings:
            if self._run.is_new(warning):
                await self._log(engine_pb2.WARNING, warning, "")
        return settings


class _InterruptedError(Exception):
    """The user interrupted the engine."""


def _handler(name: str, method: _Method) -> grpc.RpcMethodHandler[Any, Any]:
    """A method as gRPC takes it; every exception becomes one clean line."""

    async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        # Not one of the codes that leave the engine in doubt about what became of the resource.
        code = grpc.StatusCode.FAILED_PRECONDITION
        try:
            return await method(request)
        except LumenfallError as error:
            reason = error.full_message
        except _InterruptedError:
            reason, code = "interrupted before the balance was read", grpc.StatusCode.CANCELLED
        except Exception as error:  # noqa: BLE001 - a bug; its text and its traceback may contain a key
            reason = (
                f"{name} failed: {type(error).__name__} (a bug in pulumi-lumenfall {__version__}; please report it)"
            )
        return await context.abort(code, reason)

    described = _SERVICE.methods_by_name[name]
    request_class, response_class = GetMessageClass(described.input_type), GetMessageClass(described.output_type)
    return grpc.unary_unary_rpc_method_handler(serve, request_class.FromString, response_class.SerializeToString)


def _failure(reason: str) -> provider_pb2.CheckFailure:
    """A failure without its property: the engine would show the property's value, even a key or another secret."""
    return provider_pb2.CheckFailure(reason=reason)


def _problems(arguments: Mapping[str, Any], checks: Mapping[str, Callable[[Any], object]]) -> list[tuple[str, str]]:
    """What is wrong with the arguments of a function or the inputs of the resource: name and reason."""
    problems = []
    for name, value in arguments.items():
        if name not in checks:
            reason = f"{clean(name, limit=100)}: there is no such argument; known are {', '.join(checks)}"
            problems.append((name, reason))
        elif value != UNKNOWN:
            try:
                checks[name](value)
            except LumenfallError as error:
                problems.append((name, error.full_message))
    return problems


def _diff(request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
    olds, news = read(request.olds), read(request.news)
    changed = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name))
    kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=kind, diffs=changed)


def _require_outputs(properties: Mapping[str, Any], *, preview: bool) -> None:
    """Refuse to create or update what did not go through ``Check``, or did not pass it."""
    if properties.get("sufficient") is False:
        raise ConfigurationError("the balance was not enough when it was checked", hint="run it again")
    if not preview and ("status" not in properties or contains_unknown(properties)):
        raise ConfigurationError(UNKNOWN_IN_UP)
