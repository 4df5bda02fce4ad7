# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The provider plugin as the engine has it: a process that prints its port, and gRPC to it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

START_SECONDS = 60
CALL_SECONDS = 60
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
PLUGIN = str(Path(__file__).parents[2] / "plugin")
BALANCE = "lumenfall:index:Balance"
URN = f"urn:pulumi:dev::test::{BALANCE}::funds"
PROVIDER_URN = "urn:pulumi:dev::test::pulumi:providers:lumenfall::default"


def struct(values: Mapping[str, Any]) -> Struct:
    made = Struct()
    made.update(dict(values))
    return made


def values(message: Struct) -> dict[str, Any]:
    return dict(MessageToDict(message))


def secret(value: Any) -> dict[str, Any]:
    return {**SECRET, "value": value}


def failures(response: Any) -> list[str]:
    if not isinstance(response, pb.InvokeResponse):
        # The engine would show the value of a property that is named there, even of a key.
        assert not any(failure.property for failure in response.failures)
    return [failure.reason for failure in response.failures]


def returned(response: Any) -> dict[str, Any]:
    assert failures(response) == []
    return values(getattr(response, "return"))


class Hold:
    """The ``on_request`` of a sandbox: it holds back responses until they are released."""

    def __init__(self) -> None:
        self._asked, self._released = threading.Event(), threading.Event()

    def __call__(self, _request: object) -> None:
        self._asked.set()
        self._released.wait(60)

    def wait(self) -> None:
        assert self._asked.wait(30)

    def release(self) -> None:
        self._released.set()


class Engine(engine_pb2_grpc.EngineServicer):
    """As much of an engine as a plugin sees: it listens, and notes the lines for the user: severity, text, resource."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self._server = grpc.server(ThreadPoolExecutor(1))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request: Any, context: Any) -> Empty:
        self.heard.append((engine_pb2.LogSeverity.Name(request.severity), request.message, request.urn))
        return Empty()

    def stop(self) -> None:
        """As if it had been killed."""
        self._server.stop(grace=None).wait()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Plugin:
    """A plugin that runs; ``env`` is its whole environment but PATH and HOME."""

    def __init__(
        self,
        engine: str | None = None,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, PLUGIN),
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._text = ""
        environment = {name: os.environ[name] for name in ("PATH", "HOME")}
        self.process = subprocess.Popen(
            [*command, "--logtostderr", "-v=9", *([engine] if engine else [])],
            env={**environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line.strip().isdigit():
            self.process.kill()
            raise AssertionError(f"no port, but {line!r}: {self.stderr()}")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(line)}", options=[("grpc.enable_http_proxy", 0)])
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self) -> Plugin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._text = self.stderr()
        self._errors.close()

    def stderr(self) -> str:
        if self._errors.closed:
            return self._text
        self._errors.seek(0)
        return self._errors.read().decode()

    def configure(self, name: str = "default", **config: Any) -> Any:
        """Configure it; an ``apiKey`` is a secret, as the engine has it."""
        if isinstance(config.get("apiKey"), str):
            config["apiKey"] = secret(config["apiKey"])
        request = pb.ConfigureRequest(name=name, args=struct(config), acceptSecrets=True, acceptResources=True)
        return self.stub.Configure(request, timeout=CALL_SECONDS)

    def check_config(self, **config: Any) -> Any:
        request = pb.CheckRequest(urn=PROVIDER_URN, news=struct(config))
        return self.stub.CheckConfig(request, timeout=CALL_SECONDS)

    def begin(self, method: str, **properties: Any) -> Any:
        """Begin a call of ``Invoke``, ``Check`` or ``Read`` with these properties; it has ``result()``."""
        requests: dict[str, Any] = {
            "Invoke": lambda bag: pb.InvokeRequest(tok="lumenfall:index:getBalance", args=bag),
            "Check": lambda bag: pb.CheckRequest(urn=URN, type=BALANCE, news=bag),
            "Read": lambda bag: pb.ReadRequest(urn=URN, id="balance", properties=bag),
        }
        return getattr(self.stub, method).future(requests[method](struct(properties)), timeout=CALL_SECONDS)

    def get_balance(self, **arguments: Any) -> Any:
        return self.begin("Invoke", **arguments).result()

    def estimate_cost(self, **arguments: Any) -> Any:
        request = pb.InvokeRequest(tok="lumenfall:index:estimateCost", args=struct(arguments))
        return self.stub.Invoke(request, timeout=CALL_SECONDS)

    def check(self, **inputs: Any) -> Any:
        return self.begin("Check", **inputs).result()

    def read(self, properties: Mapping[str, Any]) -> Any:
        """Refresh, or import where there are no properties."""
        return self.begin("Read", **properties).result()

    def diff(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
        request = pb.DiffRequest(urn=URN, id="balance", olds=struct(olds), news=struct(news))
        return self.stub.Diff(request, timeout=CALL_SECONDS)

    def create(self, properties: Mapping[str, Any], *, preview: bool = False) -> Any:
        request = pb.CreateRequest(urn=URN, properties=struct(properties), preview=preview)
        return self.stub.Create(request, timeout=CALL_SECONDS)

    def update(self, news: Mapping[str, Any], *, preview: bool = False) -> Any:
        request = pb.UpdateRequest(urn=URN, id="balance", news=struct(news), preview=preview)
        return self.stub.Update(request, timeout=CALL_SECONDS)

    def delete(self, properties: Mapping[str, Any]) -> Any:
        request = pb.DeleteRequest(urn=URN, id="balance", properties=struct(properties))
        return self.stub.Delete(request, timeout=CALL_SECONDS)

    def cancel(self) -> None:
        """What a Ctrl-C at the engine is for a plugin."""
        self.stub.Cancel(Empty(), timeout=CALL_SECONDS)
