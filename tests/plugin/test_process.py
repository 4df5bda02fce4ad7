# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The pulumi-lumenfall authors
"""The plugin's configuration over gRPC, and its life: how it starts, is interrupted, and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from pulumi_lumenfall.core import __version__
from pulumi_lumenfall.sandbox import Sandbox
from support.fault_server import Connection, FaultServer, Play, refused_port
from support.leaks import KEY, OTHER_KEY, leaked
from support.plugin import PROVIDER_URN, UNKNOWN, Engine, Plugin, failures, returned, secret, struct, values


def silent(asked: threading.Event) -> Play:
    """Never answers, and tells when it was asked."""

    def play(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        connection.stall()

    return play


def test_the_key_is_secret_in_the_state(process: Plugin) -> None:
    """Also where a program gives it in the clear; all else comes back as it was."""
    response = process.check_config(apiKey=KEY, timeout="20", baseUrl="https://example.invalid/v1", version="0.1.0")
    assert failures(response) == []
    assert values(response.inputs) == {
        "apiKey": secret(KEY),
        "timeout": "20",
        "baseUrl": "https://example.invalid/v1",
        "version": "0.1.0",
    }


def test_what_is_not_known_yet_is_not_judged(process: Plugin) -> None:
    response = process.check_config(apiKey=UNKNOWN, timeout=UNKNOWN)
    assert failures(response) == []
    assert values(response.inputs) == {"apiKey": UNKNOWN, "timeout": UNKNOWN}


def test_a_number_may_come_as_text(process: Plugin, api: Sandbox) -> None:
    """As SDKs send a string where the schema has a number: as JSON."""
    assert failures(process.check_config(timeout='"20"', maxAttempts='"2"')) == []
    process.configure(apiKey=KEY, baseUrl=api.url, timeout='"20"', maxAttempts='"1"')
    api.status = 503
    assert len(failures(process.get_balance())) == len(api.requests) == 1


def test_config_may_be_empty(process: Plugin) -> None:
    """A key is needed by what asks; a teardown asks nothing."""
    assert failures(process.check_config()) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("timeout", "10s", "lumenfall:timeout: '10s' is not a number of seconds"),
        ("timeout", '"10s"', "lumenfall:timeout: '10s' is not a number of seconds"),
        ("timeout", '"', "lumenfall:timeout: '\"' is not a number of seconds"),
        ("timeout", 0, "lumenfall:timeout: 0 is out of range"),
        ("timeout", True, "lumenfall:timeout: True is not a number of seconds"),
        ("maxAttempts", "11", "lumenfall:maxAttempts: '11' is not a whole number from 1 to 10"),
        ("maxAttempts", [3], "lumenfall:maxAttempts: a list is not a whole number"),
        ("baseUrl", "http://example.invalid", "lumenfall:baseUrl: the base URL must start with https://"),
        ("baseUrl", f"https://user:{KEY}@example.invalid", "lumenfall:baseUrl: the base URL must not hold user info"),
        ("baseUrl", 5, "lumenfall:baseUrl: the base URL must be text"),
        ("caBundle", "/nowhere/ca.pem", "lumenfall:caBundle: the CA bundle '/nowhere/ca.pem' cannot be read"),
        ("apiKey", f"Bearer {KEY}", "lumenfall:apiKey: the API key starts with 'Bearer '"),
        ("apiKey", 5, "lumenfall:apiKey: the API key must be text"),
        ("apikey", KEY, "lumenfall:apikey: there is no such setting; known are apiKey, baseUrl, timeout"),
    ],
)
def test_bad_config_is_named(process: Plugin, name: str, value: Any, reason: str) -> None:
    (said,) = failures(process.check_config(**{name: value}))
    assert said.startswith(reason)
    assert not leaked(said)


def test_config_is_judged_with_the_environment_of_the_engine() -> None:
    with Plugin(env={"LUMENFALL_ALLOW_INSECURE_HTTP": "1", "LUMENFALL_TIMEOUT": "bad"}) as plugin:
        assert failures(plugin.check_config(baseUrl="http://api.test")) == []


def test_a_changed_key_replaces_nothing(process: Plugin) -> None:
    """A replaced provider would replace all its resources."""
    request = pb.DiffRequest(urn=PROVIDER_URN, olds=struct({"apiKey": KEY}), news=struct({"apiKey": OTHER_KEY}))
    response = process.stub.DiffConfig(request)
    assert (response.changes, list(response.diffs), list(response.replaces)) == (
        pb.DiffResponse.DIFF_SOME,
        ["apiKey"],
        [],
    )


def test_bad_settings_fail_where_they_are_needed(process: Plugin, api: Sandbox) -> None:
    process.configure(apiKey=KEY, baseUrl=api.url, timeout="10s")
    assert failures(process.get_balance())[0].startswith("lumenfall:timeout: '10s' is not a number of seconds")
    assert failures(process.check(minimum=0))[0].startswith("cannot tell whether the balance is enough: lumenfall:")
    assert api.requests == []


def test_no_key_anywhere(process: Plugin) -> None:
    """All places are named, the config key first."""
    process.configure()
    (reason,) = failures(process.get_balance())
    assert reason.startswith("no API key: looked at lumenfall:apiKey, LUMENFALL_API_KEY, ")


def test_config_comes_before_the_environment(api: Sandbox) -> None:
    env = {"LUMENFALL_API_KEY": KEY, "LUMENFALL_API_BASE": api.url, "LUMENFALL_MAX_ATTEMPTS": "1"}
    with Plugin(env=env) as plugin:
        plugin.configure()
        assert returned(plugin.get_balance())["status"] == "known"
        plugin.cancel()
        plugin.configure(apiKey=OTHER_KEY)
        assert failures(plugin.get_balance())[0].startswith("the API key was not accepted")


def test_one_process_is_one_provider(process: Plugin, api: Sandbox) -> None:
    """The engine configures an attached process for each provider of a stack: one must not judge for another."""
    process.configure(apiKey=KEY, baseUrl=api.url)
    process.configure(apiKey=KEY, baseUrl=api.url)
    with pytest.raises(grpc.RpcError, match="this process serves one provider, and was configured with other") as error:
        process.configure(apiKey=OTHER_KEY, baseUrl=api.url)
    assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert not leaked(str(error.value))
    assert returned(process.get_balance())["status"] == "known"


def test_a_credentials_file_that_others_can_read_is_told_once(tmp_path: Path, api: Sandbox) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"api_key": KEY}), encoding="utf-8")
    file.chmod(0o644)
    env = {"LUMENFALL_CONFIG_DIR": str(tmp_path), "LUMENFALL_API_BASE": api.url, "LUMENFALL_CACHE_SECONDS": "0"}
    with Plugin(env=env) as plugin:
        plugin.configure()
        returned(plugin.get_balance())
        returned(plugin.get_balance())
        assert plugin.stderr() == f"{file} can be read by other users of this machine; run: chmod 600 {file}\n"


def test_a_proxy_in_the_environment_is_not_for_grpc(api: Sandbox) -> None:
    engine = Engine()
    names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "grpc_proxy")
    with refused_port() as port, Plugin(engine.address, dict.fromkeys(names, f"http://127.0.0.1:{port}")) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        assert returned(plugin.get_balance())["status"] == "known"
        assert plugin.process.poll() is None
    engine.stop()


def test_what_the_engine_asks_first(process: Plugin) -> None:
    assert process.stub.GetPluginInfo(Empty()).version == __version__
    assert process.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == Empty()


def test_methods_that_are_not_there(process: Plugin) -> None:
    """The engine goes on without them, and no user sees a traceback of it."""
    for method, request in (
        (process.stub.Handshake, pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1")),
        (process.stub.GetMapping, pb.GetMappingRequest(key="terraform")),
        (process.stub.Call, pb.CallRequest(tok="x")),
    ):
        with pytest.raises(grpc.RpcError) as error:
            method(request)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "Traceback" not in process.stderr()


@pytest.mark.parametrize("call", ["get_balance", "check", "read"])
def test_cancel_in_the_middle_of_a_slow_call(call: str) -> None:
    """The call ends at once, as a failure, and so do later ones until the next run."""
    asked = threading.Event()

    begin = {
        "get_balance": lambda plugin: plugin.begin_get_balance(minimum=0),
        "check": lambda plugin: plugin.begin_check(minimum=0),
        "read": lambda plugin: plugin.stub.Read.future(pb.ReadRequest(id="balance", properties=struct({}))),
    }[call]
    with FaultServer(silent(asked)) as server, Plugin() as plugin:
        plugin.configure(apiKey=KEY, baseUrl=server.url, timeout=600)
        waiting = begin(plugin)
        assert asked.wait(10)
        plugin.cancel()
        for cancelled in (waiting, begin(plugin)):
            with pytest.raises(grpc.RpcError, match="interrupted before there was an answer") as error:
                cancelled.result(timeout=5)
            assert error.value.code() == grpc.StatusCode.CANCELLED
        assert plugin.delete({}) == Empty()
        # What the fetch came to after all is of no interest to anyone.
        server.close()
        with Sandbox(amount="1", key=KEY) as api:
            plugin.configure(apiKey=KEY, baseUrl=api.url)
            assert returned(plugin.get_balance())["status"] == "known"
        assert plugin.stderr() == ""


def test_a_slow_call_ends_with_its_deadline() -> None:
    with FaultServer(Connection.stall) as server, Plugin() as plugin:
        plugin.configure(apiKey=KEY, baseUrl=server.url, timeout=0.3)
        (reason,) = failures(plugin.get_balance())
        assert reason.startswith(f"no complete answer from {server.url} within 0.3 s")


def test_it_ends_with_its_engine() -> None:
    """One that was killed leaves no orphan, also in the middle of a call."""
    engine = Engine()
    asked = threading.Event()

    with FaultServer(silent(asked)) as server, Plugin(engine.address) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=server.url, timeout=600)
        waiting = plugin.begin_get_balance()
        assert asked.wait(10)
        assert plugin.process.poll() is None
        engine.stop()
        assert plugin.process.wait(10) == 0
        with pytest.raises(grpc.RpcError):
            waiting.result(timeout=5)
        # gRPC may say that a call was cancelled, where nobody is left to read it.
        assert "pulumi_lumenfall" not in plugin.stderr()


def test_it_ends_where_there_never_was_an_engine() -> None:
    """It may have gone between starting its plugin and now."""
    engine = Engine()
    engine.stop()
    with Plugin(engine.address) as plugin:
        assert plugin.process.wait(10) == 0


def test_an_interrupt_is_the_engines_to_handle(api: Sandbox) -> None:
    """A Ctrl-C that reaches the plugin ends its calls, not the plugin: the engine has to hear of them."""
    engine = Engine()
    asked = threading.Event()

    with FaultServer(silent(asked)) as server, Plugin(engine.address) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=server.url, timeout=600)
        waiting = plugin.begin_get_balance()
        assert asked.wait(10)
        plugin.process.send_signal(signal.SIGINT)
        with pytest.raises(grpc.RpcError, match="interrupted before there was an answer"):
            waiting.result(timeout=5)
        assert plugin.stub.GetPluginInfo(Empty()).version == __version__
        assert plugin.process.poll() is None
    engine.stop()


def test_it_ends_when_the_engine_has_no_more_use_for_it() -> None:
    """The engine says so by a Cancel and an interrupt; it would wait 5 s for one that stays, at the end of each run."""
    engine = Engine()
    with Plugin(engine.address) as plugin:
        plugin.configure(apiKey=KEY)
        plugin.cancel()
        plugin.process.send_signal(signal.SIGINT)
        assert plugin.process.wait(10) == 0
        assert plugin.stderr() == ""
    engine.stop()


def test_it_ends_at_once_where_it_only_told_of_itself() -> None:
    """The language host of YAML asks one for the schema, and ends it by an interrupt alone."""
    engine = Engine()
    with Plugin(engine.address) as plugin:
        plugin.stub.GetSchema(pb.GetSchemaRequest())
        plugin.process.send_signal(signal.SIGINT)
        assert plugin.process.wait(4) == 0
    engine.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_an_engine_a_signal_ends_it(number: signal.Signals) -> None:
    with Plugin() as plugin:
        plugin.process.send_signal(number)
        assert plugin.process.wait(10) == 0
        assert plugin.stderr() == ""


def test_a_start_loads_only_what_it_needs() -> None:
    """The SDK would take longer than all the rest, and requests is for the call alone."""
    code = "import sys, pulumi_lumenfall.provider.process; print({'pulumi', 'requests', 'dill'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_person_who_runs_it_is_told_what_it_is() -> None:
    program = Path(sys.executable).with_name("pulumi-resource-lumenfall")
    command = [str(program)] if program.exists() else [sys.executable, "-m", "pulumi_lumenfall.provider"]
    for word in ("--version", "--help"):
        result = subprocess.run([*command, word], capture_output=True, text=True, check=True, env=dict(os.environ))
        assert result.stdout.startswith(f"pulumi-resource-lumenfall {__version__}: a Pulumi provider plugin")


def test_the_key_is_in_no_log_of_grpc(api: Sandbox) -> None:
    """Not even in one that a user turns on to look for trouble with the connection."""
    with Plugin(env={"GRPC_VERBOSITY": "INFO", "PYTHONASYNCIODEBUG": "1"}) as plugin:
        plugin.configure(apiKey=KEY, baseUrl=api.url)
        returned(plugin.get_balance())
        api.status = 500
        plugin.read({"status": "known"})
        assert not leaked(plugin.stderr())
